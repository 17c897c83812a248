//! An account makes itself another key.

use async_trait::async_trait;

use super::{KeyOwner, NewKey, add_key};
use crate::account::{AccountCounter, LimitReached, display_name, plan_of};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::{Denied, Invalid};
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Makes an account key.
#[derive(Debug, Clone)]
pub struct CreateKey {
    /// Who asks.
    pub caller: Caller,
    /// What the key is called, 1 to 128 characters.
    pub name: String,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateKeyError {
    /// Not with an agent key.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Bad fields.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The account has as many keys as its plan allows.
    #[error(transparent)]
    LimitReached(#[from] LimitReached),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(CreateKeyError);

#[async_trait]
impl Act for CreateKey {
    type Output = NewKey;
    type Error = CreateKeyError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<NewKey, CreateKeyError> {
        self.caller.require_account_scope()?;
        let name = display_name(&self.name).map_err(|bad| Invalid::field("name", bad.to_string()))?;
        let account = self.caller.account;
        tx.lock_accounts(&[account]).await?;
        let plan = plan_of(cx, tx, account).await?;
        if !tx.count_up(account, AccountCounter::ApiKeys, plan.max_api_keys).await? {
            return Err(LimitReached::new(plan, plan.max_api_keys, "account keys", "revoke one").into());
        }
        let key = add_key(cx, tx, KeyOwner::Account(account), name).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "api_key.create", key.key.id)).await?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests;
