//! What the clock does to transfers and uploads, and the removal of bytes.

use async_trait::async_trait;

use super::end::{ended_events, purge_at};
use super::presigned::{Prepared, RunOutPrepared, drop_bytes, reap_prepared};
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

/// Ends every transfer that has run out and removes every upload that lost its lease. What fails is tried
/// again by the next sweep. One upload that can't be removed keeps no other from being removed.
///
/// # Errors
/// The first failure, after what it does not concern was tried.
pub async fn sweep(ports: &Ports) -> Result<(), ReceiveError> {
    let expired = expire(ports).await;
    let reaped = reap(ports).await;
    let unconfirmed = reap_unconfirmed(ports).await;
    expired?;
    reaped?;
    unconfirmed
}

async fn expire(ports: &Ports) -> Result<(), ReceiveError> {
    loop {
        let batch = act::ask(ports, &RunOut).await?;
        expire_each(ports, &batch).await?;
        if batch.len() < BATCH as usize {
            return Ok(());
        }
    }
}

async fn expire_each(ports: &Ports, ids: &[TransferId]) -> Result<(), ReceiveError> {
    let mut first_failure = Ok(());
    for id in ids {
        match act::perform(ports, &Expire { id: *id }).await.map_err(ReceiveError::from) {
            Err(error) if is_outage(&error) => return Err(error),
            outcome => first_failure = first_failure.and(outcome),
        }
    }
    first_failure
}

async fn reap(ports: &Ports) -> Result<(), ReceiveError> {
    loop {
        let batch = act::ask(ports, &Abandoned).await?;
        reap_each(ports, &batch).await?;
        if batch.len() < BATCH as usize {
            return Ok(());
        }
    }
}

async fn reap_each(ports: &Ports, uploads: &[Upload]) -> Result<(), ReceiveError> {
    let mut first_failure = Ok(());
    for upload in uploads {
        match upload::reap(ports, upload).await {
            Err(error) if is_outage(&error) => return Err(error),
            outcome => first_failure = first_failure.and(outcome),
        }
    }
    first_failure
}

async fn reap_unconfirmed(ports: &Ports) -> Result<(), ReceiveError> {
    loop {
        let batch = act::ask(ports, &RunOutPrepared { limit: BATCH }).await?;
        let mut first_failure = Ok(());
        for id in &batch {
            match reap_prepared(ports, *id).await.map_err(ReceiveError::from) {
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

/// Whether the next row would fail in the same way.
const fn is_outage(error: &ReceiveError) -> bool {
    matches!(
        error,
        ReceiveError::Store(StoreError::Unavailable { .. }) | ReceiveError::Blob(BlobError::Unavailable(_))
    )
}

struct RunOut;

#[async_trait]
impl Ask for RunOut {
    type Output = Vec<TransferId>;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Vec<TransferId>, StoreError> {
        view.run_out_transfers(cx.now, BATCH).await
    }
}

struct Abandoned;

#[async_trait]
impl Ask for Abandoned {
    type Output = Vec<Upload>;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Vec<Upload>, StoreError> {
        view.abandoned_uploads(cx.now, BATCH).await
    }
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
    /// A grant or a running fetch needs them until then.
    NotBefore(Timestamp),
}

/// Removes the bytes of an ended transfer unless somebody may still fetch them.
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
            act::perform(ports, &MarkPurged { id }).await?;
            Ok(Purged::Done)
        }
    }
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
