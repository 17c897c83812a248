use std::collections::HashMap;

use agentdrop_domain::account::AccountCard;
use agentdrop_domain::agent::{
    Agent, AgentCard, AgentKeys, AgentReads, AgentRepository, AgentSlug, AgentStatus, AgentType,
    AvailableAgent, ConnectionToken, PairedAgent, PublicKey, SigningKey,
};
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::connection::ConnectionStatus;
use agentdrop_domain::ids::{AccountId, AgentId, ConnectionId};
use agentdrop_domain::page::{Page, Slice};
use agentdrop_domain::pairing::PairingStatus;
use agentdrop_domain::secret::SecretDigest;
use agentdrop_domain::store::StoreError;
use agentdrop_domain::words::word_of;
use async_trait::async_trait;
use diesel::prelude::*;

use super::accounts::AccountCardRow;
use super::key::Key;
use super::pairings::{PairingRow, living};
use super::schema::{accounts, agents, connection_tokens, connections, pairings};
use super::{Db, Session};
use crate::sql::values::{Corrupt, all, bytes, maybe, number, one, text, window, word};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = agents, check_for_backend(Db))]
pub(super) struct AgentRow {
    id: Key,
    account_id: Key,
    slug: String,
    name: String,
    description: Option<String>,
    agent_type: String,
    webhook_url: Option<String>,
    metadata: String,
    available_for_connections: bool,
    require_encryption: bool,
    status: String,
    public_key: Option<Vec<u8>>,
    signing_key: Option<Vec<u8>>,
    key_version: i64,
    last_seen_at: Option<Timestamp>,
    created_at: Timestamp,
}

fn public_key(stored: Option<&[u8]>) -> Result<Option<PublicKey>, Corrupt> {
    stored.map(|stored| Ok(PublicKey::from_stored(bytes(stored)?))).transpose()
}

fn keys_of(public: Option<&[u8]>, signing: Option<&[u8]>) -> Result<Option<AgentKeys>, Corrupt> {
    let signing = signing.map(|stored| Ok(SigningKey::from_stored(bytes(stored)?))).transpose()?;
    Ok(public_key(public)?.map(|public| AgentKeys { public, signing }))
}

impl TryFrom<AgentRow> for Agent {
    type Error = Corrupt;

    fn try_from(row: AgentRow) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id.id(),
            account_id: row.account_id.id(),
            slug: text(&row.slug)?,
            name: row.name,
            description: row.description,
            agent_type: word(&AgentType::ALL, &row.agent_type)?,
            webhook_url: row.webhook_url,
            metadata: row.metadata,
            available_for_connections: row.available_for_connections,
            require_encryption: row.require_encryption,
            status: word(&AgentStatus::ALL, &row.status)?,
            keys: keys_of(row.public_key.as_deref(), row.signing_key.as_deref())?,
            key_version: number(row.key_version)?,
            last_seen_at: row.last_seen_at,
            created_at: row.created_at,
        })
    }
}

impl From<&Agent> for AgentRow {
    fn from(agent: &Agent) -> Self {
        Self {
            id: agent.id.into(),
            account_id: agent.account_id.into(),
            slug: agent.slug.as_str().to_owned(),
            name: agent.name.clone(),
            description: agent.description.clone(),
            agent_type: word_of(&AgentType::ALL, agent.agent_type).to_owned(),
            webhook_url: agent.webhook_url.clone(),
            metadata: agent.metadata.clone(),
            available_for_connections: agent.available_for_connections,
            require_encryption: agent.require_encryption,
            status: word_of(&AgentStatus::ALL, agent.status).to_owned(),
            public_key: agent.keys.map(|keys| keys.public.as_bytes().to_vec()),
            signing_key: agent.keys.and_then(|keys| keys.signing).map(|key| key.as_bytes().to_vec()),
            key_version: agent.key_version.into(),
            last_seen_at: agent.last_seen_at,
            created_at: agent.created_at,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = agents, check_for_backend(Db))]
pub(super) struct AgentCardRow {
    id: Key,
    account_id: Key,
    slug: String,
    name: String,
    public_key: Option<Vec<u8>>,
    key_version: i64,
}

impl TryFrom<AgentCardRow> for AgentCard {
    type Error = Corrupt;

