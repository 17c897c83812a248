//! An account refuses another no longer.

use async_trait::async_trait;

use super::Block;
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::BlockId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Removes a block record of the caller's. Nothing that the block ended comes back.
#[derive(Debug, Clone)]
pub struct Unblock {
    /// Who blocks.
    pub caller: Caller,
    /// The record.
    pub id: BlockId,
}

/// Why a block record was not removed.
#[derive(Debug, thiserror::Error)]
pub enum UnblockError {
    /// Not with an agent key; not a block record of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(UnblockError);

#[async_trait]
impl Act for Unblock {
    type Output = Block;
    type Error = UnblockError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Block, UnblockError> {
        self.caller.require_account_scope()?;
        let seen = self.find(tx).await?;
        tx.lock_accounts(&[seen.blocker, seen.blocked]).await?;
        let block = self.find(tx).await?;
        tx.delete_block(block.id).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "connection.unblock", block.id)).await?;
        Ok(block)
    }
}

impl Unblock {
    /// The record, if it is the caller's; the blocked side must not learn of it.
    async fn find(&self, tx: &mut dyn UnitOfWork) -> Result<Block, UnblockError> {
        let found = tx.block(self.id).await?.filter(|block| block.blocker == self.caller.account);
        found.ok_or(UnblockError::Denied(Denied::NotFound("Block")))
    }
}

#[cfg(test)]
mod tests;
