//! Bytes on their way in: a row protects them from before the first byte until a transfer takes them over.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::holding::{FRAMING_BYTES, at_least, release_uploads, reserve_exactly};
use super::{Piece, Upload};
use crate::account::{QuotaError, check_transfers_left, plan_of, reserve_storage};
use crate::act::{self, Act, Ask, Cx, Ports};
use crate::blob::{BlobError, ByteSource, ObjectKey, SourceError, Stored};
use crate::clock::Timestamp;
use crate::ids::{AccountId, UploadId};
use crate::plan::Limit;
use crate::race::unless;
use crate::store::{ReadView, StoreError, UnitOfWork};

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
    /// What the sender's plan allows.
    #[error(transparent)]
    Quota(QuotaError),
    /// A newer upload of the same piece came.
    #[error("a newer upload of the same file or part has taken this one's place")]
    Replaced,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<QuotaError> for ReceiveError {
    fn from(error: QuotaError) -> Self {
        match error {
            QuotaError::Store(error) => Self::Store(error),
            reached => Self::Quota(reached),
        }
    }
}

/// What is about to arrive.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Whose upload it is.
    pub account: AccountId,
    /// What of a prepared transfer it is; none for one that carries its transfer along. Whatever else of that
    /// piece is arriving gives way to it.
    pub piece: Option<Piece>,
    /// Uploads of the same transfer that have arrived already: they must live until the last one has.
    pub held: &'a [ReceivedBytes],
    /// How its bytes are counted against the account's storage.
    pub counted: Counted,
    /// The stream's length in bytes, where it is known.
    pub size: Option<u64>,
    /// The most bytes it may have.
    pub limit: Limit,
}

/// How arriving bytes are counted against the storage of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// As they come: at the start as many as surely will, and the exact number at the end. `content_length` is
    /// the whole request's, where it is known.
    AsTheyCome {
        /// In bytes.
        content_length: Option<u64>,
    },
    /// Elsewhere: a prepared transfer holds them already.
    Elsewhere,
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
    let begin = BeginUpload {
        account: arrival.account,
        piece: arrival.piece,
        held: ids(arrival.held),
        at_least: at_least(arrival.counted, arrival.held),
        is_first: arrival.held.is_empty() && arrival.counted != Counted::Elsewhere,
    };
    let upload = act::perform(ports, &begin).await??;
    let lease = Lease::new(ports.settings.upload_lease_seconds, upload.created_at);
    let raise_at = upload.reserved_bytes.saturating_add(HOLD_STEP);
    let look_at = upload.created_at + LOOK_EVERY;
    let mut guarded = GuardedSource {
        ports,
        upload: &upload,
        arrival,
        body,
        received: 0,
        lease,
        raise_at,
        look_at,
        refusal: None,
    };
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
    let Some(object_key) = act::perform(ports, &TakeUpload { id, abandoned: false }).await? else {
        return Ok(());
    };
    remove(ports, id, &object_key).await
}

/// Removes an upload that has lost its lease.
///
/// # Errors
/// If the database or the store does not answer; the next sweep tries again.
pub async fn reap(ports: &Ports, upload: &Upload) -> Result<(), ReceiveError> {
    let take = TakeUpload { id: upload.id, abandoned: true };
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
    pub(super) piece: Option<Piece>,
    pub(super) held: Vec<UploadId>,
    /// How many bytes it holds from the start.
    pub(super) at_least: u64,
    /// Whether it is the first one of its transfer.
    pub(super) is_first: bool,
}

#[async_trait]
impl Act for BeginUpload {
    /// A refusal lets go of what the transfer holds in the same transaction.
    type Output = Result<Upload, QuotaError>;
    type Error = StoreError;

    async fn perform(
        &self,
        cx: &Cx<'_>,
        tx: &mut dyn UnitOfWork,
    ) -> Result<Result<Upload, QuotaError>, StoreError> {
        let reserved_bytes = match self.reserve(cx, tx).await {
            Ok(bytes) => bytes,
            Err(QuotaError::Store(error)) => return Err(error),
            Err(reached) => {
                release_uploads(tx, self.account, &self.held).await?;
                return Ok(Err(reached));
            }
        };
        let id = cx.ids.next();
        let upload = Upload {
            id,
            account_id: self.account,
            piece: self.piece,
            object_key: ObjectKey::of_upload(id),
            reserved_bytes,
            created_at: cx.now,
            lease_until: cx.now + lease(cx),
            reaping: false,
        };
        if self.piece.is_some() || !self.held.is_empty() {
            // Twins take each other's rows in one order, and nobody counts what has run out beside a renewal.
            tx.lock_accounts(&[self.account]).await?;
        }
        tx.insert_upload(&upload).await?;
        if let Some(piece) = &self.piece {
            tx.replace_uploads(piece, id).await?;
            tx.prolong_prepared(piece.transfer, cx.now, upload.lease_until).await?;
        }
        if !renew_all(cx, tx, &self.held).await? {
            return Err(lease_lost());
        }
        Ok(Ok(upload))
    }
}

