//! Either account gives a connection up; an inviter withdraws an invite.

use async_trait::async_trait;

use super::{Connection, end::end, lock_as_party};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::event::Event;
use crate::ids::ConnectionId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};
use crate::transfer::{TransferStatus, end_and_purge};

/// Revokes a connection, with its pairings and the channels between the two accounts.
#[derive(Debug, Clone)]
pub struct Revoke {
    /// Who gives it up.
    pub caller: Caller,
    /// What.
    pub id: ConnectionId,
    /// Whether active transfers between the two accounts are to end too, in both directions.
    pub purge: bool,
}

/// What was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// How many pending and active pairings went with the connection.
    pub pairings_revoked: u64,
}

/// Why a connection was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// Not with an agent key; not a connection of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It was revoked before.
    #[error("the connection is already revoked")]
    AlreadyRevoked,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(RevokeError);

#[async_trait]
impl Act for Revoke {
    type Output = Revoked;
    type Error = RevokeError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Revoked, RevokeError> {
        self.caller.require_account_scope()?;
        let connection: Connection = lock_as_party::<RevokeError>(tx, &self.caller, self.id).await?;
        let ended = end(cx, tx, &connection).await?.ok_or(RevokeError::AlreadyRevoked)?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "connection.revoke", connection.id)).await?;
        let mut events = ended.events;
        if self.purge {
            events.extend(purge(cx, tx, &connection).await?);
        }
        tx.append_events(&events).await?;
        Ok(Revoked { pairings_revoked: ended.pairings_revoked })
    }
}

async fn purge(
    cx: &Cx<'_>,
    tx: &mut dyn UnitOfWork,
    connection: &Connection,
) -> Result<Vec<Event>, StoreError> {
    let Some(invitee) = connection.invitee else { return Ok(Vec::new()) };
    let mut events = Vec::new();
    for transfer in tx.active_transfers_between_accounts(connection.inviter, invitee).await? {
        events.extend(end_and_purge(tx, cx, transfer, TransferStatus::Deleted).await?);
    }
    Ok(events)
}

#[cfg(test)]
mod tests;
