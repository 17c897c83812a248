use std::collections::HashMap;

use agentdrop_domain::account::{AccountCard, Email};
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::connection::{
    Block, BlockView, Connection, ConnectionFilter, ConnectionReads, ConnectionRepository, ConnectionStatus,
    ConnectionView,
};
use agentdrop_domain::ids::{AccountId, BlockId, ConnectionId};
use agentdrop_domain::page::{Page, Slice};
use agentdrop_domain::pairing::PairingStatus;
use agentdrop_domain::plan::Limit;
use agentdrop_domain::store::StoreError;
use agentdrop_domain::words::word_of;
use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::accounts::AccountCardRow;
use super::key::{Key, ascending};
use super::pairings;
use super::schema::{accounts, blocks, connections};
use super::{Db, Session};
use crate::sql::values::{Corrupt, maybe, number, one, stored, stored_limit, text, window, word};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = connections, check_for_backend(Db))]
struct ConnectionRow {
    id: Key,
    inviter_id: Key,
    invitee_id: Option<Key>,
    invited_email: String,
    message: Option<String>,
    status: String,
    created_at: Timestamp,
    accepted_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl TryFrom<ConnectionRow> for Connection {
    type Error = Corrupt;

    fn try_from(row: ConnectionRow) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id.id(),
            inviter: row.inviter_id.id(),
            invitee: row.invitee_id.map(Key::id),
            invited_email: text(&row.invited_email)?,
            message: row.message,
            status: word(&ConnectionStatus::ALL, &row.status)?,
            created_at: row.created_at,
            accepted_at: row.accepted_at,
            revoked_at: row.revoked_at,
        })
    }
}

impl From<&Connection> for ConnectionRow {
    fn from(connection: &Connection) -> Self {
        Self {
            id: connection.id.into(),
            inviter_id: connection.inviter.into(),
            invitee_id: connection.invitee.map(Key::from),
            invited_email: connection.invited_email.as_str().to_owned(),
            message: connection.message.clone(),
            status: word_of(&ConnectionStatus::ALL, connection.status).to_owned(),
            created_at: connection.created_at,
            accepted_at: connection.accepted_at,
            revoked_at: connection.revoked_at,
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = blocks, check_for_backend(Db))]
struct BlockRow {
    id: Key,
    blocker_id: Key,
    blocked_id: Key,
    created_at: Timestamp,
}

impl TryFrom<BlockRow> for Block {
    type Error = Corrupt;

    fn try_from(row: BlockRow) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id.id(),
            blocker: row.blocker_id.id(),
            blocked: row.blocked_id.id(),
            created_at: row.created_at,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(check_for_backend(Db))]
struct BlockViewRow {
    #[diesel(embed)]
    block: BlockRow,
    #[diesel(embed)]
    account: AccountCardRow,
}

impl TryFrom<BlockViewRow> for BlockView {
    type Error = Corrupt;

    fn try_from(row: BlockViewRow) -> Result<Self, Corrupt> {
        Ok(Self { block: row.block.try_into()?, account: row.account.try_into()? })
    }
}

/// Pending or active: the words of the partial indexes, which only a literal condition can use, and in an `or`
/// only one in each of its branches.
fn living() -> SqlLiteral<Bool> {
    sql("connections.status IN ('pending', 'active')")
}

/// Waiting for somebody to sign up with the address; literal for its partial index too.
fn waiting() -> SqlLiteral<Bool> {
    sql("(connections.status = 'pending' AND connections.invitee_id IS NULL)")
}

/// The two accounts in the order of their ids, once there are two.
fn account_pair(connection: &ConnectionRow) -> (Option<Key>, Option<Key>) {
    let pair = connection.invitee_id.map(|invitee| ascending(connection.inviter_id, invitee));
    (pair.map(|(low, _)| low), pair.map(|(_, high)| high))
}

#[async_trait]
impl ConnectionReads for Session {
    async fn connection(&mut self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        maybe(self.get(connections::table.find(Key::from(id)).select(ConnectionRow::as_select())).await?)
    }

