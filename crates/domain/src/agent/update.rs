//! An owner changes what is said about an agent.

use async_trait::async_trait;

use super::{Agent, NO_AGENT, ProfileInput, find_own};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::{Denied, FieldErrors, Invalid};
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Changes an agent's profile. Slug and keys stay.
#[derive(Debug, Clone)]
pub struct UpdateAgent {
    /// Who asks.
    pub caller: Caller,
    /// The agent, by UUID or slug.
    pub agent: String,
    /// What changes.
    pub profile: ProfileInput,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateAgentError {
    /// Not with an agent key; no such agent.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Bad fields.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(UpdateAgentError);

#[async_trait]
impl Act for UpdateAgent {
    type Output = Agent;
    type Error = UpdateAgentError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Agent, UpdateAgentError> {
        self.caller.require_account_scope()?;
        let mut errors = FieldErrors::default();
        let change = self.profile.check(&mut errors);
        errors.finish()?;
        tx.lock_accounts(&[self.caller.account]).await?;
        let mut agent = find_own(tx, self.caller.account, &self.agent).await?.ok_or(NO_AGENT)?;
        change.apply(&mut agent);
        tx.update_agent(&agent).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "agent.update", agent.id)).await?;
        Ok(agent)
    }
}

#[cfg(test)]
mod tests;
