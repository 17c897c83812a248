//! The end of a transfer: its status, its grants, the removal of its bytes.

use super::{Transfer, TransferStatus, event_of};
use crate::account::release_transfer;
use crate::act::Cx;
use crate::clock::Timestamp;
use crate::event::{Event, EventName};
use crate::ids::TransferId;
use crate::job::{Job, JobKind};
use crate::store::{StoreError, UnitOfWork};

/// Ends a transfer before its time, takes back its grants and has its bytes removed at once. Returns the
/// events to append, none if it had ended before. The accounts concerned must be locked.
///
/// # Errors
/// The database's.
pub async fn end_and_purge(
    tx: &mut dyn UnitOfWork,
    cx: &Cx<'_>,
    id: TransferId,
    status: TransferStatus,
) -> Result<Vec<Event>, StoreError> {
    let Some(transfer) = tx.transfer(id).await? else { return Ok(Vec::new()) };
    if !tx.end_transfer(id, status, cx.now).await? {
        return Ok(Vec::new());
    }
    release_transfer(tx, transfer.sender.account, id).await?;
    tx.revoke_grants(id, cx.now).await?;
    purge_at(tx, cx, id, cx.now).await?;
    Ok(ended_events(&transfer, status, cx.now))
}

/// Has the bytes of an ended transfer removed, not before a moment.
pub(super) async fn purge_at(
    tx: &mut dyn UnitOfWork,
    cx: &Cx<'_>,
    id: TransferId,
    run_at: Timestamp,
) -> Result<(), StoreError> {
    tx.enqueue(&Job { id: cx.ids.next(), kind: JobKind::PurgeTransfer(id), run_at, attempts: 0 }).await
}

pub(super) fn ended_events(transfer: &Transfer, status: TransferStatus, now: Timestamp) -> Vec<Event> {
    let name = match status {
        TransferStatus::Expired => EventName::TransferExpired,
        _ => EventName::TransferDeleted,
    };
    let mut events = event_of(transfer, name, now);
    if !transfer.announced {
        events.retain(|event| event.account == transfer.sender.account);
    }
    events
}

#[cfg(test)]
mod tests;