    async fn living_connection(
        &mut self,
        a: AccountId,
        b: AccountId,
    ) -> Result<Option<Connection>, StoreError> {
        let (low, high) = ascending(a, b);
        let query = connections::table
            .filter(connections::account_low.eq(low))
            .filter(connections::account_high.eq(high))
            .filter(living());
        maybe(self.get(query.select(ConnectionRow::as_select())).await?)
    }

    async fn waiting_invite(
        &mut self,
        inviter: AccountId,
        email: &Email,
    ) -> Result<Option<Connection>, StoreError> {
        let query = connections::table
            .filter(connections::inviter_id.eq(Key::from(inviter)))
            .filter(connections::invited_email.eq(email.as_str()))
            .filter(waiting());
        maybe(self.get(query.select(ConnectionRow::as_select())).await?)
    }

    async fn connections(
        &mut self,
        account: AccountId,
        filter: ConnectionFilter,
        page: Page,
    ) -> Result<Slice<ConnectionView>, StoreError> {
        let (limit, offset) = window(page);
        let wanted = || {
            let query = connections::table
                .filter(connections::status.eq(word_of(&ConnectionStatus::ALL, filter.status)))
                .into_boxed::<Db>();
            let from = living().and(connections::inviter_id.eq(Key::from(account)));
            let to = living().and(connections::invitee_id.eq(Key::from(account)).assume_not_null());
            match filter.incoming {
                Some(true) => query.filter(to),
                Some(false) => query.filter(from),
                None => query.filter(from.or(to)),
            }
        };
        let query = wanted()
            .order((connections::created_at.desc(), connections::id))
            .limit(limit)
            .offset(offset)
            .select(ConnectionRow::as_select());
        let found = self.slice(page, query, wanted().count()).await?;
        let items = self.views(account, found.items).await?;
        Ok(Slice { items, total: found.total })
    }

    async fn blocked_between(&mut self, a: AccountId, b: AccountId) -> Result<bool, StoreError> {
        let block = |blocker: AccountId, blocked: AccountId| {
            blocks::blocker_id.eq(Key::from(blocker)).and(blocks::blocked_id.eq(Key::from(blocked)))
        };
        let query = blocks::table.filter(block(a, b).or(block(b, a))).select(blocks::id).limit(1);
        Ok(self.get::<_, Key>(query).await?.is_some())
    }

    async fn block(&mut self, id: BlockId) -> Result<Option<Block>, StoreError> {
        maybe(self.get(blocks::table.find(Key::from(id)).select(BlockRow::as_select())).await?)
    }

    async fn blocks(&mut self, blocker: AccountId, page: Page) -> Result<Slice<BlockView>, StoreError> {
        let (limit, offset) = window(page);
        let own = || blocks::table.filter(blocks::blocker_id.eq(Key::from(blocker)));
        let query = own()
            .inner_join(accounts::table.on(accounts::id.eq(blocks::blocked_id)))
            .order((blocks::created_at.desc(), blocks::id))
            .limit(limit)
            .offset(offset)
            .select(BlockViewRow::as_select());
        self.slice(page, query, own().count()).await
    }
}

/// How many pairings of a connection are active, and how many pending.
#[derive(Clone, Copy, Default)]
struct PairingCounts {
    active: u64,
    pending: u64,
}

impl Session {
    /// Connections as `account` sees them: the other side and the numbers of pairings in one query each.
    async fn views(
        &mut self,
        account: AccountId,
        connections: Vec<Connection>,
    ) -> Result<Vec<ConnectionView>, StoreError> {
        let others: Vec<Key> =
            connections.iter().filter_map(|found| found.other_side(account)).map(Key::from).collect();
        let mut cards = self.account_cards(others).await?;
        let counts = self.pairing_counts(connections.iter().map(|found| found.id.into()).collect()).await?;
        let view = |connection: Connection| {
            let counts = counts.get(&connection.id.into()).copied().unwrap_or_default();
            ConnectionView {
                other: connection.other_side(account).and_then(|other| cards.remove(&other.into())),
                connection,
                active_pairings: counts.active,
                pending_pairings: counts.pending,
            }
        };
        Ok(connections.into_iter().map(view).collect())
    }

