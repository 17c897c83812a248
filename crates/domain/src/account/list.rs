//! The operator lists the accounts.

use async_trait::async_trait;

use super::Account;
use crate::act::{Ask, Cx};
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError};

/// Lists all accounts, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct ListAccounts {
    /// Which slice.
    pub page: Page,
}

#[async_trait]
impl Ask for ListAccounts {
    type Output = Slice<Account>;
    type Error = StoreError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Slice<Account>, StoreError> {
        view.accounts(self.page).await
    }
}
