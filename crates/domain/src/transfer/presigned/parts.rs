//! Files that come in parts: what has arrived, putting it together, giving it up.

use async_trait::async_trait;

use super::{FilePart, FileState, Prepared, PreparedFile, StoredPart, file_of, is_open, of_sender};
use crate::account::release_part;
use crate::act::{self, Act, Ask, Cx, Ports};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::{Denied, FieldErrors, Invalid};
use crate::event::Event;
use crate::ids::{FileId, TransferId};
use crate::impl_act_error;
use crate::job::{Job, JobKind};
use crate::store::{ReadView, StoreError, UnitOfWork};
use crate::transfer::end::end_and_purge;
use crate::transfer::{ReceiveError, Transfer, TransferFile, TransferStatus};

/// Why nothing is done with the parts of a file.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    /// No such transfer or file, or none that the caller sends.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A field.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The transfer is complete.
    #[error("the transfer is confirmed already; its files can't be changed any more")]
    AlreadyConfirmed,
    /// The transfer, or the file, was given up or ran out.
    #[error("the upload was aborted, or the transfer has ended; prepare a new one")]
    Gone,
    /// Parts have not arrived.
    #[error("not every part has arrived; send the missing ones, then complete again")]
    FilesMissing(Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(PartsError);

/// A file that comes in parts, and those that have arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartsOfFile {
    /// The file's transfer.
    pub transfer: Transfer,
    /// Whether its bytes go to the store itself.
    pub direct: bool,
    /// The file.
    pub file: TransferFile,
    /// How it comes.
    pub prepared: PreparedFile,
    /// The parts that have arrived, in order.
    pub parts: Vec<StoredPart>,
}

/// Names a file that comes in parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) transfer: TransferId,
    pub(super) file: FileId,
}

pub(super) async fn find<V: ReadView + ?Sized>(
    view: &mut V,
    cx: &Cx<'_>,
    caller: &Caller,
    place: Place,
) -> Result<(Transfer, Prepared, PreparedFile), PartsError> {
    let transfer = of_sender(view, caller, place.transfer).await?;
    file_of(&transfer, place.file)?;
    let prepared = view.prepared(place.transfer).await?.filter(|_| is_open(&transfer, cx.now));
    let Some(prepared) = prepared else {
        use TransferStatus::{Deleted, Expired};
        let confirmed = !matches!(transfer.status_at(cx.now), Deleted | Expired);
        return Err(if confirmed { PartsError::AlreadyConfirmed } else { PartsError::Gone });
    };
    let file = prepared.file(place.file).filter(|file| file.part_size.is_some());
    let file = file.cloned().ok_or(Denied::NotFound("multipart upload"))?;
    Ok((transfer, prepared, file))
}

/// Tells which parts of a file have arrived, so that a client that crashed goes on where it was.
#[derive(Debug, Clone)]
pub struct ListParts {
    /// Who asks.
    pub caller: Caller,
    /// Of which transfer.
    pub transfer: TransferId,
    /// Of which file.
    pub file: FileId,
}

#[async_trait]
impl Ask for ListParts {
    type Output = PartsOfFile;
    type Error = PartsError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<PartsOfFile, PartsError> {
        let place = Place { transfer: self.transfer, file: self.file };
        let (transfer, all, prepared) = find(view, cx, &self.caller, place).await?;
        if prepared.state == FileState::Aborted {
            return Err(PartsError::Gone);
        }
        let file = file_of(&transfer, self.file)?.clone();
        let parts = view.file_parts(self.file).await?.iter().map(StoredPart::from).collect();
        Ok(PartsOfFile { transfer, direct: all.direct, file, prepared, parts })
    }
}

/// A part as the client knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedPart {
    /// Its place, from 1.
    pub number: u32,
    /// The `ETag` that its PUT was answered, without quotes.
    pub etag: String,
}

