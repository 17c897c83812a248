//! Deleting a transfer.

use async_trait::async_trait;

use super::TransferStatus;
use super::end::end_and_purge;
use super::visibility::{NO_TRANSFER, Part, part_of};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::error::Denied;
use crate::ids::TransferId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Deletes a transfer that the caller sent: no download begins or goes on, its bytes are removed in the
/// background, its row stays for the audit.
#[derive(Debug, Clone)]
pub struct DeleteTransfer {
    /// Who deletes.
    pub caller: Caller,
    /// What.
    pub id: TransferId,
}

/// Why a transfer is not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteTransferError {
    /// Missing, deleted before, or not the caller's to delete.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(DeleteTransferError);

#[async_trait]
impl Act for DeleteTransfer {
    type Output = Timestamp;
    type Error = DeleteTransferError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Timestamp, DeleteTransferError> {
        let transfer = tx.transfer(self.id).await?.ok_or(Denied::NotFound(NO_TRANSFER))?;
        if part_of(&self.caller, &transfer)? != Part::Sender {
            return Err(Denied::Forbidden("only the sender may delete a transfer").into());
        }
        tx.lock_accounts(&[transfer.sender.account, transfer.recipient.account]).await?;
        let events = end_and_purge(tx, cx, self.id, TransferStatus::Deleted).await?;
        if events.is_empty() {
            return Err(Denied::NotFound(NO_TRANSFER).into());
        }
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "transfer.delete", self.id)).await?;
        tx.append_events(&events).await?;
        Ok(cx.now)
    }
}

#[cfg(test)]
mod tests;
