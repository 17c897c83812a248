//! Confirming that the bytes of a prepared transfer are all there.

use std::time::Duration;

use async_trait::async_trait;

use super::super::create::account;
use super::super::route::{Ends, RouteError, check_channel, check_encryption, find_route};
use super::super::{Transfer, TransferStatus, event_of};
use super::{FileState, PartsError, Prepared, is_open, of_sender};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::connection::meanwhile;
use crate::error::{ActError, Denied, FieldErrors, Invalid};
use crate::event::EventName;
use crate::ids::{FileId, TransferId};
use crate::store::{StoreError, UnitOfWork};

/// Makes a prepared transfer active, once all its bytes are there (2.1.10 of the public API). Whether the sender
/// may send to the recipient is asked again: it may have changed since.
#[derive(Debug, Clone)]
pub struct ConfirmTransfer {
    /// Who sends.
    pub caller: Caller,
    /// Which transfer.
    pub id: TransferId,
    /// With direct delivery, the files that the store has just been seen to hold whole.
    pub in_store: Vec<FileId>,
}

/// Why a transfer is not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// No such transfer, or none that the caller sends; or the sender may not send any more.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// Files have not arrived.
    #[error("not every file has arrived; upload the missing ones, then confirm again")]
    FilesMissing(Invalid),
    /// It was confirmed before.
    #[error("the transfer is confirmed already")]
    AlreadyConfirmed,
    /// It was deleted, or ran out.
    #[error("the transfer was deleted, or its time to be uploaded is over; prepare a new one")]
    Gone,
}

impl From<StoreError> for ConfirmError {
    fn from(error: StoreError) -> Self {
        Self::Route(error.into())
    }
}

impl From<PartsError> for ConfirmError {
    fn from(error: PartsError) -> Self {
        match error {
            PartsError::Store(error) => error.into(),
            PartsError::Denied(denied) => Self::Route(denied.into()),
            _ => Self::Gone,
        }
    }
}

impl ActError for ConfirmError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Route(error) => error.store_error(),
            _ => None,
        }
    }
}

#[async_trait]
impl Act for ConfirmTransfer {
    type Output = Transfer;
    type Error = ConfirmError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Transfer, ConfirmError> {
        let seen = of_sender(tx, &self.caller, self.id).await?;
        tx.lock_accounts(&[seen.sender.account, seen.recipient.account]).await?;
        let transfer = of_sender(tx, &self.caller, self.id).await?;
        let prepared = tx.prepared(self.id).await?.filter(|_| is_open(&transfer, cx.now));
        let Some(prepared) = prepared else { return Err(refusal(&transfer, cx.now)) };
        self.check_way(tx, &transfer).await?;
        self.check_arrived(&transfer, &prepared)?;
        let expires_at = cx.now + Duration::from_secs(prepared.lifetime_seconds);
        if !tx.activate_transfer(self.id, expires_at).await? {
            return Err(meanwhile("the transfer was confirmed").into());
        }
        tx.delete_prepared(self.id).await?;
        let active = Transfer { status: TransferStatus::Active, announced: true, expires_at, ..transfer };
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "transfer.confirm", self.id)).await?;
        tx.append_events(&event_of(&active, EventName::TransferCreated, cx.now)).await?;
        Ok(active)
    }
}

fn refusal(transfer: &Transfer, now: Timestamp) -> ConfirmError {
    match transfer.status_at(now) {
        TransferStatus::Deleted | TransferStatus::Expired => ConfirmError::Gone,
        _ => ConfirmError::AlreadyConfirmed,
    }
}

impl ConfirmTransfer {
    async fn check_way(&self, tx: &mut dyn UnitOfWork, transfer: &Transfer) -> Result<(), RouteError> {
        let account = account(tx, self.caller.account).await?;
        let sender = transfer.sender.agent.map(|agent| agent.to_string());
        let recipient = transfer.recipient.agent.to_string();
        let ends = Ends {
            sender: sender.as_deref().unwrap_or(&transfer.sender.label),
            recipient: &recipient,
            recipient_account: None,
        };
        let route = find_route(tx, &self.caller, &account, ends).await?;
        check_channel(tx, transfer.encryption.channel(), &route).await?;
        check_encryption(tx, transfer.encryption.is_encrypted(), &route).await
    }

    fn check_arrived(&self, transfer: &Transfer, prepared: &Prepared) -> Result<(), ConfirmError> {
        let mut errors = FieldErrors::default();
        for (index, file) in transfer.files.iter().enumerate() {
            let state = prepared.file(file.id).map(|file| file.state);
            let problem = match state {
                Some(FileState::Aborted) => "was aborted",
                // What the rows say of the store may have been true once.
                Some(_) if prepared.direct && self.in_store.contains(&file.id) => continue,
                // Parts that came through a server are no single object, whatever the transfer began as.
                Some(FileState::Arrived) if !prepared.direct || file.parts > 0 => continue,
                _ => "has not arrived",
            };
            errors.add(format!("files[{index}]"), format!("{:?} {problem}", file.name.as_str()));
        }
        errors.finish().map_err(ConfirmError::FilesMissing)
    }
}

impl From<Denied> for ConfirmError {
    fn from(denied: Denied) -> Self {
        Self::Route(denied.into())
    }
}

#[cfg(test)]
mod tests;
