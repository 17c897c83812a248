//! The operator creates an account.

use async_trait::async_trait;

use super::{Account, AccountCounter, Email, display_name};
use crate::act::{Act, Cx};
use crate::api_key::{KeyOwner, NewKey, add_key};
use crate::audit::AuditEntry;
use crate::error::{FieldErrors, Invalid};
use crate::impl_act_error;
use crate::plan::{PlanCatalogue, PlanName};
use crate::store::{StoreError, UniqueRule, UnitOfWork};

/// What the first key of an account is called.
const FIRST_KEY_NAME: &str = "default";

/// Creates an account with its first account key; the invites that wait for its address become its own.
#[derive(Debug, Clone)]
pub struct CreateAccount {
    /// Its address, unique among accounts.
    pub email: String,
    /// Its display name, 1 to 128 characters.
    pub name: String,
    /// The plan it is to be on; the default plan if absent.
    pub plan: Option<String>,
}

/// A new account.
#[derive(Debug)]
pub struct CreatedAccount {
    /// The account.
    pub account: Account,
    /// Its first key.
    pub key: NewKey,
}

/// Why no account was created.
#[derive(Debug, thiserror::Error)]
pub enum CreateAccountError {
    /// Bad fields.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The address belongs to an account already.
    #[error("an account with this e-mail address exists already; choose another address")]
    EmailTaken,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(CreateAccountError);

#[async_trait]
impl Act for CreateAccount {
    type Output = CreatedAccount;
    type Error = CreateAccountError;

    async fn perform(
        &self,
        cx: &Cx<'_>,
        tx: &mut dyn UnitOfWork,
    ) -> Result<CreatedAccount, CreateAccountError> {
        let account = self.account(cx)?;
        // An invite to this address is either here already or sees the account.
        tx.lock_address(&account.email).await?;
        tx.insert_account(&account).await.map_err(|error| match error {
            StoreError::Conflict(UniqueRule::AccountEmail) => CreateAccountError::EmailTaken,
            other => CreateAccountError::Store(other),
        })?;
        tx.adopt_invites(&account.email, account.id).await?;
        // Without a key nobody could use the account, so the first one is counted but not refused.
        tx.count_up(account.id, AccountCounter::ApiKeys, None).await?;
        let key = add_key(cx, tx, KeyOwner::Account(account.id), FIRST_KEY_NAME.to_owned()).await?;
        tx.append_audit(&AuditEntry::by_operator(cx, "account.create", account.id)).await?;
        Ok(CreatedAccount { account, key })
    }
}

impl CreateAccount {
    fn account(&self, cx: &Cx<'_>) -> Result<Account, Invalid> {
        let mut errors = FieldErrors::default();
        let email = errors.check("email", Email::try_from(self.email.as_str()));
        let name = errors.check("name", display_name(&self.name));
        let plan = errors.check("plan", known_plan(&cx.settings.plans, self.plan.as_deref()));
        let (Some(email), Some(name), Some(plan)) = (email, name, plan) else {
            return Err(errors.into_invalid());
        };
        Ok(Account { id: cx.ids.next(), email, name, plan, require_encryption: false, created_at: cx.now })
    }
}

/// The configured plan of that name, the default one for `None`; or what to name instead.
pub(super) fn known_plan(plans: &PlanCatalogue, name: Option<&str>) -> Result<PlanName, String> {
    let Some(name) = name else { return Ok(plans.default_plan().name.clone()) };
    let plan = PlanName::try_from(name).ok().and_then(|name| plans.get(&name));
    plan.map(|plan| plan.name.clone()).ok_or_else(|| {
        let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
        format!("must be one of: {}", names.join(", "))
    })
}
