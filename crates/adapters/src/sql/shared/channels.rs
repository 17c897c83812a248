use agentdrop_domain::agent::PublicKey;
use agentdrop_domain::channel::{
    Channel, ChannelReads, ChannelRepository, ChannelSide, ChannelStatus, ChannelView,
};
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::{AccountId, AgentId, ChannelId};
use agentdrop_domain::page::{Page, Slice};
use agentdrop_domain::store::StoreError;
use agentdrop_domain::words::word_of;
use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::agents::Cards;
use super::key::{Key, ascending};
use super::schema::channels;
use super::{Db, Session};
use crate::sql::values::{Corrupt, all, bytes, maybe, number, window, word};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = channels, check_for_backend(Db))]
struct ChannelRow {
    id: Key,
    a_account_id: Key,
    a_agent_id: Key,
    a_public_key: Vec<u8>,
    a_key_version: i64,
    b_account_id: Key,
    b_agent_id: Key,
    b_public_key: Vec<u8>,
    b_key_version: i64,
    status: String,
    requested_by: Key,
    created_at: Timestamp,
    activated_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

fn side(account: Key, agent: Key, key: &[u8], version: i64) -> Result<ChannelSide, Corrupt> {
    Ok(ChannelSide {
        account: account.id(),
        agent: agent.id(),
        public_key: PublicKey::from_stored(bytes(key)?),
        key_version: number(version)?,
    })
}

impl TryFrom<ChannelRow> for Channel {
    type Error = Corrupt;

    fn try_from(row: ChannelRow) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id.id(),
            a: side(row.a_account_id, row.a_agent_id, &row.a_public_key, row.a_key_version)?,
            b: side(row.b_account_id, row.b_agent_id, &row.b_public_key, row.b_key_version)?,
            status: word(&ChannelStatus::ALL, &row.status)?,
            requested_by: row.requested_by.id(),
            created_at: row.created_at,
            activated_at: row.activated_at,
            revoked_at: row.revoked_at,
        })
    }
}

impl From<&Channel> for ChannelRow {
    fn from(channel: &Channel) -> Self {
        Self {
            id: channel.id.into(),
            a_account_id: channel.a.account.into(),
            a_agent_id: channel.a.agent.into(),
            a_public_key: channel.a.public_key.as_bytes().to_vec(),
            a_key_version: channel.a.key_version.into(),
            b_account_id: channel.b.account.into(),
            b_agent_id: channel.b.agent.into(),
            b_public_key: channel.b.public_key.as_bytes().to_vec(),
            b_key_version: channel.b.key_version.into(),
            status: word_of(&ChannelStatus::ALL, channel.status).to_owned(),
            requested_by: channel.requested_by.into(),
            created_at: channel.created_at,
            activated_at: channel.activated_at,
            revoked_at: channel.revoked_at,
        }
    }
}

/// Pending or active: the words of the partial indexes, which only a literal condition can use, and in an `or`
/// only one in each of its branches.
fn living() -> SqlLiteral<Bool> {
    sql("channels.status IN ('pending', 'active')")
}

impl Session {
    /// Channels with the slugs of their agents, all slugs in one query.
    async fn with_slugs(&mut self, channels: Vec<Channel>) -> Result<Vec<ChannelView>, StoreError> {
        let agents = channels.iter().flat_map(|channel| [channel.a.agent, channel.b.agent]);
        let cards = Cards::load(self, agents.collect()).await?;
        let view = |channel: Channel| {
            Ok(ChannelView {
                a_slug: cards.of(channel.a.agent)?.slug,
                b_slug: cards.of(channel.b.agent)?.slug,
                channel,
            })
        };
        channels.into_iter().map(view).collect()
    }
}

#[async_trait]
impl ChannelReads for Session {
    async fn channel(&mut self, id: ChannelId) -> Result<Option<ChannelView>, StoreError> {
        let query = channels::table.find(Key::from(id)).select(ChannelRow::as_select());
        let channel: Option<Channel> = maybe(self.get(query).await?)?;
        Ok(self.with_slugs(channel.into_iter().collect()).await?.pop())
    }

    async fn living_channel(&mut self, x: AgentId, y: AgentId) -> Result<Option<Channel>, StoreError> {
        let (a, b) = ascending(x, y);
        let query = channels::table
            .filter(channels::a_agent_id.eq(a))
            .filter(channels::b_agent_id.eq(b))
            .filter(living());
        maybe(self.get(query.select(ChannelRow::as_select())).await?)
    }

    async fn channels(
        &mut self,
        account: AccountId,
        agent: Option<AgentId>,
        page: Page,
    ) -> Result<Slice<ChannelView>, StoreError> {
        let (limit, offset) = window(page);
        let account = Key::from(account);
        let wanted = || {
            let query = channels::table
                .filter(
                    living()
                        .and(channels::a_account_id.eq(account))
                        .or(living().and(channels::b_account_id.eq(account))),
                )
                .into_boxed::<Db>();
            match agent.map(Key::from) {
                Some(agent) => {
                    query.filter(channels::a_agent_id.eq(agent).or(channels::b_agent_id.eq(agent)))
                }
                None => query,
            }
        };
        let query = wanted()
            .order((channels::created_at.desc(), channels::id))
            .limit(limit)
            .offset(offset)
            .select(ChannelRow::as_select());
        let found: Slice<Channel> = self.slice(page, query, wanted().count()).await?;
        Ok(Slice { items: self.with_slugs(found.items).await?, total: found.total })
    }

    async fn living_channels_of_agent(&mut self, agent: AgentId) -> Result<Vec<Channel>, StoreError> {
        let agent = Key::from(agent);
        let query = channels::table
            .filter(
                living().and(channels::a_agent_id.eq(agent)).or(living().and(channels::b_agent_id.eq(agent))),
            )
            .order(channels::id)
            .select(ChannelRow::as_select());
        all(self.load(query).await?)
    }

    async fn living_channels_between(
        &mut self,
        x: AccountId,
        y: AccountId,
    ) -> Result<Vec<Channel>, StoreError> {
        let between = |a: AccountId, b: AccountId| {
            let sides = channels::a_account_id.eq(Key::from(a)).and(channels::b_account_id.eq(Key::from(b)));
            living().and(sides)
        };
        let query = channels::table
            .filter(between(x, y).or(between(y, x)))
            .order(channels::id)
            .select(ChannelRow::as_select());
        all(self.load(query).await?)
    }
}

#[async_trait]
impl ChannelRepository for Session {
    async fn insert_channel(&mut self, channel: &Channel) -> Result<(), StoreError> {
        self.execute(diesel::insert_into(channels::table).values(ChannelRow::from(channel))).await?;
        Ok(())
    }

    async fn update_channel(&mut self, channel: &Channel) -> Result<(), StoreError> {
        let row = ChannelRow::from(channel);
        let changed = diesel::update(channels::table.find(row.id)).set((
            channels::status.eq(row.status),
            channels::activated_at.eq(row.activated_at),
            channels::revoked_at.eq(row.revoked_at),
        ));
        self.execute(changed).await?;
        Ok(())
    }
}
