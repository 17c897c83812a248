//! The operator says what an account's transfers must be like.

use async_trait::async_trait;

use super::find::find_account;
use super::{Account, NoAccount};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Says whether transfers from and to an account must be encrypted by the client. Transfers that are there stay.
#[derive(Debug, Clone)]
pub struct SetPolicy {
    /// The account's e-mail address or UUID.
    pub account: String,
    /// Whether they must.
    pub require_encryption: bool,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SetPolicyError {
    /// No such account.
    #[error(transparent)]
    NoAccount(#[from] NoAccount),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(SetPolicyError);

#[async_trait]
impl Act for SetPolicy {
    type Output = Account;
    type Error = SetPolicyError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Account, SetPolicyError> {
        let account = find_account(tx, &self.account).await?.ok_or(NoAccount)?;
        tx.lock_accounts(&[account.id]).await?;
        if !tx.set_require_encryption(account.id, self.require_encryption).await? {
            return Err(NoAccount.into());
        }
        tx.append_audit(&AuditEntry::by_operator(cx, "account.set_policy", account.id)).await?;
        Ok(Account { require_encryption: self.require_encryption, ..account })
    }
}
