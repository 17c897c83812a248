//! Either account gives a connection up; an inviter withdraws an invite.

use async_trait::async_trait;

use super::{Connection, end::end, lock_as_party};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::ConnectionId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Revokes a connection, with its pairings and the channels between the two accounts.
#[derive(Debug, Clone)]
pub struct Revoke {
    /// Who gives it up.
    pub caller: Caller,
    /// What.
    pub id: ConnectionId,
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
        tx.append_events(&ended.events).await?;
        Ok(Revoked { pairings_revoked: ended.pairings_revoked })
    }
}

#[cfg(test)]
mod tests;
