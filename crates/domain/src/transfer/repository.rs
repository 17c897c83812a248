use async_trait::async_trait;

use super::{Grant, Mode, Piece, Transfer, TransferStatus, Upload};
use crate::clock::Timestamp;
use crate::ids::{AccountId, AgentId, GrantId, TransferId, UploadId};
use crate::page::{Page, Slice};
use crate::store::StoreError;

/// Which transfers that an account sent are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentQuery {
    /// The sender's account.
    pub account: AccountId,
    /// Only those that this agent sent.
    pub agent: Option<AgentId>,
    /// Only this status, by the clock: an active one that has run out counts as expired.
    pub status: Option<TransferStatus>,
    /// Only this mode.
    pub mode: Option<Mode>,
    /// What the clock says.
    pub now: Timestamp,
}

/// Which transfers to an agent are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxQuery {
    /// The receiving agent.
    pub agent: AgentId,
    /// Only this status, by the clock.
    pub status: TransferStatus,
    /// What the clock says.
    pub now: Timestamp,
}

/// Reading transfers.
#[async_trait]
pub trait TransferReads: Send {
    /// The transfer of that id, whatever its status.
    async fn transfer(&mut self, id: TransferId) -> Result<Option<Transfer>, StoreError>;
    /// What an account sent, newest first.
    async fn sent_transfers(&mut self, query: &SentQuery, page: Page) -> Result<Slice<Transfer>, StoreError>;
    /// What an agent received, newest first.
    async fn inbox(&mut self, query: &InboxQuery, page: Page) -> Result<Slice<Transfer>, StoreError>;
    /// The grant of that id.
    async fn grant(&mut self, id: GrantId) -> Result<Option<Grant>, StoreError>;
    /// Active transfers that have run out, at most `limit`.
    async fn run_out_transfers(&mut self, now: Timestamp, limit: u32) -> Result<Vec<TransferId>, StoreError>;
    /// Active and pending transfers to an agent.
    async fn active_transfers_to_agent(&mut self, agent: AgentId) -> Result<Vec<TransferId>, StoreError>;
    /// Active and pending transfers between two accounts, in either direction.
    async fn active_transfers_between_accounts(
        &mut self,
        x: AccountId,
        y: AccountId,
    ) -> Result<Vec<TransferId>, StoreError>;
    /// Active and pending transfers between two agents, in either direction.
    async fn active_transfers_between_agents(
        &mut self,
        x: AgentId,
        y: AgentId,
    ) -> Result<Vec<TransferId>, StoreError>;
    /// Until when grants or running fetches protect an ended transfer's bytes; `None` if none does.
    async fn protected_until(
        &mut self,
        id: TransferId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError>;
}

/// Changing transfers.
#[async_trait]
pub trait TransferRepository: TransferReads {
    /// Adds a transfer and its files.
    async fn insert_transfer(&mut self, transfer: &Transfer) -> Result<(), StoreError>;
    /// Counts one download if the transfer is active, has not run out and has a download left; sets the
    /// status `downloaded` when that was the last, or with `auto_delete`. Returns the transfer afterwards,
    /// `None` if it could not be claimed. Of parallel claims on one left download exactly one succeeds.
    async fn claim_download(
        &mut self,
        id: TransferId,
        now: Timestamp,
    ) -> Result<Option<Transfer>, StoreError>;
    /// Ends an active or pending transfer; with [`TransferStatus::Deleted`] also one that has ended otherwise. The first
    /// end is the one that `ended_at` keeps. `false` if there was nothing to end.
    async fn end_transfer(
        &mut self,
        id: TransferId,
        status: TransferStatus,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Notes that an ended transfer's bytes are gone.
    async fn mark_purged(&mut self, id: TransferId, now: Timestamp) -> Result<(), StoreError>;
    /// Adds a grant.
    async fn insert_grant(&mut self, grant: &Grant) -> Result<(), StoreError>;
    /// Notes that a fetch is running under a grant. `false` if the grant is revoked or gone.
    async fn renew_grant_stream(&mut self, id: GrantId, until: Timestamp) -> Result<bool, StoreError>;
    /// Takes back all grants of a transfer.
    async fn revoke_grants(&mut self, id: TransferId, now: Timestamp) -> Result<(), StoreError>;
}

/// Reading uploads.
#[async_trait]
pub trait UploadReads: Send {
    /// The upload of that id.
    async fn upload(&mut self, id: UploadId) -> Result<Option<Upload>, StoreError>;
    /// Uploads whose lease has run out, at most `limit`.
    async fn abandoned_uploads(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Upload>, StoreError>;
}

/// Changing uploads.
#[async_trait]
pub trait UploadRepository: UploadReads {
    /// Adds an upload.
    async fn insert_upload(&mut self, upload: &Upload) -> Result<(), StoreError>;
    /// Prolongs a lease. `false` if the upload was taken, by the sweeper or by a newer upload of its piece.
    async fn renew_upload(&mut self, id: UploadId, lease_until: Timestamp) -> Result<bool, StoreError>;
    /// Ends an upload because a transfer takes its bytes over. `false` if the upload was taken otherwise.
    async fn settle_upload(&mut self, id: UploadId) -> Result<bool, StoreError>;
    /// Takes an upload for reaping and ends its lease, which with `abandoned` must have run out. `false` if the
    /// upload is gone, or alive.
    async fn reap_upload(
        &mut self,
        id: UploadId,
        now: Timestamp,
        abandoned: bool,
    ) -> Result<bool, StoreError>;
    /// Takes every other upload of a piece. Whoever sends it keeps the lease, and hears of it at the next renewal.
    async fn replace_uploads(&mut self, piece: &Piece, by: UploadId) -> Result<(), StoreError>;
    /// Forgets an upload whose bytes are removed.
    async fn delete_upload(&mut self, id: UploadId) -> Result<(), StoreError>;
}
