use std::collections::HashMap;

use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::{AccountId, AgentId, GrantId, TransferId};
use agentdrop_domain::page::{Page, Slice};
use agentdrop_domain::store::StoreError;
use agentdrop_domain::transfer::{
    Grant, InboxQuery, Mode, SentQuery, Transfer, TransferReads, TransferStatus,
};
use agentdrop_domain::words::word_of;
use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::grants::GrantRow;
use super::key::Key;
use super::presigned::pending;
use super::rows::{FileRow, TransferRow};
use super::schema::{grants, transfer_files, transfers};
use super::{Db, Session};
use crate::sql::values::{known_total, maybe, window};

/// Active: the word of the partial indexes, which only a literal condition can use.
pub(super) fn active() -> SqlLiteral<Bool> {
    sql("transfers.status = 'active'")
}

type Query<'a> = transfers::BoxedQuery<'a, Db>;

/// Only rows that have a status by the clock: an active or pending one that has run out is expired.
fn with_status_at(query: Query<'_>, status: TransferStatus, now: Timestamp) -> Query<'_> {
    use TransferStatus::{Active, Deleted, Downloaded, Expired, Pending};
    let is_stored_as = |status| transfers::status.eq(word_of(&TransferStatus::ALL, status));
    match status {
        Active | Pending => query.filter(is_stored_as(status)).filter(transfers::expires_at.gt(now)),
        Expired => query.filter(
            is_stored_as(Expired)
                .or(is_stored_as(Active).and(transfers::expires_at.le(now)))
                .or(is_stored_as(Pending).and(transfers::expires_at.le(now))),
        ),
        Downloaded | Deleted => query.filter(is_stored_as(status)),
    }
}

/// The ids of the active and pending transfers that a condition selects. Two queries, for each has an index of
/// its own.
macro_rules! living_ids {
    ($session:ident, $condition:expr) => {{
        let query = transfers::table.filter(active()).filter($condition);
        let mut keys: Vec<Key> = $session.load(query.select(transfers::id)).await?;
        let query = transfers::table.filter(pending()).filter($condition);
        keys.extend($session.load::<_, Key>(query.select(transfers::id)).await?);
        keys.sort_unstable();
        Ok(keys.into_iter().map(Key::id).collect())
    }};
}

#[async_trait]
impl TransferReads for Session {
    async fn transfer(&mut self, id: TransferId) -> Result<Option<Transfer>, StoreError> {
        let query = transfers::table.find(Key::from(id)).select(TransferRow::as_select());
        let row: Option<TransferRow> = self.get(query).await?;
        Ok(self.with_files(row.into_iter().collect()).await?.pop())
    }

    async fn sent_transfers(&mut self, query: &SentQuery, page: Page) -> Result<Slice<Transfer>, StoreError> {
        let wanted = || {
            let mut wanted = transfers::table
                .filter(transfers::sender_account_id.eq(Key::from(query.account)))
                .into_boxed::<Db>();
            if let Some(agent) = query.agent {
                wanted = wanted.filter(transfers::sender_agent_id.eq(Key::from(agent)));
            }
            if let Some(status) = query.status {
                wanted = with_status_at(wanted, status, query.now);
            }
            if let Some(mode) = query.mode {
                wanted = wanted.filter(transfers::mode.eq(word_of(&Mode::ALL, mode)));
            }
            wanted
        };
        self.newest_first(wanted, page).await
    }

    async fn inbox(&mut self, query: &InboxQuery, page: Page) -> Result<Slice<Transfer>, StoreError> {
        let wanted = || {
            let received = transfers::recipient_agent_id.eq(Key::from(query.agent));
            let heard_of = transfers::table.filter(received).filter(transfers::announced.eq(true));
            with_status_at(heard_of.into_boxed(), query.status, query.now)
        };
        self.newest_first(wanted, page).await
    }

    async fn grant(&mut self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        maybe(self.get(grants::table.find(Key::from(id)).select(GrantRow::as_select())).await?)
    }

    async fn run_out_transfers(&mut self, now: Timestamp, limit: u32) -> Result<Vec<TransferId>, StoreError> {
        let query = transfers::table
            .filter(active())
            .filter(transfers::expires_at.le(now))
            .order((transfers::expires_at, transfers::id))
            .limit(i64::from(limit))
            .select(transfers::id);
        let keys: Vec<Key> = self.load(query).await?;
        Ok(keys.into_iter().map(Key::id).collect())
    }

    async fn active_transfers_to_agent(&mut self, agent: AgentId) -> Result<Vec<TransferId>, StoreError> {
        living_ids!(self, transfers::recipient_agent_id.eq(Key::from(agent)))
    }

    async fn active_transfers_between_accounts(
        &mut self,
        x: AccountId,
        y: AccountId,
    ) -> Result<Vec<TransferId>, StoreError> {
        let sent = |from: AccountId, to: AccountId| {
            let from = transfers::sender_account_id.eq(Key::from(from));
            from.and(transfers::recipient_account_id.eq(Key::from(to)))
        };
        living_ids!(self, sent(x, y).or(sent(y, x)))
    }

    async fn active_transfers_between_agents(
        &mut self,
        x: AgentId,
        y: AgentId,
    ) -> Result<Vec<TransferId>, StoreError> {
        let sent = |from: AgentId, to: AgentId| {
            let from = transfers::sender_agent_id.eq(Key::from(from)).assume_not_null();
            from.and(transfers::recipient_agent_id.eq(Key::from(to)))
        };
        living_ids!(self, sent(x, y).or(sent(y, x)))
    }

    async fn protected_until(
        &mut self,
        id: TransferId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let query = grants::table
            .filter(grants::transfer_id.eq(Key::from(id)))
            .filter(grants::revoked_at.is_null())
            .select((grants::expires_at, grants::streaming_until));
        let ends: Vec<(Timestamp, Option<Timestamp>)> = self.load(query).await?;
        let last =
            ends.into_iter().flat_map(|(expires, streaming)| [Some(expires), streaming]).flatten().max();
        Ok(last.filter(|end| *end > now))
    }
}

impl Session {
    /// A page of the wanted transfers, newest first, with their files.
    async fn newest_first(
        &mut self,
        wanted: impl Fn() -> Query<'static> + Send,
        page: Page,
    ) -> Result<Slice<Transfer>, StoreError> {
        let (limit, offset) = window(page);
        let query = wanted()
            .order((transfers::created_at.desc(), transfers::id))
            .limit(limit)
            .offset(offset)
            .select(TransferRow::as_select());
        let rows: Vec<TransferRow> = self.load(query).await?;
        let total = match known_total(page, rows.len()) {
            Some(total) => total,
            None => self.count(wanted().count()).await?,
        };
        Ok(Slice { items: self.with_files(rows).await?, total })
    }

    /// Transfers with their files, all files in one query.
    pub(in super::super) async fn with_files(
        &mut self,
        rows: Vec<TransferRow>,
    ) -> Result<Vec<Transfer>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Key> = rows.iter().map(|row| row.id).collect();
        let query = transfer_files::table
            .filter(transfer_files::transfer_id.eq_any(ids))
            .order((transfer_files::transfer_id, transfer_files::position))
            .select(FileRow::as_select());
        let mut files: HashMap<Key, Vec<FileRow>> = HashMap::new();
        for file in self.load::<_, FileRow>(query).await? {
            files.entry(file.transfer_id).or_default().push(file);
        }
        let entity = |row: TransferRow| {
            let files = files.remove(&row.id).unwrap_or_default();
            Ok(row.with_files(files)?)
        };
        rows.into_iter().map(entity).collect()
    }
}
