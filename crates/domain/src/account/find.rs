use super::{Account, Email};
use crate::ids::AccountId;
use crate::store::{ReadView, StoreError};

/// The account that an operator names by e-mail address or UUID.
///
/// # Errors
/// The database's.
pub(super) async fn find_account(
    view: &mut dyn ReadView,
    email_or_id: &str,
) -> Result<Option<Account>, StoreError> {
    if let Ok(id) = email_or_id.parse::<AccountId>() {
        view.account(id).await
    } else if let Ok(email) = Email::try_from(email_or_id) {
        view.account_by_email(&email).await
    } else {
        Ok(None)
    }
}
