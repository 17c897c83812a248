use super::AccountReads;
use crate::act::Cx;
use crate::ids::AccountId;
use crate::plan::Plan;
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
