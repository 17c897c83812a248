//! An agent leaves: its keys are wiped, its pairings wait for its return.

use async_trait::async_trait;

use super::circle::Circle;
use super::end::end_channels;
use super::{Agent, AgentStatus, NO_AGENT, find_usable};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::event::EventName;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Wipes an agent's public keys and revokes its channels. Nothing can be sent to or by it until it has a key
/// again.
#[derive(Debug, Clone)]
pub struct Disconnect {
    /// Who asks.
    pub caller: Caller,
    /// The agent, by UUID or slug.
    pub agent: String,
}

/// Why the agent was not disconnected.
#[derive(Debug, thiserror::Error)]
pub enum DisconnectError {
    /// No such agent; not with a sibling's key.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The agent has no key.
    #[error("the agent is not connected; there is nothing to disconnect")]
    AlreadyDisconnected,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(DisconnectError);

#[async_trait]
impl Act for Disconnect {
    type Output = Agent;
    type Error = DisconnectError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Agent, DisconnectError> {
        let agent: Agent = find_usable::<DisconnectError>(tx, &self.caller, &self.agent).await?;
        let circle = Circle::lock(tx, &agent).await?;
        let agent = tx.agent(agent.id).await?.ok_or(NO_AGENT)?;
        if agent.status != AgentStatus::Connected {
            return Err(DisconnectError::AlreadyDisconnected);
        }
        let agent = Agent { status: AgentStatus::Disconnected, keys: None, ..agent };
        tx.update_agent(&agent).await?;
        end_channels(cx, tx, agent.id).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "agent.disconnect", agent.id)).await?;
        tx.append_events(&circle.events(cx, EventName::AgentDisconnected, &agent)).await?;
        Ok(agent)
    }
}

#[cfg(test)]
mod tests;
