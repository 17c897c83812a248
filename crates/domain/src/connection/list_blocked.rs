//! Whom an account refuses.

use async_trait::async_trait;

use super::BlockView;
use crate::act::{Ask, Cx};
use crate::caller::Caller;
use crate::error::Denied;
use crate::impl_act_error;
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError};

/// Lists the accounts that the caller's account blocks, newest first.
#[derive(Debug, Clone)]
pub struct ListBlocked {
    /// Who asks.
    pub caller: Caller,
    /// Which slice.
    pub page: Page,
}

/// Why blocked accounts were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListBlockedError {
    /// Not with an agent key.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ListBlockedError);

#[async_trait]
impl Ask for ListBlocked {
    type Output = Slice<BlockView>;
    type Error = ListBlockedError;

    async fn answer(
        &self,
        _: &Cx<'_>,
        view: &mut dyn ReadView,
    ) -> Result<Slice<BlockView>, ListBlockedError> {
        self.caller.require_account_scope()?;
        Ok(view.blocks(self.caller.account, self.page).await?)
    }
}

#[cfg(test)]
mod tests;
