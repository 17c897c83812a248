//! Prepared transfers that were never confirmed.

use async_trait::async_trait;

use super::is_open;
use crate::act::{self, Act, Ask, Cx, Ports};
use crate::ids::TransferId;
use crate::store::{ReadView, StoreError, UnitOfWork};
use crate::transfer::TransferStatus;
use crate::transfer::end::end_and_purge;

/// Pending transfers whose time is over and to which nothing is on its way, at most `limit`.
pub(in crate::transfer) struct RunOutPrepared {
    pub(in crate::transfer) limit: u32,
}

#[async_trait]
impl Ask for RunOutPrepared {
    type Output = Vec<TransferId>;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Vec<TransferId>, StoreError> {
        view.run_out_prepared(cx.now, self.limit).await
    }
}

/// Ends a prepared transfer whose time is over: it expires, its bytes are removed.
///
/// # Errors
/// The database's.
pub(in crate::transfer) async fn reap_prepared(ports: &Ports, id: TransferId) -> Result<(), StoreError> {
    act::perform(ports, &ReapPrepared { id }).await
}

struct ReapPrepared {
    id: TransferId,
}

#[async_trait]
impl Act for ReapPrepared {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        let Some(transfer) = tx.transfer(self.id).await? else { return Ok(()) };
        tx.lock_accounts(&[transfer.sender.account, transfer.recipient.account]).await?;
        // It was confirmed, or more of it is on its way, since it was found.
        let run_out =
            tx.transfer(self.id).await?.is_some_and(|now| is_open(&now) && now.expires_at <= cx.now);
        if !run_out || tx.has_living_upload(self.id, cx.now).await? {
            return Ok(());
        }
        let events = end_and_purge(tx, cx, self.id, TransferStatus::Expired).await?;
        tx.append_events(&events).await
    }
}
