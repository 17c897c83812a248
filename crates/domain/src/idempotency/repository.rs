use async_trait::async_trait;

use super::{Record, RecordName};
use crate::clock::Timestamp;
use crate::ids::{ApiKeyId, AttemptId};
use crate::store::StoreError;

/// Reading what is kept of uses of idempotency keys.
#[async_trait]
pub trait IdempotencyReads: Send {
    /// The record of that name, if it is the credential's; also one that counts no more.
    async fn idempotency_record(
        &mut self,
        credential: ApiKeyId,
        name: &RecordName,
    ) -> Result<Option<Record>, StoreError>;
}

/// Keeping uses of idempotency keys.
#[async_trait]
pub trait IdempotencyRepository: IdempotencyReads {
    /// Puts a running mark, in the place of a record that counts no more if need be. `false` if one is there
    /// that counts at `now`; of several at once one succeeds.
    async fn mark_running(&mut self, mark: &Record, now: Timestamp) -> Result<bool, StoreError>;
    /// Moves the end of a mark's lease. `false` if the attempt holds the mark no more.
    async fn renew_mark(
        &mut self,
        name: &RecordName,
        attempt: AttemptId,
        lease_until: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Puts the answer in the place of the mark. `false` if the attempt holds the mark no more.
    async fn answer_mark(&mut self, answered: &Record) -> Result<bool, StoreError>;
    /// Takes a mark away. `false` if the attempt holds the mark no more.
    async fn remove_mark(&mut self, name: &RecordName, attempt: AttemptId) -> Result<bool, StoreError>;
    /// Forgets up to `limit` records that count no more at `now`; how many.
    async fn forget_spent_records(&mut self, now: Timestamp, limit: u32) -> Result<usize, StoreError>;
}