impl BeginUpload {
    /// Holds what surely comes. Where there is no limit, what a client announces is worth nothing yet.
    async fn reserve(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<u64, QuotaError> {
        if self.is_first {
            check_transfers_left(tx, cx, self.account).await?;
        }
        if self.at_least == 0 || plan_of(cx, tx, self.account).await?.storage_bytes.is_none() {
            return Ok(0);
        }
        tx.lock_accounts(&[self.account]).await?;
        reserve_storage(tx, cx, self.account, self.at_least).await?;
        Ok(self.at_least)
    }
}

fn ids(held: &[ReceivedBytes]) -> Vec<UploadId> {
    held.iter().map(|bytes| bytes.upload).collect()
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

/// Prolongs the protection, and lets the uploads hold what they have.
struct KeepUploads {
    account: AccountId,
    piece: Option<Piece>,
    ids: Vec<UploadId>,
    /// The uploads among them whose bytes are counted now, with their sizes in bytes.
    exactly: Vec<(UploadId, u64)>,
}

enum Kept {
    Yes,
    /// The sweeper was faster, or a newer upload of the piece came.
    Lost,
    /// The bytes do not fit; the uploads hold nothing any more.
    Refused(QuotaError),
}

#[async_trait]
impl Act for KeepUploads {
    type Output = Kept;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Kept, StoreError> {
        // Whoever lets go of what has run out sees what is renewed, or it sees what they let go of.
        tx.lock_accounts(&[self.account]).await?;
        if !renew_all(cx, tx, &self.ids).await? {
            return Ok(Kept::Lost);
        }
        if let Some(piece) = &self.piece {
            tx.prolong_prepared(piece.transfer, cx.now, cx.now + lease(cx)).await?;
        }
        match reserve_exactly(tx, cx, self.account, &self.exactly).await {
            Ok(()) => Ok(Kept::Yes),
            Err(QuotaError::Store(error)) => Err(error),
            Err(reached) => {
                release_uploads(tx, self.account, &self.ids).await?;
                Ok(Kept::Refused(reached))
            }
        }
    }
}

/// Takes an upload so that it can't become a transfer any more; `None` if it is gone or alive.
struct TakeUpload {
    id: UploadId,
    /// Only if its lease has run out.
    abandoned: bool,
}

#[async_trait]
impl Act for TakeUpload {
    type Output = Option<ObjectKey>;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Option<ObjectKey>, StoreError> {
        let Some(upload) = tx.upload(self.id).await? else { return Ok(None) };
        tx.lock_accounts(&[upload.account_id]).await?;
        if !tx.reap_upload(self.id, cx.now, self.abandoned).await? {
            return Ok(None);
        }
        release_uploads(tx, upload.account_id, &[self.id]).await?;
        Ok(Some(upload.object_key))
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
    /// How many bytes must have come before they are counted again.
    raise_at: u64,
    /// When to look next whether a newer upload of the piece came.
    look_at: Timestamp,
    refusal: Option<ReceiveError>,
}

/// How long at most the bytes of a piece go on to be stored after a newer upload of it came.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Asks whether an upload was replaced by a newer one of its piece, which leaves it its lease.
struct IsReplaced {
    id: UploadId,
}

#[async_trait]
impl Ask for IsReplaced {
    type Output = bool;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<bool, StoreError> {
        is_replaced(view, cx, self.id).await
    }
}

pub(super) async fn is_replaced<V: ReadView + ?Sized>(
    view: &mut V,
    cx: &Cx<'_>,
    id: UploadId,
) -> Result<bool, StoreError> {
    Ok(view.upload(id).await?.is_some_and(|upload| upload.reaping && cx.now < upload.lease_until))
}

/// How many bytes may come, beyond those that are held, before they are held too. Also bounds how often an
/// upload of unknown length asks.
const HOLD_STEP: u64 = 8 << 20;

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
        let Some(block) = self.next_block().await? else { return Ok(None) };
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
        let stored = ports.blobs.put(object_key, self, size).await;
        let stored = stored.map_err(|error| self.cause_of(error))?;
        // A store may take long after the last byte. If the sweeper was faster, it looked for these bytes
        // before they were there, and nobody looks again.
        if let Err(error) = self.finish().await {
            ports.blobs.delete(object_key).await?;
            return Err(self.cause_of(error.into()));
        }
        Ok(stored)
    }

    /// Why the stream was stopped, where it was here.
    fn cause_of(&mut self, error: BlobError) -> ReceiveError {
        self.refusal.take().unwrap_or_else(|| error.into())
    }

    /// The next block; the wait for it ends when a newer upload of the piece comes.
    async fn next_block(&mut self) -> Result<Option<Bytes>, SourceError> {
        let Self { ports, upload, arrival, body, .. } = self;
        if arrival.piece.is_none() {
            return body.next().await;
        }
        let mut next = body.next();
        loop {
            if let Some(block) = unless(ports.timer.sleep(LOOK_EVERY), &mut next).await {
                return block;
            }
            // Asked to the end: a question that is dropped costs its connection.
            if let Ok(true) = act::ask(ports, &IsReplaced { id: upload.id }).await {
                drop(next);
                return Err(self.refuse(ReceiveError::Replaced));
            }
        }
    }

    async fn renew_if_due(&mut self) -> Result<(), SourceError> {
        let counted = self.arrival.counted != Counted::Elsewhere;
        if counted && self.received >= self.raise_at {
            return self.keep(vec![(self.upload.id, self.received)]).await;
        }
        let now = self.ports.clock.now();
        if now >= self.lease.renew_at {
            return self.keep(Vec::new()).await;
        }
        if self.arrival.piece.is_some() && now >= self.look_at {
            self.look_at = now + LOOK_EVERY;
            // An outage costs nobody an upload; the renewal has the last word.
            if act::ask(self.ports, &IsReplaced { id: self.upload.id }).await.unwrap_or(false) {
                return Err(self.refuse(ReceiveError::Replaced));
            }
        }
        Ok(())
    }

    fn refuse(&mut self, why: ReceiveError) -> SourceError {
        let stopped = SourceError::Stopped(why.to_string().into());
        self.refusal = Some(why);
        stopped
    }

    /// Once all bytes are there, exactly they are held. A small file that is the first, and so perhaps the only
    /// one, holds nothing until its transfer is made.
    async fn finish(&mut self) -> Result<(), SourceError> {
        if self.arrival.counted == Counted::Elsewhere {
            self.look_at = self.ports.clock.now();
            return self.renew_if_due().await;
        }
        let unheld = |bytes: &&ReceivedBytes| bytes.stored.size <= FRAMING_BYTES;
        let first = match self.arrival.held {
            [first] => Some(first).filter(unheld),
            [] if self.upload.reserved_bytes == 0 && self.received <= FRAMING_BYTES => {
                return self.renew_if_due().await;
            }
            _ => None,
        };
        let mut exactly = vec![(self.upload.id, self.received)];
        exactly.extend(first.map(|bytes| (bytes.upload, bytes.stored.size)));
        self.keep(exactly).await
    }

    async fn keep(&mut self, exactly: Vec<(UploadId, u64)>) -> Result<(), SourceError> {
        let began = self.ports.clock.now();
        let mut ids = ids(self.arrival.held);
        ids.push(self.upload.id);
        if !exactly.is_empty() {
            self.raise_at = self.received + HOLD_STEP;
        }
        let keep = KeepUploads { account: self.arrival.account, piece: self.arrival.piece, ids, exactly };
        match act::perform(self.ports, &keep).await {
            Ok(Kept::Yes) => {
                self.lease = Lease::new(self.lease.seconds, began);
                Ok(())
            }
            Ok(Kept::Lost) => match act::ask(self.ports, &IsReplaced { id: self.upload.id }).await {
                Ok(true) => Err(self.refuse(ReceiveError::Replaced)),
                _ => Err(SourceError::Stopped(LEASE_LOST.into())),
            },
            Ok(Kept::Refused(reached)) => Err(self.refuse(reached.into())),
            // A database that is away for a moment costs nobody an upload of hours.
            Err(_) if self.lease.try_again(self.ports.clock.now()) => Ok(()),
            Err(error) => Err(SourceError::Stopped(Box::new(error))),
        }
    }
}

#[cfg(test)]
mod tests;
