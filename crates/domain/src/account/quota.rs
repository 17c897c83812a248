//! What a sender's plan allows of storage and of transfers a month. Called inside an act that has locked the
//! sender's account.
//!
//! Storage: the account's row counts every byte that a transfer or an arriving upload holds; the row of the
//! transfer or upload says how many of them are its own. Whoever ends it gives back what the row still says, so
//! that each byte is given back once, whoever comes first.

use async_trait::async_trait;

use super::{AccountReads, QuotaMonth};
use crate::act::Cx;
use crate::clock::Timestamp;
use crate::ids::{AccountId, TransferId, UploadId};
use crate::impl_act_error;
use crate::plan::Limit;
use crate::store::{StoreError, UnitOfWork};

/// What an account has used of its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Bytes of its active and prepared transfers and of its arriving uploads.
    pub storage_bytes: u64,
    /// Transfers counted in the month that began at `month_start`.
    pub transfers: u64,
    /// When the month of the last counted transfer began.
    pub month_start: Option<Timestamp>,
}

impl Usage {
    /// Transfers counted in a month.
    #[must_use]
    pub fn transfers_in(&self, month: QuotaMonth) -> u64 {
        if self.month_start.is_some_and(|start| start >= month.start) { self.transfers } else { 0 }
    }
}

/// Reading what accounts have used.
#[async_trait]
pub trait UsageReads: Send {
    /// What an account has used; nothing if it is not there.
    async fn usage(&mut self, account: AccountId) -> Result<Usage, StoreError>;
}

/// Counting what accounts use. The accounts concerned must be locked.
#[async_trait]
pub trait QuotaRepository: UsageReads {
    /// Counts bytes against an account if they then stay within the limit; `false` if they would not.
    async fn take_storage(
        &mut self,
        account: AccountId,
        bytes: u64,
        limit: Limit,
    ) -> Result<bool, StoreError>;
    /// Counts fewer bytes against an account, never less than zero.
    async fn give_back_storage(&mut self, account: AccountId, bytes: u64) -> Result<(), StoreError>;
    /// Counts one transfer in the month that begins at `month_start`, if there are then not more than `limit`.
    async fn count_transfer(
        &mut self,
        account: AccountId,
        month_start: Timestamp,
        limit: Limit,
    ) -> Result<bool, StoreError>;
    /// Lowers what a transfer's row holds of its sender's storage, by at most `most` bytes. Returns by how many.
    async fn unhold_transfer(&mut self, id: TransferId, most: u64) -> Result<u64, StoreError>;
    /// Takes from every active or pending transfer that an account sent and that has run out what its row holds.
    /// Returns how many bytes.
    async fn unhold_run_out(&mut self, account: AccountId, now: Timestamp) -> Result<u64, StoreError>;
    /// Sets what an upload's row holds.
    async fn hold_for_upload(&mut self, id: UploadId, bytes: u64) -> Result<(), StoreError>;
    /// Takes the account's uploads whose lease has run out, as the sweeper would, and what their rows hold.
    /// Returns how many bytes.
    async fn unhold_abandoned(&mut self, account: AccountId, now: Timestamp) -> Result<u64, StoreError>;
}

