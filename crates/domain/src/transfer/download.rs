//! Downloading: one call is one download, claimed before any byte moves.

use std::time::Duration;

use async_trait::async_trait;

use super::end::purge_at;
use super::visibility::{NO_TRANSFER, require_recipient};
use super::{Grant, Transfer, TransferStatus, event_of};
use crate::account::release_transfer;
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::event::EventName;
use crate::ids::TransferId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// The slowest client whose fetch still fits into its grant, in bytes a second.
const SLOWEST_BYTES_PER_SECOND: u64 = 256 << 10;
/// The longest a grant lasts, in seconds.
const MAX_GRANT_SECONDS: u64 = 24 * 3_600;

/// Claims one download of a transfer and grants the fetching of its files for a while.
#[derive(Debug, Clone)]
pub struct Download {
    /// Who downloads.
    pub caller: Caller,
    /// What.
    pub id: TransferId,
}

/// Why there is nothing to download.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// Missing, or not the caller's to download.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Its bytes are still to come.
    #[error("the transfer is not complete yet; try again when its sender has confirmed it")]
    NotReady,
    /// It was there once.
    #[error("the transfer is {}; it can't be downloaded any more", crate::words::word_of(&TransferStatus::ALL, *.0))]
    Gone(TransferStatus),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(DownloadError);

#[async_trait]
impl Act for Download {
    type Output = (Transfer, Grant);
    type Error = DownloadError;

    async fn perform(
        &self,
        cx: &Cx<'_>,
        tx: &mut dyn UnitOfWork,
    ) -> Result<(Transfer, Grant), DownloadError> {
        let seen = tx.transfer(self.id).await?.ok_or(Denied::NotFound(NO_TRANSFER))?;
        require_recipient(&self.caller, &seen)?;
        refuse_ended(&seen, cx)?;
        tx.lock_accounts(&[seen.sender.account, seen.recipient.account]).await?;
        let Some(transfer) = tx.claim_download(self.id, cx.now).await? else {
            let now = tx.transfer(self.id).await?.ok_or(Denied::NotFound(NO_TRANSFER))?;
            refuse_ended(&now, cx)?;
            return Err(DownloadError::Gone(TransferStatus::Downloaded));
        };
        let grant = self.grant(cx, &transfer);
        tx.insert_grant(&grant).await?;
        if transfer.status != TransferStatus::Active {
            release_transfer(tx, transfer.sender.account, transfer.id).await?;
            purge_at(tx, cx, transfer.id, grant.expires_at).await?;
        }
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "transfer.download", transfer.id)).await?;
        tx.append_events(&event_of(&transfer, EventName::TransferDownloaded, cx.now)).await?;
        Ok((transfer, grant))
    }
}

impl Download {
    fn grant(&self, cx: &Cx<'_>, transfer: &Transfer) -> Grant {
        let seconds = grant_seconds(transfer.total_size, cx.settings.grant_seconds.into());
        Grant {
            id: cx.ids.next(),
            transfer_id: transfer.id,
            key_id: self.caller.credential.key(),
            created_at: cx.now,
            expires_at: cx.now + Duration::from_secs(seconds),
            streaming_until: None,
            revoked_at: None,
        }
    }
}

/// How long a grant lasts: the time a slow client needs, at least `least`, at most a day (decision 3).
fn grant_seconds(total_size: u64, least: u64) -> u64 {
    (total_size / SLOWEST_BYTES_PER_SECOND).max(least).min(MAX_GRANT_SECONDS.max(least))
}

fn refuse_ended(transfer: &Transfer, cx: &Cx<'_>) -> Result<(), DownloadError> {
    match transfer.status_at(cx.now) {
        TransferStatus::Active => Ok(()),
        TransferStatus::Pending => Err(DownloadError::NotReady),
        ended => Err(DownloadError::Gone(ended)),
    }
}

#[cfg(test)]
mod tests;
