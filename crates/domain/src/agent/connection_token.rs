//! A one-time token that connects a registered agent.

use async_trait::async_trait;
use chrono::TimeDelta;

use super::{Agent, AgentStatus, ConnectionToken, NO_AGENT, find_own};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::error::Denied;
use crate::impl_act_error;
use crate::secret::{Token, TokenKind};
use crate::store::{StoreError, UnitOfWork};

/// How long a connection token works.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// A connection token in the clear, for the one answer that shows it.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: Token,
    /// For the human eye; never a credential.
    pub claim_code: String,
    /// When the token stops working.
    pub expires_at: Timestamp,
}

/// Issues a token for an agent that has no key, in place of all earlier ones.
#[derive(Debug, Clone)]
pub struct IssueConnectionToken {
    /// Who asks.
    pub caller: Caller,
    /// The agent, by UUID or slug.
    pub agent: String,
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueConnectionTokenError {
    /// Not with an agent key; no such agent.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The agent has a key.
    #[error("the agent is connected already; disconnect it first to give it another key")]
    AlreadyConnected,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(IssueConnectionTokenError);

#[async_trait]
impl Act for IssueConnectionToken {
    type Output = (Agent, IssuedToken);
    type Error = IssueConnectionTokenError;

    async fn perform(
        &self,
        cx: &Cx<'_>,
        tx: &mut dyn UnitOfWork,
    ) -> Result<(Agent, IssuedToken), IssueConnectionTokenError> {
        self.caller.require_account_scope()?;
        tx.lock_accounts(&[self.caller.account]).await?;
        let agent = find_own(tx, self.caller.account, &self.agent).await?.ok_or(NO_AGENT)?;
        if agent.status == AgentStatus::Connected {
            return Err(IssueConnectionTokenError::AlreadyConnected);
        }
        let token = issue(cx, tx, &agent).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "agent.connection_token", agent.id)).await?;
        Ok((agent, token))
    }
}

/// Draws a token for an agent and stores its digest.
pub(super) async fn issue(
    cx: &Cx<'_>,
    tx: &mut dyn UnitOfWork,
    agent: &Agent,
) -> Result<IssuedToken, StoreError> {
    let token = cx.secrets.token(TokenKind::ConnectionToken);
    let stored = ConnectionToken {
        digest: cx.secrets.digest(&token),
        agent_id: agent.id,
        account_id: agent.account_id,
        claim_code: cx.secrets.claim_code(),
        expires_at: cx.now + LIFETIME,
    };
    tx.replace_connection_token(&stored).await?;
    Ok(IssuedToken { token, claim_code: stored.claim_code, expires_at: stored.expires_at })
}

#[cfg(test)]
mod tests;
