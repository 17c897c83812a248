//! An agent connects with the token that its owner gave it.

use async_trait::async_trait;

use super::circle::Circle;
use super::{Agent, AgentStatus, KeysInput};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::error::Invalid;
use crate::event::EventName;
use crate::impl_act_error;
use crate::secret::Token;
use crate::store::{ReadView, StoreError, UnitOfWork};

/// Gives a registered agent its public keys. The connection token is the credential and is burned.
#[derive(Debug, Clone)]
pub struct Connect {
    /// What was presented.
    pub token: Token,
    /// The agent's public keys.
    pub keys: KeysInput,
}

/// Why no agent was connected.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Unknown, used, replaced or expired.
    #[error(
        "the connection token is unknown, used or expired; ask the agent's owner for a new one \
         (POST /v1/agents/{{id}}/connection-token)"
    )]
    BadToken,
    /// Bad fields.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ConnectError);

#[async_trait]
impl Act for Connect {
    type Output = Agent;
    type Error = ConnectError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Agent, ConnectError> {
        let agent = self.waiting_agent(cx, tx).await?;
        let keys = self.keys.require(cx.keys)?;
        let circle = Circle::lock(tx, &agent).await?;
        let agent = self.waiting_agent(cx, tx).await?;
        let connected = Agent {
            status: AgentStatus::Connected,
            keys: Some(keys),
            key_version: agent.key_version.saturating_add(1),
            ..agent
        };
        tx.update_agent(&connected).await?;
        tx.burn_connection_tokens(connected.id).await?;
        tx.append_audit(&by_token(cx, &connected)).await?;
        tx.append_events(&circle.events(cx, EventName::AgentConnected, &connected)).await?;
        Ok(connected)
    }
}

impl Connect {
    async fn waiting_agent(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Agent, ConnectError> {
        let token = view.connection_token(&cx.secrets.digest(&self.token)).await?;
        let token = token.filter(|token| token.expires_at > cx.now).ok_or(ConnectError::BadToken)?;
        let agent = view.agent(token.agent_id).await?;
        agent.filter(|agent| agent.status != AgentStatus::Connected).ok_or(ConnectError::BadToken)
    }
}

fn by_token(cx: &Cx<'_>, agent: &Agent) -> AuditEntry {
    AuditEntry {
        id: cx.ids.next(),
        at: cx.now,
        account: Some(agent.account_id),
        key: None,
        act: "agent.connect",
        subject: agent.id.to_string(),
    }
}

#[cfg(test)]
mod tests;
