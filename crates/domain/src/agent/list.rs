//! An account lists its agents.

use async_trait::async_trait;

use super::Agent;
use crate::act::{Ask, Cx};
use crate::caller::Caller;
use crate::error::Denied;
use crate::impl_act_error;
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError};

/// Lists the account's agents, oldest first.
#[derive(Debug, Clone)]
pub struct ListAgents {
    /// Who asks.
    pub caller: Caller,
    /// Which slice.
    pub page: Page,
}

/// Why the list is not there.
#[derive(Debug, thiserror::Error)]
pub enum ListAgentsError {
    /// Not with an agent key.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ListAgentsError);

#[async_trait]
impl Ask for ListAgents {
    type Output = Slice<Agent>;
    type Error = ListAgentsError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Slice<Agent>, ListAgentsError> {
        self.caller.require_account_scope()?;
        Ok(view.agents(self.caller.account, self.page).await?)
    }
}
