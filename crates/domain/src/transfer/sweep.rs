//! What the clock does to transfers and uploads, and the removal of bytes.

use std::time::Duration;

use async_trait::async_trait;

use super::end::{ended_events, purge_at};
use super::presigned::{Prepared, ReapPrepared, drop_bytes};
use super::upload::{self, ReceiveError};
use super::{Transfer, TransferStatus, Upload};
use crate::account::release_transfer;
use crate::act::{self, Act, Ask, Cx, Ports};
use crate::blob::BlobError;
use crate::clock::Timestamp;
use crate::ids::TransferId;
use crate::store::{ReadView, StoreError, UnitOfWork};

/// How many rows one look takes up.
const BATCH: u32 = 100;

/// Ends every transfer that has run out or was never confirmed, and removes every upload that lost its lease. What
/// fails is tried again by the next sweep. One row that can't be dealt with keeps no other from it.
///
/// # Errors
/// The first failure, after what it does not concern was tried.
pub async fn sweep(ports: &Ports) -> Result<(), ReceiveError> {
    let mut first_failure = Ok(());
    for kind in [Kind::RunOut, Kind::Abandoned, Kind::Unconfirmed] {
        first_failure = first_failure.and(sweep_all(ports, kind).await);
    }
    first_failure
}

async fn sweep_all(ports: &Ports, kind: Kind) -> Result<(), ReceiveError> {
    loop {
        let batch = act::ask(ports, &Look { kind }).await?;
        let mut first_failure = Ok(());
        for due in &batch {
            match due.sweep(ports).await {
                Err(error) if is_outage(&error) => return Err(error),
                outcome => first_failure = first_failure.and(outcome),
            }
        }
        first_failure?;
        if batch.len() < BATCH as usize {
            return Ok(());
        }
    }
}

/// What the clock does something to.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Active transfers that have run out.
    RunOut,
    /// Uploads that lost their lease.
    Abandoned,
    /// Pending transfers that were not confirmed in time.
    Unconfirmed,
}

enum Due {
    RunOut(TransferId),
    Abandoned(Upload),
    Unconfirmed(TransferId),
}

impl Due {
    async fn sweep(&self, ports: &Ports) -> Result<(), ReceiveError> {
        match self {
            Self::RunOut(id) => Ok(act::perform(ports, &Expire { id: *id }).await?),
            Self::Abandoned(upload) => upload::reap(ports, upload).await,
            Self::Unconfirmed(id) => Ok(act::perform(ports, &ReapPrepared { id: *id }).await?),
        }
    }
}

struct Look {
    kind: Kind,
}

#[async_trait]
impl Ask for Look {
    type Output = Vec<Due>;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Vec<Due>, StoreError> {
        Ok(match self.kind {
            Kind::RunOut => named(view.run_out_transfers(cx.now, BATCH).await?, Due::RunOut),
            Kind::Abandoned => named(view.abandoned_uploads(cx.now, BATCH).await?, Due::Abandoned),
            Kind::Unconfirmed => named(view.run_out_prepared(cx.now, BATCH).await?, Due::Unconfirmed),
        })
    }
}

fn named<T>(rows: Vec<T>, due: fn(T) -> Due) -> Vec<Due> {
    rows.into_iter().map(due).collect()
}

/// Whether the next row would fail in the same way.
const fn is_outage(error: &ReceiveError) -> bool {
    matches!(
        error,
        ReceiveError::Store(StoreError::Unavailable { .. }) | ReceiveError::Blob(BlobError::Unavailable(_))
    )
}

/// Ends a transfer that has run out. Running grants keep their bytes until they end.
struct Expire {
    id: TransferId,
}

#[async_trait]
impl Act for Expire {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        let Some(transfer) = tx.transfer(self.id).await? else { return Ok(()) };
        if transfer.status_at(cx.now) != TransferStatus::Expired {
            return Ok(());
        }
        tx.lock_accounts(&[transfer.sender.account, transfer.recipient.account]).await?;
        if !tx.end_transfer(self.id, TransferStatus::Expired, cx.now).await? {
            return Ok(());
        }
        release_transfer(tx, transfer.sender.account, self.id).await?;
        let run_at = tx.protected_until(self.id, cx.now).await?.unwrap_or(cx.now);
        purge_at(tx, cx, self.id, run_at).await?;
        tx.append_events(&ended_events(&transfer, TransferStatus::Expired, cx.now)).await
    }
}

/// How an attempt to remove a transfer's bytes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purged {
    /// They are gone.
    Done,
    /// A grant or a running fetch needs them until then; or they are gone, but could be sent anew until then.
    NotBefore(Timestamp),
}

/// Removes the bytes of an ended transfer unless somebody may still fetch them. URLs of the store itself can't be
/// taken back: what may have been sent to them meanwhile is removed when they have ended.
///
/// # Errors
/// If the database or the store does not answer; doing it again is harmless.
pub async fn purge(ports: &Ports, id: TransferId) -> Result<Purged, ReceiveError> {
    match act::ask(ports, &Purgeable { id }).await? {
        Purgeability::Nothing => Ok(Purged::Done),
        Purgeability::NotBefore(at) => Ok(Purged::NotBefore(at)),
        Purgeability::Now(transfer, prepared) => {
            for file in &transfer.files {
                drop_bytes(ports, file, prepared.as_ref()).await?;
            }
            if let Some(at) = store_takes_until(ports, &transfer) {
                return Ok(Purged::NotBefore(at));
            }
            act::perform(ports, &MarkPurged { id }).await?;
            Ok(Purged::Done)
        }
    }
}

/// How long after the end of a URL of the store itself bytes may still come to it, in seconds: stores ask for the time
/// when a request begins.
const LATE_SECONDS: u64 = 86_400;

/// Until when the store may take bytes of a transfer, if it still may.
fn store_takes_until(ports: &Ports, transfer: &Transfer) -> Option<Timestamp> {
    let lasts = Duration::from_secs(u64::from(ports.settings.pending_seconds) + LATE_SECONDS);
    let until = transfer.created_at + lasts;
    (ports.direct.is_some() && ports.clock.now() < until).then_some(until)
}

enum Purgeability {
    Nothing,
    NotBefore(Timestamp),
    Now(Box<Transfer>, Option<Prepared>),
}

struct Purgeable {
    id: TransferId,
}

#[async_trait]
impl Ask for Purgeable {
    type Output = Purgeability;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Purgeability, StoreError> {
        let Some(transfer) = view.transfer(self.id).await? else { return Ok(Purgeability::Nothing) };
        use TransferStatus::{Active, Pending};
        if transfer.purged_at.is_some() || matches!(transfer.status, Active | Pending) {
            return Ok(Purgeability::Nothing);
        }
        if let Some(until) = view.protected_until(self.id, cx.now).await? {
            return Ok(Purgeability::NotBefore(until));
        }
        let prepared = view.prepared(self.id).await?;
        Ok(Purgeability::Now(Box::new(transfer), prepared))
    }
}

struct MarkPurged {
    id: TransferId,
}

#[async_trait]
impl Act for MarkPurged {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        tx.delete_prepared(self.id).await?;
        tx.mark_purged(self.id, cx.now).await
    }
}

#[cfg(test)]
mod tests;
