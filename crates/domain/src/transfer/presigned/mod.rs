//! Transfers that are prepared first and whose bytes come later, to signed URLs: in one piece or in parts, in
//! any order, again after a failure. Confirmed, they are transfers like any other.
//!
//! Each piece is stored as an object of its own, under an upload row of its own, so a piece that fails leaves
//! nothing and one that is sent again takes the place of the one before.

mod arrive;
mod confirm;
mod direct;
mod hash;
mod parts;
mod prepare;
mod reap;
mod repository;
#[cfg(test)]
mod testing;

pub use arrive::{Arrived, AwaitedPiece, StoreAwaitedError, store_awaited};
pub use confirm::ConfirmError;
use confirm::ConfirmTransfer;
pub use direct::{
    BegunUpload, DirectError, DirectPut, DirectStore, PutUrl, begin_parts, complete_parts, confirm,
    parts_of_file,
};
pub use hash::hash_file;
pub use parts::{AbortParts, ClaimedPart, CompleteParts, ListParts, PartsError, PartsOfFile, drop_parts};
pub(super) use parts::{PartsThere, drop_bytes};
pub use prepare::{CheckPrepare, DeclaredFile, PrepareError, PrepareTransfer};
pub(super) use reap::ReapPrepared;
pub use repository::{PresignedReads, PresignedRepository};

use super::{NO_TRANSFER, Part, Transfer, TransferFile, TransferStatus, part_of};
use crate::act::Cx;
use crate::blob::ObjectKey;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::error::Denied;
use crate::ids::{ApiKeyId, FileId, TransferId, UploadId};
use crate::store::{StoreError, UnitOfWork};
use crate::transfer::Upload;

/// The smallest part other than the last, in bytes: what S3 takes.
pub const MIN_PART_BYTES: u64 = 5 << 20;
/// The largest part, in bytes: what S3 takes.
pub const MAX_PART_BYTES: u64 = 5 << 30;
/// The largest file, in bytes: what S3 takes.
pub const MAX_FILE_BYTES: u64 = 5 << 40;
/// The most parts that the files of one transfer may have together: their list fits into a JSON body.
pub const MAX_PARTS: u64 = 2_500;

/// What is known of a transfer while it waits for its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The transfer.
    pub transfer: TransferId,
    /// The key that prepared it; revoked, it takes the URLs along.
    pub key: ApiKeyId,
    /// How long the transfer stays once it is confirmed, in seconds.
    pub lifetime_seconds: u64,
    /// Whether clients put the bytes into the store by themselves.
    pub direct: bool,
    /// Its files, in the order of the transfer's.
    pub files: Vec<PreparedFile>,
}

/// How far the bytes of a file have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedFile {
    /// The file.
    pub file: FileId,
    /// The size of its parts in bytes, if it comes in parts; the last one may be smaller.
    pub part_size: Option<u64>,
    /// The store's name for its upload in parts, with direct delivery.
    pub upload_id: Option<String>,
    /// Whether its bytes are there.
    pub state: FileState,
}

/// Whether a file's bytes are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Not all of them, or nobody has said that they are.
    Awaited,
    /// All of them.
    Arrived,
    /// They will not come: the sender gave the file up.
    Aborted,
}

impl FileState {
    /// Every state, with its word in the database.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Awaited, "awaited"), (Self::Arrived, "arrived"), (Self::Aborted, "aborted")];
}

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// Its place, from 1.
    pub number: u32,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes; in hex, its `ETag`.
    pub sha256: [u8; 32],
    /// Where its bytes are.
    pub object_key: ObjectKey,
}

impl Prepared {
    /// What is known of one of the files.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&PreparedFile> {
        self.files.iter().find(|file| file.file == id)
    }
}

/// A part that has arrived, as its sender knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Its place, from 1.
    pub number: u32,
    /// Its size in bytes.
    pub size: u64,
    /// Its `ETag`, without quotes.
    pub etag: String,
}

impl From<&FilePart> for StoredPart {
    fn from(part: &FilePart) -> Self {
        let etag = part.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { number: part.number, size: part.size, etag }
    }
}

impl PreparedFile {
    /// How its sender names the upload in parts.
    #[must_use]
    pub fn upload_name(&self) -> String {
        self.upload_id.clone().unwrap_or_else(|| self.file.to_string())
    }

    /// How many parts a file of that size has; 1 if it comes in one piece.
    #[must_use]
    pub fn part_count(&self, size: u64) -> u64 {
        self.part_size.map_or(1, |part_size| part_count(size, part_size))
    }

    /// How many parts must arrive; clients send none of an empty file.
    fn parts_needed(&self, size: u64) -> u64 {
        if size == 0 { 0 } else { self.part_count(size) }
    }

    /// The size of one part of a file of that size, in bytes; `None` if there is no such part.
    #[must_use]
    pub fn size_of_part(&self, size: u64, number: u32) -> Option<u64> {
        let part_size = self.part_size?;
        let before = u64::from(number).checked_sub(1)?.checked_mul(part_size)?;
        (u64::from(number) <= part_count(size, part_size)).then(|| (size - before).min(part_size))
    }
}

/// An empty file has one empty part.
fn part_count(size: u64, part_size: u64) -> u64 {
    size.div_ceil(part_size).max(1)
}

/// The prepared transfer that the caller sent, and its row.
async fn of_sender<V>(view: &mut V, caller: &Caller, id: TransferId) -> Result<Transfer, PartsError>
where
    V: crate::store::ReadView + ?Sized,
{
    let transfer = view.transfer(id).await?.ok_or(Denied::NotFound(NO_TRANSFER))?;
    if part_of(caller, &transfer)? == Part::Sender {
        Ok(transfer)
    } else {
        Err(Denied::NotFound(NO_TRANSFER).into())
    }
}

fn file_of(transfer: &Transfer, id: FileId) -> Result<&TransferFile, Denied> {
    transfer.files.iter().find(|file| file.id == id).ok_or(Denied::NotFound("File"))
}

/// Has an object that nothing refers to any more removed, by the sweeper at the latest. Yields the upload that holds
/// it meanwhile.
async fn abandon(
    tx: &mut dyn UnitOfWork,
    cx: &Cx<'_>,
    transfer: &Transfer,
    object_key: ObjectKey,
) -> Result<UploadId, StoreError> {
    let id: UploadId = cx.ids.next();
    let upload = Upload {
        id,
        account_id: transfer.sender.account,
        piece: None,
        object_key,
        reserved_bytes: 0,
        created_at: cx.now,
        lease_until: cx.now,
        reaping: true,
    };
    tx.insert_upload(&upload).await?;
    Ok(id)
}

/// Whether the transfer still takes bytes. Those that are on their way prolong its time.
fn is_open(transfer: &Transfer, now: Timestamp) -> bool {
    transfer.status_at(now) == TransferStatus::Pending
}
