//! The other side agrees.

use async_trait::async_trait;

use super::find::lock_as_party;
use super::{ConfirmRefused, Confirmed, Pairing};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::event::EventName;
use crate::ids::PairingId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Confirms a pending pairing that the other side proposed or changed last.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// Who confirms.
    pub caller: Caller,
    /// What.
    pub id: PairingId,
    /// What they saw, so that nobody confirms more than that.
    pub saw: Confirmed,
}

/// Why a pairing was not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Not with an agent key; not a pairing of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The pairing's state is against it.
    #[error(transparent)]
    Refused(#[from] ConfirmRefused),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ConfirmError);

#[async_trait]
impl Act for Confirm {
    type Output = Pairing;
    type Error = ConfirmError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Pairing, ConfirmError> {
        self.caller.require_account_scope()?;
        let pairing = lock_as_party::<ConfirmError>(tx, &self.caller, self.id).await?;
        let active = pairing.confirm(self.caller.account, self.saw, cx.now)?;
        tx.update_pairing(&active).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "pairing.confirm", active.id)).await?;
        tx.append_events(&super::events(&active, EventName::PairingConfirmed, cx.now)).await?;
        Ok(active)
    }
}

#[cfg(test)]
mod tests;
