//! Fetching the bytes of a file under a grant.

use std::time::Duration;

use async_trait::async_trait;

use super::{Grant, TransferFile};
use crate::act::{Act, Ask, Cx};
use crate::error::Denied;
use crate::ids::{FileId, GrantId};
use crate::impl_act_error;
use crate::store::{ReadView, StoreError, UnitOfWork};

/// For how long a running fetch protects the bytes before it must say again that it runs, in seconds.
pub const STREAM_LEASE_SECONDS: u64 = 120;

/// Opens a file for a fetch whose signature was found good.
#[derive(Debug, Clone, Copy)]
pub struct OpenFile {
    /// The grant in the URL.
    pub grant: GrantId,
    /// The file in the URL.
    pub file: FileId,
}

/// Why a file can't be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No such grant or file, or a grant of another transfer.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The grant has ended, was taken back, or the bytes are removed.
    #[error("this download URL does not work any more; ask for the download again")]
    Gone,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(FetchError);

#[async_trait]
impl Ask for OpenFile {
    type Output = (TransferFile, Grant);
    type Error = FetchError;

    async fn answer(
        &self,
        cx: &Cx<'_>,
        view: &mut dyn ReadView,
    ) -> Result<(TransferFile, Grant), FetchError> {
        let missing = || FetchError::Denied(Denied::NotFound("File"));
        let grant = view.grant(self.grant).await?.ok_or_else(missing)?;
        let transfer = view.transfer(grant.transfer_id).await?.ok_or_else(missing)?;
        if grant.expires_at <= cx.now || transfer.purged_at.is_some() {
            return Err(FetchError::Gone);
        }
        if is_taken_back(view, &grant).await? {
            return Err(FetchError::Gone);
        }
        let file = transfer.files.into_iter().find(|file| file.id == self.file).ok_or_else(missing)?;
        Ok((file, grant))
    }
}

/// A revoked key takes its URLs along.
async fn is_taken_back(view: &mut dyn ReadView, grant: &Grant) -> Result<bool, StoreError> {
    let key = view.api_key(grant.key_id).await?;
    Ok(grant.revoked_at.is_some() || key.is_none_or(|key| key.revoked_at.is_some()))
}

/// Asks whether a running fetch may go on; that it outlives its URL is no reason to end it.
#[derive(Debug, Clone, Copy)]
pub struct MayGoOn {
    /// The grant it runs under.
    pub grant: GrantId,
}

#[async_trait]
impl Ask for MayGoOn {
    type Output = bool;
    type Error = StoreError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<bool, StoreError> {
        let Some(grant) = view.grant(self.grant).await? else { return Ok(false) };
        Ok(!is_taken_back(view, &grant).await?)
    }
}

/// Says that a fetch is still running, so that the bytes stay while it does. `false` if the grant was taken
/// back: the fetch must end.
#[derive(Debug, Clone, Copy)]
pub struct KeepFetching {
    /// The grant it runs under.
    pub grant: GrantId,
}

#[async_trait]
impl Act for KeepFetching {
    type Output = bool;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<bool, StoreError> {
        tx.renew_grant_stream(self.grant, cx.now + Duration::from_secs(STREAM_LEASE_SECONDS)).await
    }
}

#[cfg(test)]
mod tests;
