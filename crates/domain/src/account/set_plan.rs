//! The operator puts an account on another plan.

use async_trait::async_trait;

use super::create::known_plan;
use super::find::find_account;
use super::{Account, NoAccount};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::error::Invalid;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Puts an account on another plan. What it has above the new limits stays; it only gets no more.
#[derive(Debug, Clone)]
pub struct SetPlan {
    /// The account's e-mail address or UUID.
    pub account: String,
    /// The plan's name.
    pub plan: String,
}

/// Why the plan was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SetPlanError {
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

impl_act_error!(SetPlanError);

#[async_trait]
impl Act for SetPlan {
    type Output = Account;
    type Error = SetPlanError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Account, SetPlanError> {
        let plan = known_plan(&cx.settings.plans, Some(&self.plan))
            .map_err(|allowed| Invalid::field("plan", allowed))?;
        let account = find_account(tx, &self.account).await?.ok_or(NoAccount)?;
        tx.lock_accounts(&[account.id]).await?;
        if !tx.set_account_plan(account.id, &plan).await? {
            return Err(NoAccount.into());
        }
        tx.append_audit(&AuditEntry::by_operator(cx, "account.set_plan", account.id)).await?;
        Ok(Account { plan, ..account })
    }
}
