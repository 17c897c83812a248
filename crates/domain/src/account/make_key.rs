//! The operator makes a key for an account, for instance because its owner lost the last one.

use async_trait::async_trait;

use super::find::find_account;
use super::{Account, AccountCounter, NoAccount, display_name};
use crate::act::{Act, Cx};
use crate::api_key::{KeyOwner, NewKey, add_key};
use crate::audit::AuditEntry;
use crate::error::Invalid;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Makes an account key. It counts towards the plan's keys but is never refused: the operator's word goes
/// beyond the plan.
#[derive(Debug, Clone)]
pub struct MakeAccountKey {
    /// The account's e-mail address or UUID.
    pub account: String,
    /// What the key is called, 1 to 128 characters.
    pub name: String,
}

/// A key that an operator made.
#[derive(Debug)]
pub struct MadeAccountKey {
    /// Whose key it is.
    pub account: Account,
    /// The key.
    pub key: NewKey,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum MakeAccountKeyError {
    /// Bad fields.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No such account.
    #[error(transparent)]
    NoAccount(#[from] NoAccount),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(MakeAccountKeyError);

#[async_trait]
impl Act for MakeAccountKey {
    type Output = MadeAccountKey;
    type Error = MakeAccountKeyError;

    async fn perform(
        &self,
        cx: &Cx<'_>,
        tx: &mut dyn UnitOfWork,
    ) -> Result<MadeAccountKey, MakeAccountKeyError> {
        let name = display_name(&self.name).map_err(|bad| Invalid::field("name", bad.to_string()))?;
        let account = find_account(tx, &self.account).await?.ok_or(NoAccount)?;
        tx.lock_accounts(&[account.id]).await?;
        tx.count_up(account.id, AccountCounter::ApiKeys, None).await?;
        let key = add_key(cx, tx, KeyOwner::Account(account.id), name).await?;
        tx.append_audit(&AuditEntry::by_operator(cx, "account.new_key", account.id)).await?;
        Ok(MadeAccountKey { account, key })
    }
}