    fn try_from(row: AgentCardRow) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id.id(),
            account_id: row.account_id.id(),
            slug: text(&row.slug)?,
            name: row.name,
            public_key: public_key(row.public_key.as_deref())?,
            key_version: number(row.key_version)?,
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = connection_tokens, check_for_backend(Db))]
struct TokenRow {
    digest: Vec<u8>,
    agent_id: Key,
    account_id: Key,
    claim_code: String,
    expires_at: Timestamp,
}

impl TryFrom<TokenRow> for ConnectionToken {
    type Error = Corrupt;

    fn try_from(row: TokenRow) -> Result<Self, Corrupt> {
        Ok(Self {
            digest: SecretDigest(bytes(&row.digest)?),
            agent_id: row.agent_id.id(),
            account_id: row.account_id.id(),
            claim_code: row.claim_code,
            expires_at: row.expires_at,
        })
    }
}

impl From<&ConnectionToken> for TokenRow {
    fn from(token: &ConnectionToken) -> Self {
        Self {
            digest: token.digest.0.to_vec(),
            agent_id: token.agent_id.into(),
            account_id: token.account_id.into(),
            claim_code: token.claim_code.clone(),
            expires_at: token.expires_at,
        }
    }
}

/// The cards of the agents that some rows name.
pub(super) struct Cards(HashMap<AgentId, AgentCard>);

impl Cards {
    pub(super) async fn load(session: &mut Session, mut agents: Vec<AgentId>) -> Result<Self, StoreError> {
        agents.sort_unstable();
        agents.dedup();
        let cards = session.agent_cards(&agents).await?;
        Ok(Self(cards.into_iter().map(|card| (card.id, card)).collect()))
    }

    /// The card of one of these agents. A reference to an agent that is not there is nothing the database
    /// would have let pass.
    pub(super) fn of(&self, agent: AgentId) -> Result<AgentCard, StoreError> {
        let card = self.0.get(&agent).cloned();
        card.ok_or_else(|| StoreError::Internal(format!("there is no row of agent {agent}").into()))
    }
}

/// The word of a connected agent.
fn connected() -> &'static str {
    word_of(&AgentStatus::ALL, AgentStatus::Connected)
}

type PairedRow = (AgentRow, AccountCardRow, PairingRow);

fn paired((agent, account, pairing): PairedRow) -> Result<PairedAgent, StoreError> {
    Ok(PairedAgent { agent: one(agent)?, account: one::<_, AccountCard>(account)?, pairing: one(pairing)? })
}

/// The agents that hold an active pairing with an agent of `account`, where that account stands on the side
/// of `$own` and they on the side of `$foreign`.
macro_rules! paired_from_side {
    ($session:ident, $account:ident, $slug:ident, $limit:ident, $own:ident, $foreign:ident) => {{
        let mut query = pairings::table
            .inner_join(connections::table.on(connections::id.eq(pairings::connection_id)))
            .inner_join(agents::table.on(agents::id.eq(pairings::$foreign)))
            .inner_join(accounts::table.on(accounts::id.eq(agents::account_id)))
            .filter(pairings::$own.eq(Key::from($account)))
            .filter(living())
            .filter(pairings::status.eq(word_of(&PairingStatus::ALL, PairingStatus::Active)))
            .filter(connections::status.eq(word_of(&ConnectionStatus::ALL, ConnectionStatus::Active)))
            .filter(agents::deleted_at.is_null())
            .order((agents::slug, pairings::id))
            .limit(i64::from($limit))
            .select((AgentRow::as_select(), AccountCardRow::as_select(), PairingRow::as_select()))
            .into_boxed::<Db>();
        if let Some(slug) = $slug {
            query = query.filter(agents::slug.eq(slug.as_str()));
        }
        $session.load::<_, PairedRow>(query).await?
    }};
}

