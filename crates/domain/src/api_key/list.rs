//! An account lists its keys.

use async_trait::async_trait;

use super::ApiKey;
use crate::act::{Ask, Cx};
use crate::caller::Caller;
use crate::error::Denied;
use crate::impl_act_error;
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError};

/// Lists the account keys that are not revoked, newest first.
#[derive(Debug, Clone)]
pub struct ListKeys {
    /// Who asks.
    pub caller: Caller,
    /// Which slice.
    pub page: Page,
}

/// Why the list is not there.
#[derive(Debug, thiserror::Error)]
pub enum ListKeysError {
    /// Not with an agent key.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ListKeysError);

#[async_trait]
impl Ask for ListKeys {
    type Output = Slice<ApiKey>;
    type Error = ListKeysError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Slice<ApiKey>, ListKeysError> {
        self.caller.require_account_scope()?;
        Ok(view.api_keys(self.caller.account, None, self.page).await?)
    }
}
