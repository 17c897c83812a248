//! An account revokes one of its keys.

use async_trait::async_trait;

use crate::account::AccountCounter;
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::error::Denied;
use crate::ids::ApiKeyId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Revokes an account key. Yields when that was.
#[derive(Debug, Clone)]
pub struct RevokeKey {
    /// Who asks.
    pub caller: Caller,
    /// The key.
    pub key: ApiKeyId,
}

/// Why the key was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeKeyError {
    /// Not with an agent key; no such key, or it was revoked before.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The key that was presented.
    #[error("a key can't revoke itself; revoke it with another account key")]
    SelfRevoke,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(RevokeKeyError);

#[async_trait]
impl Act for RevokeKey {
    type Output = Timestamp;
    type Error = RevokeKeyError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Timestamp, RevokeKeyError> {
        self.caller.require_account_scope()?;
        if self.key == self.caller.credential.key() {
            return Err(RevokeKeyError::SelfRevoke);
        }
        let account = self.caller.account;
        tx.lock_accounts(&[account]).await?;
        let key = tx.api_key(self.key).await?;
        let own = key.is_some_and(|key| key.account_id == account && key.agent_id.is_none());
        if !own || !tx.revoke_api_key(self.key, cx.now).await? {
            return Err(NO_KEY.into());
        }
        tx.count_down(account, AccountCounter::ApiKeys).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "api_key.revoke", self.key)).await?;
        Ok(cx.now)
    }
}

pub(super) const NO_KEY: Denied = Denied::NotFound("API key");

#[cfg(test)]
mod tests;