    async fn account_cards(&mut self, ids: Vec<Key>) -> Result<HashMap<Key, AccountCard>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let query = accounts::table.filter(accounts::id.eq_any(ids)).select(AccountCardRow::as_select());
        let rows = self.load::<_, AccountCardRow>(query).await?.into_iter();
        rows.map(|row| one(row).map(|card: AccountCard| (Key::from(card.id), card))).collect()
    }

    async fn pairing_counts(&mut self, ids: Vec<Key>) -> Result<HashMap<Key, PairingCounts>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut counts: HashMap<Key, PairingCounts> = HashMap::new();
        for (connection, status, count) in
            self.load::<_, (Key, String, i64)>(pairings::counts_of(ids)).await?
        {
            let counts = counts.entry(connection).or_default();
            match word(&PairingStatus::ALL, &status)? {
                PairingStatus::Active => counts.active = number(count)?,
                PairingStatus::Pending => counts.pending = number(count)?,
                PairingStatus::Rejected | PairingStatus::Revoked => {}
            }
        }
        Ok(counts)
    }
}

#[async_trait]
impl ConnectionRepository for Session {
    async fn insert_connection(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let row = ConnectionRow::from(connection);
        let (low, high) = account_pair(&row);
        let row = (row, connections::account_low.eq(low), connections::account_high.eq(high));
        self.execute(diesel::insert_into(connections::table).values(row)).await?;
        Ok(())
    }

    async fn update_connection(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let row = ConnectionRow::from(connection);
        let changed = diesel::update(connections::table.find(row.id)).set((
            connections::status.eq(row.status),
            connections::accepted_at.eq(row.accepted_at),
            connections::revoked_at.eq(row.revoked_at),
        ));
        self.execute(changed).await?;
        Ok(())
    }

    async fn delete_connection(&mut self, id: ConnectionId) -> Result<(), StoreError> {
        self.execute(diesel::delete(connections::table.find(Key::from(id)))).await?;
        Ok(())
    }

    async fn adopt_invites(&mut self, email: &Email, account: AccountId) -> Result<(), StoreError> {
        let query = connections::table
            .filter(connections::invited_email.eq(email.as_str()))
            .filter(waiting())
            .order(connections::id)
            .select((connections::id, connections::inviter_id));
        for (id, inviter) in self.load::<_, (Key, Key)>(query).await? {
            let (low, high) = ascending(inviter, account);
            let adopted = diesel::update(connections::table.find(id)).set((
                connections::invitee_id.eq(Key::from(account)),
                connections::account_low.eq(low),
                connections::account_high.eq(high),
            ));
            self.execute(adopted).await?;
        }
        Ok(())
    }

    async fn count_pairing_up(&mut self, id: ConnectionId, limit: Limit) -> Result<bool, StoreError> {
        let row = connections::table.find(Key::from(id));
        let row = row.filter((connections::pairings_used + 1).le(limit.map_or(i64::MAX, stored_limit)));
        let raised = connections::pairings_used.eq(connections::pairings_used + 1);
        Ok(self.execute(diesel::update(row).set(raised)).await? == 1)
    }

    async fn count_pairings_down(&mut self, id: ConnectionId, by: u64) -> Result<(), StoreError> {
        let by = stored(by)?;
        let row = || connections::table.find(Key::from(id));
        let enough = row().filter(connections::pairings_used.ge(by));
        let lowered = connections::pairings_used.eq(connections::pairings_used - by);
        if self.execute(diesel::update(enough).set(lowered)).await? == 0 {
            let rest = row().filter(connections::pairings_used.lt(by));
            self.execute(diesel::update(rest).set(connections::pairings_used.eq(0))).await?;
        }
        Ok(())
    }

    async fn insert_block(&mut self, block: &Block) -> Result<(), StoreError> {
        let row = BlockRow {
            id: block.id.into(),
            blocker_id: block.blocker.into(),
            blocked_id: block.blocked.into(),
            created_at: block.created_at,
        };
        self.execute(diesel::insert_into(blocks::table).values(row)).await?;
        Ok(())
    }

    async fn delete_block(&mut self, id: BlockId) -> Result<(), StoreError> {
        self.execute(diesel::delete(blocks::table.find(Key::from(id)))).await?;
        Ok(())
    }
}
