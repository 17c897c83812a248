//! A caller looks up the agent that it means, for instance to encrypt to its public key.

use async_trait::async_trait;

use super::{ResolveError, Resolved, resolve_recipient};
use crate::act::{Ask, Cx};
use crate::caller::Caller;
use crate::error::Invalid;
use crate::impl_act_error;
use crate::store::{ReadView, StoreError};

/// Looks up an own agent, or one that an own agent is paired with.
#[derive(Debug, Clone)]
pub struct ResolveAgent {
    /// Who asks.
    pub caller: Caller,
    /// The agent, by slug or UUID.
    pub agent: String,
    /// Which account is meant: e-mail, UUID or display name.
    pub account: Option<String>,
}

/// Why no agent is shown.
#[derive(Debug, thiserror::Error)]
pub enum ResolveAgentError {
    /// Bad fields.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// None, or several.
    #[error(transparent)]
    Resolve(ResolveError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ResolveAgentError);

impl From<ResolveError> for ResolveAgentError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Store(error) => Self::Store(error),
            refusal => Self::Resolve(refusal),
        }
    }
}

#[async_trait]
impl Ask for ResolveAgent {
    type Output = Resolved;
    type Error = ResolveAgentError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Resolved, ResolveAgentError> {
        if self.agent.is_empty() {
            return Err(Invalid::field("agent_id", "is required: an agent's slug or UUID").into());
        }
        let account = self.account.as_deref();
        Ok(resolve_recipient(view, self.caller.account, &self.agent, account).await?)
    }
}

#[cfg(test)]
mod tests;