/// Puts the parts of a file together. Done again, it succeeds again.
#[derive(Debug, Clone)]
pub struct CompleteParts {
    /// Who sends.
    pub caller: Caller,
    /// Which transfer.
    pub transfer: TransferId,
    /// Which file.
    pub file: FileId,
    /// The upload's id as the client knows it.
    pub upload_id: String,
    /// Every part, in any order.
    pub parts: Vec<ClaimedPart>,
}

#[async_trait]
impl Act for CompleteParts {
    type Output = TransferFile;
    type Error = PartsError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<TransferFile, PartsError> {
        let place = Place { transfer: self.transfer, file: self.file };
        let (seen, ..) = find(tx, cx, &self.caller, place).await?;
        tx.lock_accounts(&[seen.sender.account]).await?;
        let (transfer, _, prepared) = find(tx, cx, &self.caller, place).await?;
        let file = file_of(&transfer, self.file)?;
        check_upload_id(&prepared, &self.upload_id)?;
        if prepared.state == FileState::Aborted {
            return Err(PartsError::Gone);
        }
        let parts: Vec<_> = tx.file_parts(self.file).await?.iter().map(StoredPart::from).collect();
        check_claims(&self.parts, &parts)?;
        check_all_there(&parts, prepared.parts_needed(file.size))?;
        let whole = TransferFile { parts: u32::try_from(parts.len()).unwrap_or(u32::MAX), ..file.clone() };
        if prepared.state == FileState::Awaited {
            tx.set_file_bytes(&whole).await?;
            tx.set_file_state(self.file, FileState::Arrived).await?;
            let hash = JobKind::HashFile { transfer: self.transfer, file: self.file };
            tx.enqueue(&Job { id: cx.ids.next(), kind: hash, run_at: cx.now, attempts: 0 }).await?;
        }
        Ok(whole)
    }
}

/// What the client says must be what is there.
pub(super) fn check_claims(claims: &[ClaimedPart], parts: &[StoredPart]) -> Result<(), Invalid> {
    let mut errors = FieldErrors::default();
    for (index, claim) in claims.iter().enumerate() {
        let Some(part) = parts.iter().find(|part| part.number == claim.number) else { continue };
        if claim.etag != part.etag {
            let message = format!("must be {:?}, which the part's PUT was answered last", part.etag);
            errors.add(format!("parts[{index}].etag"), message);
        }
    }
    errors.finish()
}

pub(super) fn check_upload_id(file: &PreparedFile, upload_id: &str) -> Result<(), Invalid> {
    if file.upload_name() == upload_id {
        return Ok(());
    }
    Err(Invalid::field("upload_id", "must be the upload_id that the file was prepared with"))
}

/// How many missing parts a refusal names.
const NAMED_PARTS: usize = 20;

pub(super) fn check_all_there(parts: &[StoredPart], count: u64) -> Result<(), PartsError> {
    let there: std::collections::BTreeSet<u64> = parts.iter().map(|part| part.number.into()).collect();
    let missing: Vec<u64> = (1..=count).filter(|number| !there.contains(number)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = missing.iter().take(NAMED_PARTS).map(ToString::to_string).collect();
    let more = if missing.len() > NAMED_PARTS { " and more" } else { "" };
    let message = format!("{} of {count} parts have not arrived: {}{more}", missing.len(), named.join(", "));
    Err(PartsError::FilesMissing(Invalid::field("parts", message)))
}

/// Gives up a file that comes in parts. When the last file of a transfer is given up, the transfer is deleted.
#[derive(Debug, Clone)]
pub struct AbortParts {
    /// Who sends.
    pub caller: Caller,
    /// Which transfer.
    pub transfer: TransferId,
    /// Which file.
    pub file: FileId,
    /// The upload's id as the client knows it.
    pub upload_id: String,
}

#[async_trait]
impl Act for AbortParts {
    type Output = ();
    type Error = PartsError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), PartsError> {
        let place = Place { transfer: self.transfer, file: self.file };
        let (seen, ..) = find(tx, cx, &self.caller, place).await?;
        tx.lock_accounts(&[seen.sender.account, seen.recipient.account]).await?;
        let (transfer, prepared, file) = find(tx, cx, &self.caller, place).await?;
        check_upload_id(&file, &self.upload_id)?;
        if file.state == FileState::Aborted {
            return Ok(());
        }
        let size = file_of(&transfer, self.file)?.size;
        tx.set_file_state(self.file, FileState::Aborted).await?;
        tx.set_total_size(self.transfer, transfer.total_size.saturating_sub(size)).await?;
        release_part(tx, transfer.sender.account, self.transfer, size).await?;
        let events = self.end_if_last(cx, tx, &prepared).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "transfer.abort", self.transfer)).await?;
        tx.append_events(&events).await?;
        Ok(())
    }
}

