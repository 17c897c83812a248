//! The other side says no.

use async_trait::async_trait;

use super::find::lock_as_party;
use super::{EndRefused, Pairing};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::event::EventName;
use crate::ids::PairingId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Rejects a pending pairing that the other side proposed or changed last. That is final; a new one may be
/// proposed.
#[derive(Debug, Clone)]
pub struct Reject {
    /// Who rejects.
    pub caller: Caller,
    /// What.
    pub id: PairingId,
}

/// Why a pairing was not rejected.
#[derive(Debug, thiserror::Error)]
pub enum RejectError {
    /// Not with an agent key; not a pairing of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The pairing's state is against it.
    #[error(transparent)]
    Refused(#[from] EndRefused),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(RejectError);

#[async_trait]
impl Act for Reject {
    type Output = Pairing;
    type Error = RejectError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Pairing, RejectError> {
        self.caller.require_account_scope()?;
        let pairing = lock_as_party::<RejectError>(tx, &self.caller, self.id).await?;
        let rejected = pairing.reject(self.caller.account, cx.now)?;
        super::write_ended(cx, tx, &rejected).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "pairing.reject", rejected.id)).await?;
        tx.append_events(&super::events(&rejected, EventName::PairingRejected, cx.now)).await?;
        Ok(rejected)
    }
}

#[cfg(test)]
mod tests;
