use super::AccountReads;
use crate::act::Cx;
use crate::ids::AccountId;
use crate::plan::{Limit, Plan};
use crate::store::StoreError;

/// The plan of an account that is known to be there.
///
/// # Errors
/// The database's; also if the account is not there after all.
pub async fn plan_of<'a, R: AccountReads + ?Sized>(
    cx: &Cx<'a>,
    view: &mut R,
    account: AccountId,
) -> Result<&'a Plan, StoreError> {
    let account = view.account(account).await?;
    let account = account.ok_or_else(|| StoreError::Internal("the caller's account is missing".into()))?;
    Ok(cx.settings.plans.of(&account.plan))
}

/// The account has as many of something as its plan allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plan \"{plan}\" allows {limit} {what}; {advice}, or move to a larger plan")]
pub struct LimitReached {
    plan: String,
    limit: u64,
    what: &'static str,
    advice: &'static str,
}

impl LimitReached {
    /// The refusal under a plan. `what` is the plural of what is limited, `advice` how to make room.
    #[must_use]
    pub fn new(plan: &Plan, limit: Limit, what: &'static str, advice: &'static str) -> Self {
        Self { plan: plan.name.as_str().to_owned(), limit: limit.unwrap_or(u64::MAX), what, advice }
    }
}
