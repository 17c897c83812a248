//! Either side gives a pairing up; a proposer withdraws a proposal.

use async_trait::async_trait;

use super::find::lock_as_party;
use super::{EndRefused, Pairing};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::event::{Event, EventName};
use crate::ids::PairingId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};
use crate::transfer::{TransferStatus, end_and_purge};

/// Revokes a pending or active pairing, and the channel of its two agents.
///
/// Where the operator has reserved this to human sessions, a key may still withdraw the caller's own pending
/// proposal.
#[derive(Debug, Clone)]
pub struct Revoke {
    /// Who gives it up.
    pub caller: Caller,
    /// What.
    pub id: PairingId,
    /// Whether active transfers between the two agents are to end too, in both directions.
    pub purge: bool,
}

/// Why a pairing was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// Not with an agent key; not a pairing of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The pairing is over already.
    #[error(transparent)]
    Refused(#[from] EndRefused),
    /// The operator lets only a human session do this.
    #[error("revoking a pairing needs a signed-in session on this server; an API key can't do it")]
    SessionRequired,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(RevokeError);

#[async_trait]
impl Act for Revoke {
    type Output = Pairing;
    type Error = RevokeError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Pairing, RevokeError> {
        self.caller.require_account_scope()?;
        let pairing = lock_as_party::<RevokeError>(tx, &self.caller, self.id).await?;
        let revoked = pairing.revoke(cx.now)?;
        if !cx.settings.allow_key_revocation && !pairing.is_own_pending_proposal(self.caller.account) {
            return Err(RevokeError::SessionRequired);
        }
        super::write_ended(cx, tx, &revoked).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "pairing.revoke", revoked.id)).await?;
        let mut events = super::events(&revoked, EventName::PairingRevoked, cx.now).to_vec();
        if self.purge {
            events.extend(purge(cx, tx, &revoked).await?);
        }
        tx.append_events(&events).await?;
        Ok(revoked)
    }
}

async fn purge(cx: &Cx<'_>, tx: &mut dyn UnitOfWork, pairing: &Pairing) -> Result<Vec<Event>, StoreError> {
    let mut events = Vec::new();
    for transfer in tx.active_transfers_between_agents(pairing.proposer.agent, pairing.other.agent).await? {
        events.extend(end_and_purge(tx, cx, transfer, TransferStatus::Deleted).await?);
    }
    Ok(events)
}

#[cfg(test)]
mod tests;
