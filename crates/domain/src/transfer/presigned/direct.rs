//! Direct delivery: clients exchange bytes with the store itself, by URLs that the store signs. The server sees
//! none of the bytes, so it asks the store what is there before it believes that a file has arrived.

use std::time::Duration;

use async_trait::async_trait;

use super::parts::{Place, find};
use super::{
    CompleteParts, ConfirmError, ConfirmTransfer, FileState, ListParts, PartsError, PartsOfFile,
    PreparedFile, StoredPart, is_open, of_sender,
};
use crate::act::{self, Act, Ask, Cx, Ports};
use crate::blob::{BlobError, ObjectKey};
use crate::caller::Caller;
use crate::ids::{AccountId, FileId, TransferId, UploadId};
use crate::store::{ReadView, UnitOfWork};
use crate::transfer::upload::{BeginUpload, discard};
use crate::transfer::{ReceiveError, Transfer, TransferFile};

/// A store that clients can reach. Its URLs are signed here, without asking it.
#[async_trait]
pub trait DirectStore: Send + Sync {
    /// A URL that takes exactly `size` bytes for an object, or for a part of an upload, for a while. An object is
    /// taken once: what was confirmed can't be replaced.
    ///
    /// # Errors
    /// [`BlobError::Internal`] if the store's address or keys can't make one.
    fn put_url(&self, to: DirectPut<'_>, lasts: Duration) -> Result<PutUrl, BlobError>;
    /// A URL that answers an object under a file name, for a while.
    ///
    /// # Errors
    /// As [`DirectStore::put_url`].
    fn get_url(&self, key: &ObjectKey, file_name: &str, lasts: Duration) -> Result<String, BlobError>;
    /// Begins an upload in parts; yields the store's name for it.
    async fn begin(&self, key: &ObjectKey) -> Result<String, BlobError>;
    /// The parts that have arrived, in order. An upload that is not there is [`BlobError::NotFound`].
    async fn parts(&self, key: &ObjectKey, upload_id: &str) -> Result<Vec<StoredPart>, BlobError>;
    /// Removes the parts of an upload. One that is not there, or was completed, is left as it is.
    async fn abort(&self, key: &ObjectKey, upload_id: &str) -> Result<(), BlobError>;
    /// Makes the object of these parts, given in order. An upload that is not there any more is
    /// [`BlobError::NotFound`]; parts that were sent anew meanwhile are [`BlobError::Unavailable`].
    async fn complete(&self, key: &ObjectKey, upload_id: &str, parts: &[StoredPart])
    -> Result<(), BlobError>;
}

/// Where bytes go by a URL of the store.
#[derive(Debug, Clone, Copy)]
pub struct DirectPut<'a> {
    /// The object.
    pub key: &'a ObjectKey,
    /// The upload in parts, and the part's place, from 1; `None` for the whole object.
    pub part: Option<(&'a str, u32)>,
    /// How many bytes.
    pub size: u64,
}

/// A URL to send bytes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutUrl {
    /// The URL.
    pub url: String,
    /// Headers that the store insists on, with their values.
    pub headers: Vec<(&'static str, &'static str)>,
}

/// Why an act of direct delivery failed: the act's own reasons, or the store's.
#[derive(Debug, thiserror::Error)]
pub enum DirectError<E> {
    /// The act's own.
    #[error(transparent)]
    Act(E),
    /// The store's.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The store holds another number of bytes than was announced.
    #[error("the store has {found} bytes of {name:?}, but {expected} were announced")]
    SizeMismatch {
        /// Which file.
        name: String,
        /// How many were announced.
        expected: u64,
        /// How many are there.
        found: u64,
    },
}

/// An upload in parts that the store has begun, before the transfer that it is for is there. An upload row holds
/// it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunUpload {
    /// The row.
    pub upload: UploadId,
    /// The object.
    pub object_key: ObjectKey,
    /// The store's name for the upload.
    pub upload_id: String,
}

