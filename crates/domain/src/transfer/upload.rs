//! Bytes on their way in: a row protects them from before the first byte until a transfer takes them over.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::Upload;
use crate::act::{self, Act, Cx, Ports};
use crate::blob::{BlobError, ByteSource, ObjectKey, SourceError, Stored};
use crate::clock::Timestamp;
use crate::ids::{AccountId, TransferId, UploadId};
use crate::plan::Limit;
use crate::store::{StoreError, UnitOfWork};

/// Bytes that have arrived whole and wait for their transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedBytes {
    /// The upload that holds them.
    pub upload: UploadId,
    /// Where they are.
    pub object_key: ObjectKey,
    /// How many, and their SHA-256.
    pub stored: Stored,
}

/// Why bytes did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The store, or the stream.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is about to arrive.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Whose upload it is.
    pub account: AccountId,
    /// The prepared transfer that awaits it; none for one that carries its transfer along.
    pub transfer: Option<TransferId>,
    /// Uploads of the same transfer that have arrived already: they must live until the last one has.
    pub held: &'a [UploadId],
    /// The stream's length in bytes, where it is known.
    pub size: Option<u64>,
    /// The most bytes it may have.
    pub limit: Limit,
}

/// Receives a stream into the store under an upload row of its own. After an error nothing is left, or the
/// sweeper removes what an outage kept from being removed.
///
/// # Errors
/// [`ReceiveError`].
pub async fn receive(
    ports: &Ports,
    arrival: Arrival<'_>,
    body: &mut dyn ByteSource,
) -> Result<ReceivedBytes, ReceiveError> {
    let begin =
        BeginUpload { account: arrival.account, transfer: arrival.transfer, held: arrival.held.to_vec() };
    let upload = act::perform(ports, &begin).await?;
    let lease = Lease::new(ports.settings.upload_lease_seconds, upload.created_at);
    let mut guarded = GuardedSource { ports, upload: &upload, arrival, body, received: 0, lease };
    match guarded.store(arrival.size).await {
        Ok(stored) => Ok(ReceivedBytes { upload: upload.id, object_key: upload.object_key, stored }),
        Err(error) => {
            // The stream's error is the answer; what can't be removed now is left to the sweeper.
            let _left_to_the_sweeper = discard(ports, upload.id).await;
            Err(error)
        }
    }
}

/// Removes an upload's bytes and row, unless a transfer has taken it over.
///
/// # Errors
/// If the database or the store does not answer; the sweeper will do it then.
pub async fn discard(ports: &Ports, id: UploadId) -> Result<(), ReceiveError> {
    let Some(object_key) = act::perform(ports, &TakeUpload { id, run_out_at: None }).await? else {
        return Ok(());
    };
    remove(ports, id, &object_key).await
}

/// Removes an upload that has lost its lease.
///
/// # Errors
/// If the database or the store does not answer; the next sweep tries again.
pub async fn reap(ports: &Ports, upload: &Upload) -> Result<(), ReceiveError> {
    let take = TakeUpload { id: upload.id, run_out_at: Some(ports.clock.now()) };
    match act::perform(ports, &take).await? {
        Some(object_key) => remove(ports, upload.id, &object_key).await,
        None => Ok(()),
    }
}

async fn remove(ports: &Ports, id: UploadId, object_key: &ObjectKey) -> Result<(), ReceiveError> {
    ports.blobs.delete(object_key).await?;
    act::perform(ports, &ForgetUpload { id }).await?;
    Ok(())
}

/// Writes the row that protects what is about to arrive, and prolongs the protection of what has arrived.
pub(super) struct BeginUpload {
    pub(super) account: AccountId,
    pub(super) transfer: Option<TransferId>,
    pub(super) held: Vec<UploadId>,
}

#[async_trait]
impl Act for BeginUpload {
    type Output = Upload;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Upload, StoreError> {
        let id = cx.ids.next();
        let upload = Upload {
            id,
            account_id: self.account,
            transfer_id: self.transfer,
            object_key: ObjectKey::of_upload(id),
            reserved_bytes: 0,
            created_at: cx.now,
            lease_until: cx.now + lease(cx),
            reaping: false,
        };
        tx.insert_upload(&upload).await?;
        if !renew_all(cx, tx, &self.held).await? {
            return Err(lease_lost());
        }
        Ok(upload)
    }
}

