//! The invited account says no.

use async_trait::async_trait;

use super::{AnswerRefused, Connection, lock_as_party};
use crate::account::AccountCounter;
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::ConnectionId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Rejects an invite: its row is removed, and the inviter is not told.
#[derive(Debug, Clone)]
pub struct Reject {
    /// Who rejects.
    pub caller: Caller,
    /// What.
    pub id: ConnectionId,
}

/// Why an invite was not rejected.
#[derive(Debug, thiserror::Error)]
pub enum RejectError {
    /// Not with an agent key; not a connection of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The caller sent it, or it was answered before.
    #[error(transparent)]
    Refused(#[from] AnswerRefused),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(RejectError);

#[async_trait]
impl Act for Reject {
    type Output = ();
    type Error = RejectError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), RejectError> {
        self.caller.require_account_scope()?;
        let invite: Connection = lock_as_party::<RejectError>(tx, &self.caller, self.id).await?;
        invite.may_answer(self.caller.account)?;
        tx.delete_connection(invite.id).await?;
        for account in invite.counted_by() {
            tx.count_down(account, AccountCounter::Connections).await?;
        }
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "connection.reject", invite.id)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