#[async_trait]
impl AgentReads for Session {
    async fn agent(&mut self, id: AgentId) -> Result<Option<Agent>, StoreError> {
        let query = agents::table.find(Key::from(id)).filter(agents::deleted_at.is_null());
        maybe(self.get(query.select(AgentRow::as_select())).await?)
    }

    async fn agent_by_slug(
        &mut self,
        account: AccountId,
        slug: &AgentSlug,
    ) -> Result<Option<Agent>, StoreError> {
        let query = agents::table
            .filter(agents::account_id.eq(Key::from(account)))
            .filter(agents::slug.eq(slug.as_str()))
            .filter(agents::deleted_at.is_null());
        maybe(self.get(query.select(AgentRow::as_select())).await?)
    }

    async fn agents(&mut self, account: AccountId, page: Page) -> Result<Slice<Agent>, StoreError> {
        let (limit, offset) = window(page);
        let own = || {
            agents::table
                .filter(agents::account_id.eq(Key::from(account)))
                .filter(agents::deleted_at.is_null())
        };
        let query = own()
            .order((agents::created_at, agents::id))
            .limit(limit)
            .offset(offset)
            .select(AgentRow::as_select());
        self.slice(page, query, own().count()).await
    }

    async fn first_connected_agent(&mut self, account: AccountId) -> Result<Option<Agent>, StoreError> {
        let query = agents::table
            .filter(agents::account_id.eq(Key::from(account)))
            .filter(agents::deleted_at.is_null())
            .filter(agents::status.eq(connected()))
            .order((agents::created_at, agents::id))
            .limit(1);
        maybe(self.get(query.select(AgentRow::as_select())).await?)
    }

    async fn agent_cards(&mut self, ids: &[AgentId]) -> Result<Vec<AgentCard>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = ids.iter().copied().map(Key::from);
        let query = agents::table.filter(agents::id.eq_any(keys)).select(AgentCardRow::as_select());
        all(self.load(query).await?)
    }

    async fn available_agents(
        &mut self,
        of: AccountId,
        _seen_by: AccountId,
        connection: ConnectionId,
        page: Page,
    ) -> Result<Slice<AvailableAgent>, StoreError> {
        let (limit, offset) = window(page);
        let available = || {
            agents::table
                .filter(agents::account_id.eq(Key::from(of)))
                .filter(agents::deleted_at.is_null())
                .filter(agents::available_for_connections.eq(true))
                .filter(agents::status.eq(connected()))
        };
        let query = available().order(agents::slug).limit(limit).offset(offset).select(AgentRow::as_select());
        let agents: Slice<Agent> = self.slice(page, query, available().count()).await?;
        let mut statuses = self.pairing_statuses(connection, &agents.items).await?;
        let items = agents
            .items
            .into_iter()
            .map(|agent| AvailableAgent { pairing_status: statuses.remove(&Key::from(agent.id)), agent });
        Ok(Slice { items: items.collect(), total: agents.total })
    }

    async fn paired_agents(
        &mut self,
        account: AccountId,
        slug: Option<&AgentSlug>,
        limit: u32,
    ) -> Result<Vec<PairedAgent>, StoreError> {
        let mut rows = paired_from_side!(self, account, slug, limit, proposer_account_id, other_agent_id);
        rows.extend(paired_from_side!(self, account, slug, limit, other_account_id, proposer_agent_id));
        let mut found = rows.into_iter().map(paired).collect::<Result<Vec<_>, _>>()?;
        found.sort_by(|x, y| (&x.agent.slug, x.pairing.id).cmp(&(&y.agent.slug, y.pairing.id)));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn connection_token(
        &mut self,
        digest: &SecretDigest,
    ) -> Result<Option<ConnectionToken>, StoreError> {
        let query = connection_tokens::table.find(&digest.0[..]).select(TokenRow::as_select());
        maybe(self.get(query).await?)
    }
}

