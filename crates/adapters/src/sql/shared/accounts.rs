use agentdrop_domain::account::{
    Account, AccountCard, AccountCounter, AccountReads, AccountRepository, Email,
};
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::AccountId;
use agentdrop_domain::page::{Page, Slice};
use agentdrop_domain::plan::{Limit, PlanName};
use agentdrop_domain::store::StoreError;
use async_trait::async_trait;
use diesel::prelude::*;

use super::key::Key;
use super::schema::accounts;
use super::session::watched;
use super::{Db, Session, dialect};
use crate::sql::values::{Corrupt, maybe, stored_limit, text, window};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts, check_for_backend(Db))]
pub(super) struct AccountRow {
    id: Key,
    email: String,
    name: String,
    plan: String,
    require_encryption: bool,
    created_at: Timestamp,
}

impl TryFrom<AccountRow> for Account {
    type Error = Corrupt;

    fn try_from(row: AccountRow) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id.id(),
            email: text(&row.email)?,
            name: row.name,
            plan: text(&row.plan)?,
            require_encryption: row.require_encryption,
            created_at: row.created_at,
        })
    }
}

impl From<&Account> for AccountRow {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.into(),
            email: account.email.as_str().to_owned(),
            name: account.name.clone(),
            plan: account.plan.as_str().to_owned(),
            require_encryption: account.require_encryption,
            created_at: account.created_at,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(Db))]
pub(super) struct AccountCardRow {
    id: Key,
    name: String,
    email: String,
}

impl TryFrom<AccountCardRow> for AccountCard {
    type Error = Corrupt;

    fn try_from(row: AccountCardRow) -> Result<Self, Corrupt> {
        Ok(Self { id: row.id.id(), name: row.name, email: text(&row.email)? })
    }
}

#[async_trait]
impl AccountReads for Session {
    async fn account(&mut self, id: AccountId) -> Result<Option<Account>, StoreError> {
        maybe(self.get(accounts::table.find(Key::from(id)).select(AccountRow::as_select())).await?)
    }

    async fn account_by_email(&mut self, email: &Email) -> Result<Option<Account>, StoreError> {
        let query = accounts::table.filter(accounts::email.eq(email.as_str()));
        maybe(self.get(query.select(AccountRow::as_select())).await?)
    }

    async fn accounts(&mut self, page: Page) -> Result<Slice<Account>, StoreError> {
        let (limit, offset) = window(page);
        let query = accounts::table
            .order((accounts::created_at, accounts::id))
            .limit(limit)
            .offset(offset)
            .select(AccountRow::as_select());
        self.slice(page, query, accounts::table.count()).await
    }
}

/// Raises a counter column of one account by one, if it then stays within the limit.
macro_rules! raise {
    ($session:ident, $id:ident, $limit:ident, $column:ident) => {{
        let row = accounts::table.find(Key::from($id));
        let row = row.filter((accounts::$column + 1).le($limit.map_or(i64::MAX, stored_limit)));
        $session.execute(diesel::update(row).set(accounts::$column.eq(accounts::$column + 1))).await?
    }};
}

/// Lowers a counter column of one account by one, never below zero.
macro_rules! lower {
    ($session:ident, $id:ident, $column:ident) => {{
        let row = accounts::table.find(Key::from($id)).filter(accounts::$column.gt(0));
        $session.execute(diesel::update(row).set(accounts::$column.eq(accounts::$column - 1))).await?
    }};
}

#[async_trait]
impl AccountRepository for Session {
    async fn lock_accounts(&mut self, ids: &[AccountId]) -> Result<(), StoreError> {
        let mut keys: Vec<Key> = ids.iter().copied().map(Key::from).collect();
        keys.sort_unstable();
        keys.dedup();
        watched(dialect::lock_accounts(&mut self.conn, keys), &mut self.course).await
    }

    async fn lock_address(&mut self, email: &Email) -> Result<(), StoreError> {
        watched(dialect::lock_address(&mut self.conn, email.as_str()), &mut self.course).await
    }

    async fn insert_account(&mut self, account: &Account) -> Result<(), StoreError> {
        self.execute(diesel::insert_into(accounts::table).values(AccountRow::from(account))).await?;
        Ok(())
    }

    async fn set_account_plan(&mut self, id: AccountId, plan: &PlanName) -> Result<bool, StoreError> {
        let row = accounts::table.find(Key::from(id));
        Ok(self.execute(diesel::update(row).set(accounts::plan.eq(plan.as_str()))).await? == 1)
    }

    async fn set_require_encryption(&mut self, id: AccountId, required: bool) -> Result<bool, StoreError> {
        let row = accounts::table.find(Key::from(id));
        Ok(self.execute(diesel::update(row).set(accounts::require_encryption.eq(required))).await? == 1)
    }

    async fn count_up(
        &mut self,
        id: AccountId,
        counter: AccountCounter,
        limit: Limit,
    ) -> Result<bool, StoreError> {
        let raised = match counter {
            AccountCounter::Agents => raise!(self, id, limit, agents_used),
            AccountCounter::ApiKeys => raise!(self, id, limit, api_keys_used),
            AccountCounter::Connections => raise!(self, id, limit, connections_used),
        };
        Ok(raised == 1)
    }

    async fn count_down(&mut self, id: AccountId, counter: AccountCounter) -> Result<(), StoreError> {
        match counter {
            AccountCounter::Agents => lower!(self, id, agents_used),
            AccountCounter::ApiKeys => lower!(self, id, api_keys_used),
            AccountCounter::Connections => lower!(self, id, connections_used),
        };
        Ok(())
    }

    async fn count_invite(
        &mut self,
        id: AccountId,
        now: Timestamp,
        window_start: Timestamp,
        limit: u64,
    ) -> Result<bool, StoreError> {
        if limit == 0 {
            return Ok(false);
        }
        let row = || accounts::table.find(Key::from(id));
        let ended = accounts::invite_window_at.is_null().or(accounts::invite_window_at.le(window_start));
        let opened = self
            .execute(
                diesel::update(row().filter(ended.assume_not_null()))
                    .set((accounts::invite_window_at.eq(now), accounts::invites_used.eq(1))),
            )
            .await?;
        if opened == 1 {
            return Ok(true);
        }
        let within = (accounts::invites_used + 1).le(stored_limit(limit));
        let counted =
            diesel::update(row().filter(within)).set(accounts::invites_used.eq(accounts::invites_used + 1));
        Ok(self.execute(counted).await? == 1)
    }

    async fn invite_window(&mut self, id: AccountId) -> Result<Option<Timestamp>, StoreError> {
        let query = accounts::table.find(Key::from(id)).select(accounts::invite_window_at);
        Ok(self.get(query).await?.flatten())
    }
}
