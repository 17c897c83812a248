//! Either side asks for another direction.

use async_trait::async_trait;

use super::find::lock_as_party;
use super::{Pairing, Permission, UpdateRefused};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::event::EventName;
use crate::ids::PairingId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Sets a living pairing's permission. It is then pending with the caller as its proposer, so that the other
/// side confirms; the present permission of an active pairing changes nothing.
#[derive(Debug, Clone)]
pub struct Update {
    /// Who changes it.
    pub caller: Caller,
    /// What.
    pub id: PairingId,
    /// Who may send, seen from the caller.
    pub permission: Permission,
    /// The version the caller saw, if they say.
    pub saw_version: Option<u32>,
}

/// Why a pairing was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Not with an agent key; not a pairing of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The pairing's state is against it.
    #[error(transparent)]
    Refused(#[from] UpdateRefused),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(UpdateError);

#[async_trait]
impl Act for Update {
    type Output = Pairing;
    type Error = UpdateError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Pairing, UpdateError> {
        self.caller.require_account_scope()?;
        let pairing = lock_as_party::<UpdateError>(tx, &self.caller, self.id).await?;
        let updated = pairing.update(self.caller.account, self.permission, self.saw_version)?;
        if updated == pairing {
            return Ok(pairing);
        }
        tx.update_pairing(&updated).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "pairing.update", updated.id)).await?;
        tx.append_events(&super::events(&updated, EventName::PairingUpdated, cx.now)).await?;
        Ok(updated)
    }
}

#[cfg(test)]
mod tests;