/// The sweeper was faster than whoever needs an upload.
pub(super) fn lease_lost() -> StoreError {
    StoreError::Unavailable { contention: false, source: LEASE_LOST.into() }
}

fn lease(cx: &Cx<'_>) -> Duration {
    Duration::from_secs(cx.settings.upload_lease_seconds.into())
}

/// What is said of bytes whose protection ended before their transfer was made.
const LEASE_LOST: &str = "an upload's lease had run out";

async fn renew_all(cx: &Cx<'_>, tx: &mut dyn UnitOfWork, ids: &[UploadId]) -> Result<bool, StoreError> {
    for id in ids {
        if !tx.renew_upload(*id, cx.now + lease(cx)).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Prolongs the protection; `false` if the sweeper was faster.
struct RenewUploads {
    ids: Vec<UploadId>,
}

#[async_trait]
impl Act for RenewUploads {
    type Output = bool;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<bool, StoreError> {
        renew_all(cx, tx, &self.ids).await
    }
}

/// Takes an upload so that it can't become a transfer any more; `None` if it is gone or alive.
struct TakeUpload {
    id: UploadId,
    run_out_at: Option<Timestamp>,
}

#[async_trait]
impl Act for TakeUpload {
    type Output = Option<ObjectKey>;
    type Error = StoreError;

    async fn perform(&self, _: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Option<ObjectKey>, StoreError> {
        if !tx.reap_upload(self.id, self.run_out_at).await? {
            return Ok(None);
        }
        Ok(tx.upload(self.id).await?.map(|upload| upload.object_key))
    }
}

struct ForgetUpload {
    id: UploadId,
}

#[async_trait]
impl Act for ForgetUpload {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, _: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        tx.delete_upload(self.id).await
    }
}

/// Lets bytes through up to a limit, and renews the leases of their upload and the held ones as they come.
struct GuardedSource<'a> {
    ports: &'a Ports,
    upload: &'a Upload,
    arrival: Arrival<'a>,
    body: &'a mut dyn ByteSource,
    received: u64,
    lease: Lease,
}

/// How long bytes are known to be protected, and when to say next that they still come.
struct Lease {
    seconds: u32,
    renew_at: Timestamp,
    ends: Timestamp,
}

impl Lease {
    fn new(seconds: u32, since: Timestamp) -> Self {
        let after = |seconds: u32| since + Duration::from_secs(seconds.into());
        Self { seconds, renew_at: after(seconds / 3), ends: after(seconds) }
    }

    /// Whether there is time for another try, after one that failed.
    fn try_again(&mut self, now: Timestamp) -> bool {
        self.renew_at = now + Duration::from_secs((self.seconds / 24).into());
        self.renew_at < self.ends
    }
}

#[async_trait]
impl ByteSource for GuardedSource<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        let Some(block) = self.body.next().await? else { return Ok(None) };
        self.received += block.len() as u64;
        if let Some(limit) = self.arrival.limit
            && self.received > limit
        {
            return Err(SourceError::TooLarge { limit });
        }
        self.renew_if_due().await?;
        Ok(Some(block))
    }
}

impl GuardedSource<'_> {
    async fn store(&mut self, size: Option<u64>) -> Result<Stored, ReceiveError> {
        let (ports, object_key) = (self.ports, &self.upload.object_key);
        let stored = ports.blobs.put(object_key, self, size).await?;
        // A store may take long after the last byte. If the sweeper was faster, it looked for these bytes
        // before they were there, and nobody looks again.
        if let Err(error) = self.renew_if_due().await {
            ports.blobs.delete(object_key).await?;
            return Err(BlobError::from(error).into());
        }
        Ok(stored)
    }

    async fn renew_if_due(&mut self) -> Result<(), SourceError> {
        let began = self.ports.clock.now();
        if began < self.lease.renew_at {
            return Ok(());
        }
        let mut ids = self.arrival.held.to_vec();
        ids.push(self.upload.id);
        match act::perform(self.ports, &RenewUploads { ids }).await {
            Ok(true) => {
                self.lease = Lease::new(self.lease.seconds, began);
                Ok(())
            }
            Ok(false) => Err(SourceError::Stopped(LEASE_LOST.into())),
            // A database that is away for a moment costs nobody an upload of hours.
            Err(_) if self.lease.try_again(self.ports.clock.now()) => Ok(()),
            Err(error) => Err(SourceError::Stopped(Box::new(error))),
        }
    }
}

#[cfg(test)]
mod tests;
