use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::blob::ObjectKey;
use crate::ids::TransferId;
use crate::store::StoreError;
use crate::transfer::Transfer;

/// Reading what the store of bytes should hold.
#[async_trait]
pub trait StorageReads: Send {
    /// Transfers whose bytes are not removed yet, whatever their status, in the order of their ids, those after
    /// `after` only, at most `limit`.
    async fn unpurged_transfers(
        &mut self,
        after: Option<TransferId>,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError>;
    /// Those of the keys that a row names: an upload's, a part's, or a file's of a transfer whose bytes are not
    /// removed yet. All rows are seen at one moment, so that a key that goes from one row to another is in.
    async fn known_objects(&mut self, keys: &[ObjectKey]) -> Result<BTreeSet<ObjectKey>, StoreError>;
}
