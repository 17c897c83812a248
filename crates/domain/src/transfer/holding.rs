//! What the bytes of arriving uploads hold of their account's storage.
//!
//! An upload never holds more than its transfer will: as many bytes as surely come, then exactly those that came.
//! A refusal lets go of all in its own transaction. So whoever is refused stands before transfers and uploads that
//! really fill the storage, however many come at once.

use super::{Counted, ReceivedBytes};
use crate::account::{QuotaError, reserve_storage};
use crate::act::Cx;
use crate::ids::{AccountId, UploadId};
use crate::store::{StoreError, UnitOfWork};

/// What a request may have beside its files, in bytes: its other fields, and what frames the parts. So much of a
/// `Content-Length` is not counted as storage.
pub const FRAMING_BYTES: u64 = 1 << 20;

/// How many bytes the next file and those after it surely have.
pub(super) fn at_least(counted: Counted, held: &[ReceivedBytes]) -> u64 {
    let Counted::AsTheyCome { content_length: Some(length) } = counted else { return 0 };
    let held = held.iter().fold(0_u64, |sum, bytes| sum.saturating_add(bytes.stored.size));
    length.saturating_sub(held).saturating_sub(FRAMING_BYTES)
}

/// Lets uploads hold exactly so many bytes. Their account must be locked.
pub(super) async fn reserve_exactly(
    tx: &mut dyn UnitOfWork,
    cx: &Cx<'_>,
    account: AccountId,
    sizes: &[(UploadId, u64)],
) -> Result<(), QuotaError> {
    let (mut before, mut after) = (0_u64, 0_u64);
    for (id, size) in sizes {
        before = before.saturating_add(held_by(tx, *id).await?);
        after = after.saturating_add(*size);
    }
    exchange(tx, cx, account, before, after).await?;
    for (id, size) in sizes {
        tx.hold_for_upload(*id, *size).await?;
    }
    Ok(())
}

/// Counts so many bytes in the place of those that were counted.
pub(super) async fn exchange(
    tx: &mut dyn UnitOfWork,
    cx: &Cx<'_>,
    account: AccountId,
    before: u64,
    after: u64,
) -> Result<(), QuotaError> {
    if after > before {
        return reserve_storage(tx, cx, account, after - before).await;
    }
    if after < before {
        tx.give_back_storage(account, before - after).await?;
    }
    Ok(())
}

/// Lets go of all that uploads hold. Their account must be locked.
pub(super) async fn release_uploads(
    tx: &mut dyn UnitOfWork,
    account: AccountId,
    ids: &[UploadId],
) -> Result<(), StoreError> {
    let mut held = 0_u64;
    for id in ids {
        let bytes = held_by(tx, *id).await?;
        if bytes > 0 {
            tx.hold_for_upload(*id, 0).await?;
        }
        held = held.saturating_add(bytes);
    }
    if held > 0 { tx.give_back_storage(account, held).await } else { Ok(()) }
}

/// How many bytes an upload holds.
pub(super) async fn held_by(tx: &mut dyn UnitOfWork, id: UploadId) -> Result<u64, StoreError> {
    Ok(tx.upload(id).await?.map_or(0, |upload| upload.reserved_bytes))
}