impl AbortParts {
    async fn end_if_last(
        &self,
        cx: &Cx<'_>,
        tx: &mut dyn UnitOfWork,
        prepared: &Prepared,
    ) -> Result<Vec<Event>, StoreError> {
        let others = prepared.files.iter().filter(|file| file.file != self.file);
        if others.clone().all(|file| file.state == FileState::Aborted) {
            return end_and_purge(tx, cx, self.transfer, TransferStatus::Deleted).await;
        }
        let drop = JobKind::DropParts { transfer: self.transfer, file: self.file };
        tx.enqueue(&Job { id: cx.ids.next(), kind: drop, run_at: cx.now, attempts: 0 }).await?;
        Ok(Vec::new())
    }
}

/// Removes the bytes of a file that nobody needs any more: its parts, and what the store itself has of it.
///
/// # Errors
/// If the database or the store does not answer; doing it again is harmless.
pub async fn drop_bytes(
    ports: &Ports,
    file: &TransferFile,
    prepared: Option<&Prepared>,
) -> Result<(), ReceiveError> {
    let parts = act::ask(ports, &PartsThere { file: file.id }).await?;
    for part in &parts {
        ports.blobs.delete(&part.object_key).await?;
    }
    let known = prepared.and_then(|prepared| prepared.file(file.id));
    if let Some((store, upload_id)) =
        ports.direct.as_ref().zip(known.and_then(|file| file.upload_id.as_ref()))
    {
        store.abort(&file.object_key, upload_id).await?;
    }
    ports.blobs.delete(&file.object_key).await?;
    if !parts.is_empty() {
        act::perform(ports, &ForgetParts { file: file.id }).await?;
    }
    Ok(())
}

/// Removes the bytes of a file that was given up.
///
/// # Errors
/// As [`drop_bytes`].
pub async fn drop_parts(ports: &Ports, transfer: TransferId, file: FileId) -> Result<(), ReceiveError> {
    let (transfer, prepared) = act::ask(ports, &Found { transfer }).await?;
    match transfer.as_ref().map(|transfer| file_of(transfer, file)) {
        Some(Ok(file)) => drop_bytes(ports, file, prepared.as_ref()).await,
        Some(Err(_)) | None => Ok(()),
    }
}

struct Found {
    transfer: TransferId,
}

#[async_trait]
impl Ask for Found {
    type Output = (Option<Transfer>, Option<Prepared>);
    type Error = StoreError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Self::Output, StoreError> {
        Ok((view.transfer(self.transfer).await?, view.prepared(self.transfer).await?))
    }
}

/// The parts of a file, for the server's own work.
pub(in crate::transfer) struct PartsThere {
    pub(in crate::transfer) file: FileId,
}

#[async_trait]
impl Ask for PartsThere {
    type Output = Vec<FilePart>;
    type Error = StoreError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Vec<FilePart>, StoreError> {
        view.file_parts(self.file).await
    }
}

struct ForgetParts {
    file: FileId,
}

#[async_trait]
impl Act for ForgetParts {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, _: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        tx.delete_file_parts(self.file).await
    }
}

#[cfg(test)]
mod tests;
