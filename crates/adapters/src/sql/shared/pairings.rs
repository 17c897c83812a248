use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::{AccountId, AgentId, ConnectionId, PairingId};
use agentdrop_domain::page::{Page, Slice};
use agentdrop_domain::pairing::{
    Pairing, PairingReads, PairingRepository, PairingSide, PairingStatus, PairingView, Permission,
};
use agentdrop_domain::store::StoreError;
use agentdrop_domain::words::word_of;
use async_trait::async_trait;
use diesel::dsl::{auto_type, count_star, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::agents::Cards;
use super::key::{Key, ascending};
use super::schema::pairings;
use super::{Db, Session};
use crate::sql::values::{Corrupt, all, maybe, number, window, word};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = pairings, check_for_backend(Db))]
pub(super) struct PairingRow {
    id: Key,
    connection_id: Key,
    proposer_account_id: Key,
    proposer_agent_id: Key,
    other_account_id: Key,
    other_agent_id: Key,
    permission: String,
    status: String,
    version: i64,
    created_at: Timestamp,
    confirmed_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl TryFrom<PairingRow> for Pairing {
    type Error = Corrupt;

    fn try_from(row: PairingRow) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id.id(),
            connection_id: row.connection_id.id(),
            proposer: PairingSide {
                account: row.proposer_account_id.id(),
                agent: row.proposer_agent_id.id(),
            },
            other: PairingSide { account: row.other_account_id.id(), agent: row.other_agent_id.id() },
            permission: word(&Permission::ALL, &row.permission)?,
            status: word(&PairingStatus::ALL, &row.status)?,
            version: number(row.version)?,
            created_at: row.created_at,
            confirmed_at: row.confirmed_at,
            revoked_at: row.revoked_at,
        })
    }
}

impl From<&Pairing> for PairingRow {
    fn from(pairing: &Pairing) -> Self {
        Self {
            id: pairing.id.into(),
            connection_id: pairing.connection_id.into(),
            proposer_account_id: pairing.proposer.account.into(),
            proposer_agent_id: pairing.proposer.agent.into(),
            other_account_id: pairing.other.account.into(),
            other_agent_id: pairing.other.agent.into(),
            permission: word_of(&Permission::ALL, pairing.permission).to_owned(),
            status: word_of(&PairingStatus::ALL, pairing.status).to_owned(),
            version: pairing.version.into(),
            created_at: pairing.created_at,
            confirmed_at: pairing.confirmed_at,
            revoked_at: pairing.revoked_at,
        }
    }
}

/// Pending or active: the words of the partial indexes, which only a literal condition can use, and in an `or`
/// only one in each of its branches.
pub(super) fn living() -> SqlLiteral<Bool> {
    sql("pairings.status IN ('pending', 'active')")
}

/// Connection, status and number of its living pairings in that status.
#[auto_type]
pub(super) fn counts_of(connections: Vec<Key>) -> _ {
    let living: SqlLiteral<Bool> = living();
    pairings::table
        .filter(pairings::connection_id.eq_any(connections))
        .filter(living)
        .group_by((pairings::connection_id, pairings::status))
        .select((pairings::connection_id, pairings::status, count_star()))
}

#[async_trait]
impl PairingReads for Session {
    async fn pairing(&mut self, id: PairingId) -> Result<Option<Pairing>, StoreError> {
        maybe(self.get(pairings::table.find(Key::from(id)).select(PairingRow::as_select())).await?)
    }

    async fn pairings(
        &mut self,
        connection: ConnectionId,
        page: Page,
    ) -> Result<Slice<PairingView>, StoreError> {
        let (limit, offset) = window(page);
        let of_connection = || pairings::table.filter(pairings::connection_id.eq(Key::from(connection)));
        let query = of_connection()
            .order((pairings::created_at.desc(), pairings::id))
            .limit(limit)
            .offset(offset)
            .select(PairingRow::as_select());
        let found: Slice<Pairing> = self.slice(page, query, of_connection().count()).await?;
        let agents = found.items.iter().flat_map(|pairing| [pairing.proposer.agent, pairing.other.agent]);
        let cards = Cards::load(self, agents.collect()).await?;
        let view = |pairing: Pairing| {
            Ok(PairingView {
                proposer_agent: cards.of(pairing.proposer.agent)?,
                other_agent: cards.of(pairing.other.agent)?,
                pairing,
            })
        };
        let items = found.items.into_iter().map(view).collect::<Result<_, StoreError>>()?;
        Ok(Slice { items, total: found.total })
    }

    async fn living_pairing(&mut self, a: AgentId, b: AgentId) -> Result<Option<Pairing>, StoreError> {
        let (low, high) = ascending(a, b);
        let query = pairings::table
            .filter(pairings::agent_low.eq(low))
            .filter(pairings::agent_high.eq(high))
            .filter(living());
        maybe(self.get(query.select(PairingRow::as_select())).await?)
    }

    async fn living_pairings_of_connection(
        &mut self,
        connection: ConnectionId,
    ) -> Result<Vec<Pairing>, StoreError> {
        let query = pairings::table
            .filter(pairings::connection_id.eq(Key::from(connection)))
            .filter(living())
            .order(pairings::id)
            .select(PairingRow::as_select());
        all(self.load(query).await?)
    }

    async fn living_pairings_of_agent(&mut self, agent: AgentId) -> Result<Vec<Pairing>, StoreError> {
        let agent = Key::from(agent);
        let query = pairings::table
            .filter(
                living().and(pairings::agent_low.eq(agent)).or(living().and(pairings::agent_high.eq(agent))),
            )
            .order(pairings::id)
            .select(PairingRow::as_select());
        all(self.load(query).await?)
    }

    async fn count_pending_pairings(&mut self, waiting_for: AccountId) -> Result<u64, StoreError> {
        let query = pairings::table
            .filter(pairings::other_account_id.eq(Key::from(waiting_for)))
            .filter(pairings::status.eq(word_of(&PairingStatus::ALL, PairingStatus::Pending)))
            .filter(living());
        self.count(query.count()).await
    }
}

#[async_trait]
impl PairingRepository for Session {
    async fn insert_pairing(&mut self, pairing: &Pairing) -> Result<(), StoreError> {
        let (low, high) = ascending(pairing.proposer.agent, pairing.other.agent);
        let row = (PairingRow::from(pairing), pairings::agent_low.eq(low), pairings::agent_high.eq(high));
        self.execute(diesel::insert_into(pairings::table).values(row)).await?;
        Ok(())
    }

    async fn update_pairing(&mut self, pairing: &Pairing) -> Result<(), StoreError> {
        let row = PairingRow::from(pairing);
        let changed = diesel::update(pairings::table.find(row.id)).set((
            pairings::proposer_account_id.eq(row.proposer_account_id),
            pairings::proposer_agent_id.eq(row.proposer_agent_id),
            pairings::other_account_id.eq(row.other_account_id),
            pairings::other_agent_id.eq(row.other_agent_id),
            pairings::permission.eq(row.permission),
            pairings::status.eq(row.status),
            pairings::version.eq(row.version),
            pairings::confirmed_at.eq(row.confirmed_at),
            pairings::revoked_at.eq(row.revoked_at),
        ));
        self.execute(changed).await?;
        Ok(())
    }
}