impl Session {
    /// Of each agent that has a living pairing under the connection, the status of the most advanced one.
    async fn pairing_statuses(
        &mut self,
        connection: ConnectionId,
        agents: &[Agent],
    ) -> Result<HashMap<Key, PairingStatus>, StoreError> {
        if agents.is_empty() {
            return Ok(HashMap::new());
        }
        let keys: Vec<Key> = agents.iter().map(|agent| agent.id.into()).collect();
        let query = pairings::table
            .filter(pairings::connection_id.eq(Key::from(connection)))
            .filter(living())
            .filter(pairings::agent_low.eq_any(keys.clone()).or(pairings::agent_high.eq_any(keys)))
            .select((pairings::agent_low, pairings::agent_high, pairings::status));
        let mut statuses = HashMap::new();
        for (low, high, status) in self.load::<_, (Key, Key, String)>(query).await? {
            let status = word(&PairingStatus::ALL, &status)?;
            for agent in [low, high] {
                let best = statuses.entry(agent).or_insert(status);
                if status == PairingStatus::Active {
                    *best = status;
                }
            }
        }
        Ok(statuses)
    }
}

#[async_trait]
impl AgentRepository for Session {
    async fn insert_agent(&mut self, agent: &Agent) -> Result<(), StoreError> {
        self.execute(diesel::insert_into(agents::table).values(AgentRow::from(agent))).await?;
        Ok(())
    }

    async fn update_agent(&mut self, agent: &Agent) -> Result<(), StoreError> {
        let row = AgentRow::from(agent);
        let changed = diesel::update(agents::table.find(row.id)).set((
            agents::name.eq(row.name),
            agents::description.eq(row.description),
            agents::agent_type.eq(row.agent_type),
            agents::webhook_url.eq(row.webhook_url),
            agents::metadata.eq(row.metadata),
            agents::available_for_connections.eq(row.available_for_connections),
            agents::require_encryption.eq(row.require_encryption),
            agents::status.eq(row.status),
            agents::public_key.eq(row.public_key),
            agents::signing_key.eq(row.signing_key),
            agents::key_version.eq(row.key_version),
        ));
        self.execute(changed).await?;
        Ok(())
    }

    async fn delete_agent(&mut self, id: AgentId, now: Timestamp) -> Result<(), StoreError> {
        let gone = diesel::update(agents::table.find(Key::from(id)).filter(agents::deleted_at.is_null()))
            .set((
                // The slug stays for the lists that still name the agent, and is all that stays.
                agents::name.eq(agents::slug),
                agents::description.eq(None::<String>),
                agents::webhook_url.eq(None::<String>),
                agents::metadata.eq("{}"),
                agents::available_for_connections.eq(false),
                agents::status.eq(word_of(&AgentStatus::ALL, AgentStatus::Disconnected)),
                agents::public_key.eq(None::<Vec<u8>>),
                agents::signing_key.eq(None::<Vec<u8>>),
                agents::deleted_at.eq(now),
            ));
        self.execute(gone).await?;
        self.burn_connection_tokens(id).await
    }

    async fn touch_agent(&mut self, id: AgentId, now: Timestamp) -> Result<(), StoreError> {
        let row = agents::table.find(Key::from(id));
        self.execute(diesel::update(row).set(agents::last_seen_at.eq(now))).await?;
        Ok(())
    }

    async fn replace_connection_token(&mut self, token: &ConnectionToken) -> Result<(), StoreError> {
        self.burn_connection_tokens(token.agent_id).await?;
        self.execute(diesel::insert_into(connection_tokens::table).values(TokenRow::from(token))).await?;
        Ok(())
    }

    async fn burn_connection_tokens(&mut self, agent: AgentId) -> Result<(), StoreError> {
        let tokens = connection_tokens::table.filter(connection_tokens::agent_id.eq(Key::from(agent)));
        self.execute(diesel::delete(tokens)).await?;
        Ok(())
    }
}
