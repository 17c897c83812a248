//! One account refuses another, which ends what is between them.

use async_trait::async_trait;

use super::{Block, Connection, end::end, lock_as_party};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::{AccountId, ConnectionId};
use crate::impl_act_error;
use crate::store::{StoreError, UniqueRule, UnitOfWork};

/// Blocks the account on the other side of a connection, whatever the connection's status. A living
/// connection between the two is revoked, even if it is another one than the named.
///
/// An inviter can't block before the invite was accepted: the answer would tell whether the address belongs to
/// an account.
#[derive(Debug, Clone)]
pub struct BlockConnection {
    /// Who blocks.
    pub caller: Caller,
    /// The connection whose other side is blocked.
    pub id: ConnectionId,
}

/// What was blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// The record.
    pub block: Block,
    /// How many pending and active pairings were revoked.
    pub pairings_revoked: u64,
}

/// Why nobody was blocked.
#[derive(Debug, thiserror::Error)]
pub enum BlockConnectionError {
    /// Not with an agent key; not a connection of the caller's; the caller's own invite was never accepted.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The caller blocks that account already.
    #[error("you block this account already")]
    AlreadyBlocked,
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl_act_error!(BlockConnectionError);

impl From<StoreError> for BlockConnectionError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(UniqueRule::Block) => Self::AlreadyBlocked,
            error => Self::Store(error),
        }
    }
}

const NOT_ACCEPTED: Denied =
    Denied::Forbidden("your invite was not accepted, so there is nobody to block; withdraw it with DELETE");

#[async_trait]
impl Act for BlockConnection {
    type Output = Blocked;
    type Error = BlockConnectionError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Blocked, BlockConnectionError> {
        self.caller.require_account_scope()?;
        let blocker = self.caller.account;
        let named: Connection = lock_as_party::<BlockConnectionError>(tx, &self.caller, self.id).await?;
        let blocked: AccountId = named.known_to(blocker).ok_or(NOT_ACCEPTED)?;
        let block = Block { id: cx.ids.next(), blocker, blocked, created_at: cx.now };
        tx.insert_block(&block).await?;
        let living = tx.living_connection(blocker, blocked).await?;
        let ended = match &living {
            Some(connection) => end(cx, tx, connection).await?,
            None => None,
        };
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "connection.block", named.id)).await?;
        let Some(ended) = ended else { return Ok(Blocked { block, pairings_revoked: 0 }) };
        tx.append_events(&ended.events).await?;
        Ok(Blocked { block, pairings_revoked: ended.pairings_revoked })
    }
}

#[cfg(test)]
mod tests;
