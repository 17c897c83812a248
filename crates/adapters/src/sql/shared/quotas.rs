use agentdrop_domain::account::{QuotaRepository, Usage, UsageReads};
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::{AccountId, TransferId, UploadId};
use agentdrop_domain::plan::Limit;
use agentdrop_domain::store::StoreError;
use async_trait::async_trait;
use diesel::dsl::{case_when, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::Session;
use super::key::Key;
use super::schema::{accounts, transfers, uploads};
use crate::sql::values::{number, stored, stored_limit};

/// The condition of the partial index, which only a literal can use.
fn living_and_holding() -> SqlLiteral<Bool> {
    sql("(transfers.status IN ('active', 'pending') AND transfers.storage_bytes > 0)")
}

/// A sum as a number; both databases would widen it otherwise.
macro_rules! sum {
    ($column:literal) => {
        sql::<BigInt>(concat!("cast(coalesce(sum(", $column, "), 0) AS bigint)"))
    };
}

#[async_trait]
impl UsageReads for Session {
    async fn usage(&mut self, account: AccountId) -> Result<Usage, StoreError> {
        let query = accounts::table.find(Key::from(account)).select((
            accounts::storage_used,
            accounts::transfers_used,
            accounts::month_start,
        ));
        let Some((storage, transfers, month_start)) = self.get(query).await? else {
            return Ok(Usage::default());
        };
        Ok(Usage { storage_bytes: number(storage)?, transfers: number(transfers)?, month_start })
    }
}

#[async_trait]
impl QuotaRepository for Session {
    async fn take_storage(
        &mut self,
        account: AccountId,
        bytes: u64,
        limit: Limit,
    ) -> Result<bool, StoreError> {
        let (bytes, limit) = (stored_limit(bytes), limit.map_or(i64::MAX, stored_limit));
        // Not by a sum, which could be larger than the databases' largest number.
        let Some(room) = limit.checked_sub(bytes).filter(|room| *room >= 0) else { return Ok(false) };
        let row = accounts::table.find(Key::from(account)).filter(accounts::storage_used.le(room));
        let taken = accounts::storage_used.eq(accounts::storage_used + bytes);
        Ok(self.execute(diesel::update(row).set(taken)).await? == 1)
    }

    async fn give_back_storage(&mut self, account: AccountId, bytes: u64) -> Result<(), StoreError> {
        let bytes = stored_limit(bytes);
        let left =
            case_when(accounts::storage_used.gt(bytes), accounts::storage_used - bytes).otherwise(0_i64);
        let row = accounts::table.find(Key::from(account));
        self.execute(diesel::update(row).set(accounts::storage_used.eq(left))).await?;
        Ok(())
    }

    async fn count_transfer(
        &mut self,
        account: AccountId,
        month_start: Timestamp,
        limit: Limit,
    ) -> Result<bool, StoreError> {
        if limit == Some(0) {
            return Ok(false);
        }
        let row = || accounts::table.find(Key::from(account));
        let ended = accounts::month_start.is_null().or(accounts::month_start.lt(month_start));
        let opened = diesel::update(row().filter(ended.assume_not_null()))
            .set((accounts::month_start.eq(month_start), accounts::transfers_used.eq(1)));
        if self.execute(opened).await? == 1 {
            return Ok(true);
        }
        let within = accounts::transfers_used.lt(limit.map_or(i64::MAX, stored_limit));
        let counted = diesel::update(row().filter(within))
            .set(accounts::transfers_used.eq(accounts::transfers_used + 1));
        Ok(self.execute(counted).await? == 1)
    }

    async fn unhold_transfer(&mut self, id: TransferId, most: u64) -> Result<u64, StoreError> {
        let row = || transfers::table.find(Key::from(id));
        let held: Option<i64> = self.get(row().select(transfers::storage_bytes)).await?;
        let freed = held.unwrap_or(0).min(stored_limit(most));
        if freed == 0 {
            return Ok(0);
        }
        let less = transfers::storage_bytes.eq(transfers::storage_bytes - freed);
        self.execute(diesel::update(row()).set(less)).await?;
        Ok(number(freed)?)
    }

    async fn unhold_run_out(&mut self, account: AccountId, now: Timestamp) -> Result<u64, StoreError> {
        let rows = || {
            transfers::table
                .filter(transfers::sender_account_id.eq(Key::from(account)))
                .filter(transfers::expires_at.le(now))
                .filter(living_and_holding())
        };
        let held: Option<i64> = self.get(rows().select(sum!("transfers.storage_bytes"))).await?;
        let held = number(held.unwrap_or(0))?;
        if held > 0 {
            self.execute(diesel::update(rows()).set(transfers::storage_bytes.eq(0))).await?;
        }
        Ok(held)
    }

    async fn hold_for_upload(&mut self, id: UploadId, bytes: u64) -> Result<(), StoreError> {
        let held = uploads::reserved_bytes.eq(stored(bytes)?);
        self.execute(diesel::update(uploads::table.find(Key::from(id))).set(held)).await?;
        Ok(())
    }

    async fn unhold_abandoned(&mut self, account: AccountId, now: Timestamp) -> Result<u64, StoreError> {
        let rows = || {
            uploads::table
                .filter(uploads::account_id.eq(Key::from(account)))
                .filter(uploads::lease_until.le(now))
        };
        let held: Option<i64> = self.get(rows().select(sum!("uploads.reserved_bytes"))).await?;
        let held = number(held.unwrap_or(0))?;
        if held > 0 {
            let taken = (uploads::reaping.eq(true), uploads::reserved_bytes.eq(0));
            self.execute(diesel::update(rows()).set(taken)).await?;
        }
        Ok(held)
    }
}
