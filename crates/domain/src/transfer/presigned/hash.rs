//! The SHA-256 of a file that came in parts, taken after the fact: no one stream carried it.

use async_trait::async_trait;

use super::parts::PartsThere;
use crate::act::{self, Act, Ask, Cx, Ports};
use crate::ids::{FileId, TransferId};
use crate::store::{ReadView, StoreError, UnitOfWork};
use crate::transfer::{ReceiveError, TransferFile};

/// Reads all parts of a file and notes the SHA-256 of the whole.
///
/// # Errors
/// If the database or the store does not answer; doing it again is harmless.
pub async fn hash_file(ports: &Ports, transfer: TransferId, file: FileId) -> Result<(), ReceiveError> {
    // Another worker, or an earlier attempt, has done it: the parts of a complete file never change.
    if act::ask(ports, &IsHashed { transfer, file }).await? {
        return Ok(());
    }
    let keys: Vec<_> =
        act::ask(ports, &PartsThere { file }).await?.into_iter().map(|part| part.object_key).collect();
    // Given up, or removed, since.
    if keys.is_empty() {
        return Ok(());
    }
    match ports.blobs.sha256(&keys).await {
        Ok(sha256) => Ok(act::perform(ports, &NoteHash { transfer, file, sha256 }).await?),
        // Removed while they were read.
        Err(crate::blob::BlobError::NotFound(_)) if !is_there(ports, file).await? => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn is_there(ports: &Ports, file: FileId) -> Result<bool, StoreError> {
    Ok(!act::ask(ports, &PartsThere { file }).await?.is_empty())
}

struct IsHashed {
    transfer: TransferId,
    file: FileId,
}

#[async_trait]
impl Ask for IsHashed {
    type Output = bool;
    type Error = StoreError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<bool, StoreError> {
        let transfer = view.transfer(self.transfer).await?;
        let files = transfer.map(|transfer| transfer.files).unwrap_or_default();
        Ok(files.iter().any(|file| file.id == self.file && file.sha256.is_some()))
    }
}

struct NoteHash {
    transfer: TransferId,
    file: FileId,
    sha256: [u8; 32],
}

#[async_trait]
impl Act for NoteHash {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, _: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        let Some(transfer) = tx.transfer(self.transfer).await? else { return Ok(()) };
        let Some(file) = transfer.files.into_iter().find(|file| file.id == self.file) else { return Ok(()) };
        tx.set_file_bytes(&TransferFile { sha256: Some(self.sha256), ..file }).await
    }
}
