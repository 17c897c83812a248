//! One agent in full.

use async_trait::async_trait;

use super::{Agent, find_usable};
use crate::act::{Ask, Cx};
use crate::caller::Caller;
use crate::error::Denied;
use crate::impl_act_error;
use crate::store::{ReadView, StoreError};

/// Reads an own agent.
#[derive(Debug, Clone)]
pub struct GetAgent {
    /// Who asks.
    pub caller: Caller,
    /// The agent, by UUID or slug.
    pub agent: String,
}

/// Why the agent is not shown.
#[derive(Debug, thiserror::Error)]
pub enum GetAgentError {
    /// No such agent; not with a sibling's key.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(GetAgentError);

#[async_trait]
impl Ask for GetAgent {
    type Output = Agent;
    type Error = GetAgentError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Agent, GetAgentError> {
        find_usable(view, &self.caller, &self.agent).await
    }
}
