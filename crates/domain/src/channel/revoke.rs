//! Either account gives a channel up.

use async_trait::async_trait;

use super::get::find_as_party;
use super::{Channel, end};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::ChannelId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Revokes a channel: no new transfer may name it, active ones stay readable.
#[derive(Debug, Clone)]
pub struct Revoke {
    /// Who gives it up.
    pub caller: Caller,
    /// What.
    pub id: ChannelId,
}

/// Why a channel was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// Not with an agent key; not a channel of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It was revoked before.
    #[error("the channel is already revoked")]
    AlreadyRevoked,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(RevokeError);

#[async_trait]
impl Act for Revoke {
    type Output = ();
    type Error = RevokeError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), RevokeError> {
        self.caller.require_account_scope()?;
        let channel = self.lock(tx).await?;
        if !end(cx, tx, &channel).await? {
            return Err(RevokeError::AlreadyRevoked);
        }
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "channel.revoke", channel.id)).await?;
        Ok(())
    }
}

impl Revoke {
    /// The channel, read again once its two accounts, which never change, are locked.
    async fn lock(&self, tx: &mut dyn UnitOfWork) -> Result<Channel, RevokeError> {
        let seen = find_as_party::<RevokeError>(tx, &self.caller, self.id).await?.channel;
        tx.lock_accounts(&[seen.a.account, seen.b.account]).await?;
        Ok(find_as_party::<RevokeError>(tx, &self.caller, self.id).await?.channel)
    }
}

#[cfg(test)]
mod tests;
