//! Bytes that come to a signed URL.

use async_trait::async_trait;

use super::super::upload::{
    Arrival, Counted, ReceiveError, ReceivedBytes, discard, is_replaced, lease_lost, receive,
};
use super::super::{Piece, Transfer, TransferFile};
use super::{FilePart, FileState, PreparedFile, abandon, file_of, is_open};
use crate::act::{self, Act, Ask, Cx, Ports};
use crate::blob::{ByteSource, Stored};
use crate::clock::Timestamp;
use crate::error::Denied;
use crate::ids::{AccountId, UploadId};
use crate::impl_act_error;
use crate::store::{ReadView, StoreError, UnitOfWork};

/// What a signed URL takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwaitedPiece {
    /// A whole file, or a part of one.
    pub piece: Piece,
    /// Its size in bytes.
    pub size: u64,
}

/// A piece that has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived(pub Stored);

/// Why a piece is not taken.
#[derive(Debug, thiserror::Error)]
pub enum StoreAwaitedError {
    /// No such transfer, file or part.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Confirmed, deleted, given up, or completed; or the key that prepared it was revoked.
    #[error("this upload URL does not work any more: the transfer does not wait for these bytes")]
    Gone,
    /// The bytes are not as many as were announced.
    #[error("this URL takes exactly {expected} bytes; {received} came")]
    SizeMismatch {
        /// How many were announced.
        expected: u64,
        /// How many came.
        received: u64,
    },
    /// The stream, or the store.
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(StoreAwaitedError);

/// Stores a piece that a prepared transfer waits for. One that is sent again takes the place of the one before,
/// arrived or arriving. After an error nothing of it is left.
///
/// # Errors
/// [`StoreAwaitedError`].
pub async fn store_awaited(
    ports: &Ports,
    piece: AwaitedPiece,
    body: &mut dyn ByteSource,
) -> Result<Arrived, StoreAwaitedError> {
    let account = act::ask(ports, &IsAwaited { piece }).await?;
    let arrival = Arrival {
        account,
        piece: Some(piece.piece),
        held: &[],
        counted: Counted::Elsewhere,
        size: Some(piece.size),
        limit: Some(piece.size),
    };
    let bytes = receive(ports, arrival, body).await?;
    let (upload, stored) = (bytes.upload, bytes.stored);
    match act::perform(ports, &TakeIn { piece, bytes }).await {
        Ok(replaced) => {
            if let Some(replaced) = replaced {
                // Before the sweeper does: nobody counts these bytes.
                let _left_to_the_sweeper = discard(ports, replaced).await;
            }
            Ok(Arrived(stored))
        }
        Err(error) => {
            // The refusal is the answer; what can't be removed now is left to the sweeper.
            let _left_to_the_sweeper = discard(ports, upload).await;
            Err(error)
        }
    }
}

/// Asks whether a piece is awaited, before its first byte is stored. Yields whose it is.
struct IsAwaited {
    piece: AwaitedPiece,
}

#[async_trait]
impl Ask for IsAwaited {
    type Output = AccountId;
    type Error = StoreAwaitedError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<AccountId, StoreAwaitedError> {
        let (transfer, _) = find(view, &self.piece, cx.now).await?;
        Ok(transfer.sender.account)
    }
}

async fn find<V: ReadView + ?Sized>(
    view: &mut V,
    &AwaitedPiece { piece, size: announced }: &AwaitedPiece,
    now: Timestamp,
) -> Result<(Transfer, PreparedFile), StoreAwaitedError> {
    let missing = Denied::NotFound("File");
    let transfer = view.transfer(piece.transfer).await?.ok_or_else(|| missing.clone())?;
    let size = file_of(&transfer, piece.file)?.size;
    let prepared = view.prepared(piece.transfer).await?;
    let Some(prepared) = prepared.filter(|_| is_open(&transfer, now)) else {
        return Err(StoreAwaitedError::Gone);
    };
    // A revoked key takes its URLs along.
    if view.api_key(prepared.key).await?.is_none_or(|key| key.revoked_at.is_some()) {
        return Err(StoreAwaitedError::Gone);
    }
    let file = prepared.file(piece.file).ok_or_else(|| missing.clone())?.clone();
    let expected = match piece.part {
        None if file.part_size.is_none() => size,
        Some(number) => file.size_of_part(size, number).ok_or_else(|| missing.clone())?,
        None => return Err(missing.into()),
    };
    if expected != announced {
        return Err(missing.into());
    }
    // A whole file may be sent again until the transfer is confirmed; parts until they are put together.
    let closed =
        file.state == FileState::Aborted || (piece.part.is_some() && file.state == FileState::Arrived);
    if closed { Err(StoreAwaitedError::Gone) } else { Ok((transfer, file)) }
}

/// Makes received bytes a piece of their transfer.
struct TakeIn {
    piece: AwaitedPiece,
    bytes: ReceivedBytes,
}

#[async_trait]
impl Act for TakeIn {
    /// The upload that holds the bytes in whose place these came, to be removed.
    type Output = Option<UploadId>;
    type Error = StoreAwaitedError;

    async fn perform(
        &self,
        cx: &Cx<'_>,
        tx: &mut dyn UnitOfWork,
    ) -> Result<Option<UploadId>, StoreAwaitedError> {
        let Stored { size: received, sha256 } = self.bytes.stored;
        if received != self.piece.size {
            return Err(StoreAwaitedError::SizeMismatch { expected: self.piece.size, received });
        }
        let (seen, _) = find(tx, &self.piece, cx.now).await?;
        tx.lock_accounts(&[seen.sender.account]).await?;
        let (transfer, file) = find(tx, &self.piece, cx.now).await?;
        if !tx.settle_upload(self.bytes.upload).await? {
            let replaced = is_replaced(tx, cx, self.bytes.upload).await?;
            let lost = if replaced { ReceiveError::Replaced } else { lease_lost().into() };
            return Err(lost.into());
        }
        let object_key = self.bytes.object_key.clone();
        let replaced = match self.piece.piece.part {
            Some(number) => {
                let part = FilePart { number, size: received, sha256, object_key };
                tx.put_file_part(file.file, &part).await?.map(|before| before.object_key)
            }
            None => {
                let before = file_of(&transfer, file.file)?;
                let whole = TransferFile { object_key, sha256: Some(sha256), ..before.clone() };
                tx.set_file_bytes(&whole).await?;
                tx.set_file_state(file.file, FileState::Arrived).await?;
                (file.state == FileState::Arrived).then(|| before.object_key.clone())
            }
        };
        match replaced {
            Some(object_key) => Ok(Some(abandon(tx, cx, &transfer, object_key).await?)),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