/// Has the store begin an upload in parts. Give it up by `discard` unless a transfer takes it over.
///
/// # Errors
/// [`ReceiveError`]; then nothing is left.
pub async fn begin_parts(
    ports: &Ports,
    store: &dyn DirectStore,
    account: AccountId,
) -> Result<BegunUpload, ReceiveError> {
    let begin = BeginUpload { account, piece: None, held: Vec::new(), at_least: 0, is_first: false };
    let upload = act::perform(ports, &begin).await??;
    match store.begin(&upload.object_key).await {
        Ok(upload_id) => Ok(BegunUpload { upload: upload.id, object_key: upload.object_key, upload_id }),
        Err(error) => {
            // The store's error is the answer; what can't be removed now is left to the sweeper.
            let _left_to_the_sweeper = discard(ports, upload.id).await;
            Err(error.into())
        }
    }
}

/// Tells which parts of a file have arrived, wherever they are. Of parts that the store has put together, it knows
/// no `ETag` any more.
///
/// # Errors
/// [`DirectError`]; [`PartsError::Gone`] if the store has lost the upload.
pub async fn parts_of_file(ports: &Ports, ask: &ListParts) -> Result<PartsOfFile, DirectError<PartsError>> {
    let found = act::ask(ports, ask).await.map_err(DirectError::Act)?;
    let Some(upload) = directly(ports, &found) else { return Ok(found) };
    let parts = match in_store(ports, upload, &found).await? {
        InStore::Parts(parts) => parts,
        InStore::Whole => every_part(&found),
    };
    Ok(PartsOfFile { parts, ..found })
}

/// What the store has of a file that it takes in parts.
enum InStore {
    /// These parts of it.
    Parts(Vec<StoredPart>),
    /// All of it, put together; perhaps by a call whose answer was lost.
    Whole,
}

