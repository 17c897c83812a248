use async_trait::async_trait;

use super::{FilePart, FileState, Prepared};
use crate::clock::Timestamp;
use crate::ids::{FileId, TransferId};
use crate::store::StoreError;
use crate::transfer::TransferFile;

/// Reading what is known of prepared transfers.
#[async_trait]
pub trait PresignedReads: Send {
    /// What is known of a transfer that waits for its bytes; `None` once it is confirmed or has ended.
    async fn prepared(&mut self, id: TransferId) -> Result<Option<Prepared>, StoreError>;
    /// The parts of a file that have arrived, in order.
    async fn file_parts(&mut self, file: FileId) -> Result<Vec<FilePart>, StoreError>;
    /// Pending transfers whose time is over, at most `limit`.
    async fn run_out_prepared(&mut self, now: Timestamp, limit: u32) -> Result<Vec<TransferId>, StoreError>;
}

/// Changing prepared transfers.
#[async_trait]
pub trait PresignedRepository: PresignedReads {
    /// Adds what is known of a pending transfer, whose own row is there.
    async fn insert_prepared(&mut self, prepared: &Prepared) -> Result<(), StoreError>;
    /// Notes where a file's bytes are, and its SHA-256 and number of parts.
    async fn set_file_bytes(&mut self, file: &TransferFile) -> Result<(), StoreError>;
    /// Notes whether a file's bytes are there.
    async fn set_file_state(&mut self, file: FileId, state: FileState) -> Result<(), StoreError>;
    /// Puts a part in its place. Returns the one that was there.
    async fn put_file_part(&mut self, file: FileId, part: &FilePart) -> Result<Option<FilePart>, StoreError>;
    /// Forgets the parts of a file, whose bytes are removed.
    async fn delete_file_parts(&mut self, file: FileId) -> Result<(), StoreError>;
    /// Lets a pending transfer wait at least until a moment, unless it has run out or holds no storage any more.
    async fn prolong_prepared(
        &mut self,
        id: TransferId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError>;
    /// Makes a pending transfer active until a moment. `false` if it is not pending, or holds no storage any more.
    async fn activate_transfer(&mut self, id: TransferId, expires_at: Timestamp) -> Result<bool, StoreError>;
    /// Sets the sum of a transfer's files that are not given up, in bytes.
    async fn set_total_size(&mut self, id: TransferId, bytes: u64) -> Result<(), StoreError>;
    /// Forgets what is known of a transfer that waits no more.
    async fn delete_prepared(&mut self, id: TransferId) -> Result<(), StoreError>;
}
