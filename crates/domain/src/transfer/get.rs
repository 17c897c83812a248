//! Reading transfers.

use async_trait::async_trait;

use super::visibility::{NO_TRANSFER, Part, part_of};
use super::{Mode, SentQuery, Transfer, TransferStatus};
use crate::act::{Ask, Cx};
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::TransferId;
use crate::impl_act_error;
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError};

/// Reads one transfer, as its sender or its recipient. The status is that of the clock.
#[derive(Debug, Clone)]
pub struct GetTransfer {
    /// Who asks.
    pub caller: Caller,
    /// For what.
    pub id: TransferId,
}

/// Why a transfer is not shown.
#[derive(Debug, thiserror::Error)]
pub enum ReadTransferError {
    /// Missing, deleted, or none of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ReadTransferError);

#[async_trait]
impl Ask for GetTransfer {
    type Output = Transfer;
    type Error = ReadTransferError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Transfer, ReadTransferError> {
        let transfer = view.transfer(self.id).await?.ok_or(Denied::NotFound(NO_TRANSFER))?;
        let part = part_of(&self.caller, &transfer)?;
        let unknown = part == Part::Recipient && !transfer.announced;
        if unknown || transfer.status == TransferStatus::Deleted {
            return Err(Denied::NotFound(NO_TRANSFER).into());
        }
        Ok(transfer.as_of(cx.now))
    }
}

/// Lists what the caller's account sent; with an agent key, what that agent sent.
#[derive(Debug, Clone)]
pub struct ListSent {
    /// Who asks.
    pub caller: Caller,
    /// Only this status.
    pub status: Option<TransferStatus>,
    /// Only this mode.
    pub mode: Option<Mode>,
    /// Which slice.
    pub page: Page,
}

#[async_trait]
impl Ask for ListSent {
    type Output = Slice<Transfer>;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Slice<Transfer>, StoreError> {
        let query = SentQuery {
            account: self.caller.account,
            agent: self.caller.bound_agent(),
            status: self.status,
            mode: self.mode,
            now: cx.now,
        };
        Ok(view.sent_transfers(&query, self.page).await?.as_of(cx.now))
    }
}

#[cfg(test)]
mod tests;