/// Why a sender's plan allows no more.
#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    /// The bytes do not fit.
    #[error(
        "the plan \"{plan}\" allows {limit} bytes of active transfers; {used} are used and this needs {wanted} more: delete transfers or wait until they end, or move to a larger plan"
    )]
    StorageLimitReached {
        /// The plan's name.
        plan: String,
        /// What it allows, in bytes.
        limit: u64,
        /// What is used, in bytes.
        used: u64,
        /// What was asked for besides, in bytes.
        wanted: u64,
    },
    /// The month's transfers are used up.
    #[error(
        "the plan \"{plan}\" allows {limit} transfers a month, and this month's are used up; come back when the next one begins, or move to a larger plan"
    )]
    TransferLimitReached {
        /// The plan's name.
        plan: String,
        /// Transfers a month.
        limit: u64,
        /// Seconds until the next month begins.
        retry_after: u64,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(QuotaError);

/// Counts bytes against an account, and lets go of what has ended before it refuses. The caller writes the row
/// that holds them (`insert_transfer` has it hold the transfer's total size).
///
/// # Errors
/// [`QuotaError::StorageLimitReached`], or the database's.
pub async fn reserve_storage(
    tx: &mut dyn UnitOfWork,
    cx: &Cx<'_>,
    account: AccountId,
    bytes: u64,
) -> Result<(), QuotaError> {
    let plan = super::plan_of(cx, tx, account).await?;
    if tx.take_storage(account, bytes, plan.storage_bytes).await? {
        return Ok(());
    }
    settle_ended(tx, cx, account).await?;
    if tx.take_storage(account, bytes, plan.storage_bytes).await? {
        return Ok(());
    }
    Err(QuotaError::StorageLimitReached {
        plan: plan.name.as_str().to_owned(),
        limit: plan.storage_bytes.unwrap_or(u64::MAX),
        used: tx.usage(account).await?.storage_bytes,
        wanted: bytes,
    })
}

/// Gives back what has ended by the clock and was not swept yet.
async fn settle_ended(tx: &mut dyn UnitOfWork, cx: &Cx<'_>, account: AccountId) -> Result<(), StoreError> {
    let run_out = tx.unhold_run_out(account, cx.now).await?;
    let abandoned = tx.unhold_abandoned(account, cx.now).await?;
    match run_out.saturating_add(abandoned) {
        0 => Ok(()),
        bytes => tx.give_back_storage(account, bytes).await,
    }
}

/// Gives back what a transfer holds of its sender's storage. Doing it again gives back nothing.
///
/// # Errors
/// The database's.
pub async fn release_transfer(
    tx: &mut dyn UnitOfWork,
    sender: AccountId,
    id: TransferId,
) -> Result<(), StoreError> {
    release_part(tx, sender, id, u64::MAX).await
}

/// Gives back some of the bytes that a transfer holds of its sender's storage, no more than it still holds.
///
/// # Errors
/// The database's.
pub async fn release_part(
    tx: &mut dyn UnitOfWork,
    sender: AccountId,
    id: TransferId,
    bytes: u64,
) -> Result<(), StoreError> {
    match tx.unhold_transfer(id, bytes).await? {
        0 => Ok(()),
        held => tx.give_back_storage(sender, held).await,
    }
}

/// Counts one transfer of this month against an account.
///
/// # Errors
/// [`QuotaError::TransferLimitReached`], or the database's.
pub async fn count_transfer(
    tx: &mut dyn UnitOfWork,
    cx: &Cx<'_>,
    account: AccountId,
) -> Result<(), QuotaError> {
    let account = known(tx, account).await?;
    let limit = cx.settings.plans.of(&account.plan).transfers_per_month;
    let month = QuotaMonth::at(account.created_at, cx.now);
    if tx.count_transfer(account.id, month.start, limit).await? {
        return Ok(());
    }
    Err(month_used_up(cx, &account, month))
}

/// Asks, before any byte is stored, whether this month's transfers are used up.
///
/// # Errors
/// [`QuotaError::TransferLimitReached`], or the database's.
pub async fn check_transfers_left<R: AccountReads + UsageReads + ?Sized>(
    view: &mut R,
    cx: &Cx<'_>,
    account: AccountId,
) -> Result<(), QuotaError> {
    let account = known(view, account).await?;
    let Some(limit) = cx.settings.plans.of(&account.plan).transfers_per_month else { return Ok(()) };
    let month = QuotaMonth::at(account.created_at, cx.now);
    if view.usage(account.id).await?.transfers_in(month) < limit {
        return Ok(());
    }
    Err(month_used_up(cx, &account, month))
}

fn month_used_up(cx: &Cx<'_>, account: &super::Account, month: QuotaMonth) -> QuotaError {
    let plan = cx.settings.plans.of(&account.plan);
    QuotaError::TransferLimitReached {
        plan: plan.name.as_str().to_owned(),
        limit: plan.transfers_per_month.unwrap_or(u64::MAX),
        retry_after: month.seconds_left(cx.now),
    }
}

async fn known<R: AccountReads + ?Sized>(
    view: &mut R,
    account: AccountId,
) -> Result<super::Account, StoreError> {
    let account = view.account(account).await?;
    account.ok_or_else(|| StoreError::Internal("the sender's account is missing".into()))
}

#[cfg(test)]
mod tests;
