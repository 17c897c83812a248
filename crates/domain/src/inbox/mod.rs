//! The inbox: what waits for an agent.

use async_trait::async_trait;

use crate::act::{Ask, Cx};
use crate::agent::{Agent, find_usable};
use crate::caller::Caller;
use crate::error::{Denied, Invalid};
use crate::impl_act_error;
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError};
use crate::transfer::{InboxQuery, Transfer, TransferStatus};

/// Lists what was sent to an agent, newest first.
#[derive(Debug, Clone)]
pub struct ReadInbox {
    /// Who asks.
    pub caller: Caller,
    /// Whose inbox: a UUID or the slug of an own agent. Without it the key's agent, else the one that
    /// `X-AgentDrop-Agent` names.
    pub agent: Option<String>,
    /// Only this status, by the clock.
    pub status: TransferStatus,
    /// Which slice.
    pub page: Page,
}

/// Why an inbox is not shown.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// No such agent, or not the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No agent was named.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(InboxError);

#[async_trait]
impl Ask for ReadInbox {
    type Output = (Agent, Slice<Transfer>);
    type Error = InboxError;

    async fn answer(
        &self,
        cx: &Cx<'_>,
        view: &mut dyn ReadView,
    ) -> Result<(Agent, Slice<Transfer>), InboxError> {
        let agent = self.agent(view).await?;
        let query = InboxQuery { agent: agent.id, status: self.status, now: cx.now };
        let transfers = view.inbox(&query, self.page).await?;
        Ok((agent, transfers.as_of(cx.now)))
    }
}

impl ReadInbox {
    async fn agent(&self, view: &mut dyn ReadView) -> Result<Agent, InboxError> {
        let bound = self.caller.bound_agent().map(|id| id.to_string());
        let named = self.agent.clone().or(bound).or_else(|| self.caller.named_agent.clone());
        let Some(named) = named else {
            let message = "is required with an account key; must be the UUID or slug of one of your agents";
            return Err(Invalid::field("agent_id", message).into());
        };
        find_usable(view, &self.caller, &named).await
    }
}

#[cfg(test)]
mod tests;