async fn in_store(
    ports: &Ports,
    (store, upload_id): Direct<'_>,
    found: &PartsOfFile,
) -> Result<InStore, DirectError<PartsError>> {
    let file = &found.file;
    if found.prepared.state == FileState::Arrived {
        // An empty file may be no object at all.
        let there = file.size == 0 || is_whole(ports, file).await?;
        return if there { Ok(InStore::Whole) } else { Err(DirectError::Act(PartsError::Gone)) };
    }
    let listed = match store.parts(&file.object_key, upload_id).await {
        Ok(parts) => Some(parts),
        Err(BlobError::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    match listed {
        Some(parts) if !parts.is_empty() => Ok(InStore::Parts(parts)),
        // Not every service tells an upload that was completed from one that has just begun.
        _ if is_whole(ports, file).await? => Ok(InStore::Whole),
        listed => listed.map(InStore::Parts).ok_or(DirectError::Act(PartsError::Gone)),
    }
}

fn every_part(found: &PartsOfFile) -> Vec<StoredPart> {
    let (file, size) = (&found.prepared, found.file.size);
    let sizes = (1..).map_while(|number| Some((number, file.size_of_part(size, number)?)));
    sizes.map(|(number, size)| StoredPart { number, size, etag: String::new() }).collect()
}

type Direct<'a> = (&'a dyn DirectStore, &'a str);

fn directly<'a>(ports: &'a Ports, found: &'a PartsOfFile) -> Option<Direct<'a>> {
    // What a server has put together itself, it knows itself.
    let store = ports.direct.as_deref().filter(|_| found.file.parts == 0)?;
    Some((store, found.prepared.upload_id.as_deref()?))
}

/// Puts the parts of a file together, wherever they are.
///
/// # Errors
/// [`DirectError`].
pub async fn complete_parts(
    ports: &Ports,
    complete: &CompleteParts,
) -> Result<TransferFile, DirectError<PartsError>> {
    let CompleteParts { caller, transfer, file, .. } = complete;
    let list = ListParts { caller: caller.clone(), transfer: *transfer, file: *file };
    let found = act::ask(ports, &list).await.map_err(DirectError::Act)?;
    let Some((store, upload_id)) = directly(ports, &found) else {
        return act::perform(ports, complete).await.map_err(DirectError::Act);
    };
    let named = super::parts::check_upload_id(&found.prepared, &complete.upload_id);
    named.map_err(|invalid| DirectError::Act(invalid.into()))?;
    put_together(ports, (store, upload_id), complete, &found).await?;
    let arrived = DirectArrived { caller: caller.clone(), transfer: *transfer, file: *file };
    act::perform(ports, &arrived).await.map_err(DirectError::Act)
}

async fn put_together(
    ports: &Ports,
    (store, upload_id): Direct<'_>,
    complete: &CompleteParts,
    found: &PartsOfFile,
) -> Result<(), DirectError<PartsError>> {
    // Clients send no part of an empty file, and of none the store can't make one.
    if found.file.size == 0 {
        return Ok(());
    }
    let InStore::Parts(there) = in_store(ports, (store, upload_id), found).await? else { return Ok(()) };
    check_there(complete, found, &there).map_err(DirectError::Act)?;
    match store.complete(&found.file.object_key, upload_id, &there).await {
        // Another call was faster; whether it completed or aborted the upload, the object tells.
        Ok(()) | Err(BlobError::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
    }
    if is_whole(ports, &found.file).await? { Ok(()) } else { Err(DirectError::Act(PartsError::Gone)) }
}

/// What the store has must be all, and what the client says must be what the store has.
fn check_there(
    complete: &CompleteParts,
    found: &PartsOfFile,
    there: &[StoredPart],
) -> Result<(), PartsError> {
    let size = found.file.size;
    let as_announced = |part: &&StoredPart| found.prepared.size_of_part(size, part.number) == Some(part.size);
    let whole: Vec<StoredPart> = there.iter().filter(as_announced).cloned().collect();
    super::parts::check_all_there(&whole, found.prepared.parts_needed(size))?;
    Ok(super::parts::check_claims(&complete.parts, there)?)
}

/// Whether the store has the file. It has none of another size than announced.
async fn is_whole<E>(ports: &Ports, file: &TransferFile) -> Result<bool, DirectError<E>> {
    let name = || file.name.to_string();
    match ports.blobs.head(&file.object_key).await? {
        None => Ok(false),
        Some(found) if found == file.size => Ok(true),
        Some(found) => Err(DirectError::SizeMismatch { name: name(), expected: file.size, found }),
    }
}

/// Notes that the store has a file.
struct DirectArrived {
    caller: Caller,
    transfer: TransferId,
    file: FileId,
}

#[async_trait]
impl Act for DirectArrived {
    type Output = TransferFile;
    type Error = PartsError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<TransferFile, PartsError> {
        let place = Place { transfer: self.transfer, file: self.file };
        let (seen, ..) = find(tx, cx, &self.caller, place).await?;
        tx.lock_accounts(&[seen.sender.account]).await?;
        let (transfer, _, prepared) = find(tx, cx, &self.caller, place).await?;
        match prepared.state {
            FileState::Awaited => tx.set_file_state(self.file, FileState::Arrived).await?,
            FileState::Arrived => {}
            FileState::Aborted => return Err(PartsError::Gone),
        }
        Ok(super::file_of(&transfer, self.file)?.clone())
    }
}

/// Confirms a transfer; with direct delivery, asks the store for every file first.
///
/// # Errors
/// [`DirectError`].
pub async fn confirm(
    ports: &Ports,
    caller: Caller,
    id: TransferId,
) -> Result<Transfer, DirectError<ConfirmError>> {
    let ask = AwaitedDirectly { caller: caller.clone(), id };
    let mut in_store = Vec::new();
    for (file, prepared) in act::ask(ports, &ask).await.map_err(|error| DirectError::Act(error.into()))? {
        // An empty file that comes in parts may be no object at all.
        let completed = prepared.part_size.is_some() && prepared.state == FileState::Arrived;
        if completed && file.size == 0 || is_whole(ports, &file).await? {
            in_store.push(file.id);
        }
    }
    act::perform(ports, &ConfirmTransfer { caller, id, in_store }).await.map_err(DirectError::Act)
}

/// The files of a transfer that clients put into the store by themselves.
struct AwaitedDirectly {
    caller: Caller,
    id: TransferId,
}

#[async_trait]
impl Ask for AwaitedDirectly {
    type Output = Vec<(TransferFile, PreparedFile)>;
    type Error = PartsError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Self::Output, PartsError> {
        let transfer = of_sender(view, &self.caller, self.id).await?;
        let prepared = view.prepared(self.id).await?;
        let Some(prepared) = prepared.filter(|known| known.direct && is_open(&transfer, cx.now)) else {
            return Ok(Vec::new());
        };
        let known = |file: TransferFile| Some((prepared.file(file.id)?.clone(), file));
        let files = transfer.files.into_iter().filter_map(known);
        let awaited = files.filter(|(known, file)| known.state != FileState::Aborted && file.parts == 0);
        Ok(awaited.map(|(known, file)| (file, known)).collect())
    }
}

#[cfg(test)]
mod tests;
