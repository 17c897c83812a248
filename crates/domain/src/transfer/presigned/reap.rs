//! Prepared transfers that were never confirmed.

use async_trait::async_trait;

use crate::act::{Act, Cx};
use crate::ids::TransferId;
use crate::store::{StoreError, UnitOfWork};
use crate::transfer::end::end_and_purge;
use crate::transfer::{Transfer, TransferStatus};

/// Ends a prepared transfer whose time is over: it expires, its bytes are removed.
pub(in crate::transfer) struct ReapPrepared {
    pub(in crate::transfer) id: TransferId,
}

#[async_trait]
impl Act for ReapPrepared {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        let Some(transfer) = tx.transfer(self.id).await? else { return Ok(()) };
        tx.lock_accounts(&[transfer.sender.account, transfer.recipient.account]).await?;
        // It was confirmed, or more of it came on its way, since it was found.
        let has_run_out =
            |it: Transfer| it.status == TransferStatus::Pending && it.status_at(cx.now) != it.status;
        if !tx.transfer(self.id).await?.is_some_and(has_run_out) {
            return Ok(());
        }
        let events = end_and_purge(tx, cx, self.id, TransferStatus::Expired).await?;
        tx.append_events(&events).await
    }
}
