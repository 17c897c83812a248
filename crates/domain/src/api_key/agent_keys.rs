//! Keys that act as exactly one agent.

use async_trait::async_trait;

use super::revoke::NO_KEY;
use super::{ApiKey, KeyOwner, NewKey, add_key};
use crate::account::display_name;
use crate::act::{Act, Ask, Cx};
use crate::agent::{Agent, NO_AGENT, find_own};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::error::{Denied, Invalid};
use crate::ids::ApiKeyId;
use crate::impl_act_error;
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError, UnitOfWork};

/// How many keys an agent may have that are not revoked. They don't count towards the plan's keys.
pub const MAX_KEYS_PER_AGENT: u64 = 50;

/// Makes a key that acts as one agent.
#[derive(Debug, Clone)]
pub struct CreateAgentKey {
    /// Who asks.
    pub caller: Caller,
    /// The agent, by UUID or slug.
    pub agent: String,
    /// What the key is called, 1 to 128 characters.
    pub name: String,
}

/// A new key of an agent.
#[derive(Debug)]
pub struct NewAgentKey {
    /// The agent.
    pub agent: Agent,
    /// Its key.
    pub key: NewKey,
}

/// Lists the keys of an agent that are not revoked, newest first.
#[derive(Debug, Clone)]
pub struct ListAgentKeys {
    /// Who asks.
    pub caller: Caller,
    /// The agent, by UUID or slug.
    pub agent: String,
    /// Which slice.
    pub page: Page,
}

/// Revokes a key of an agent. Yields when that was.
#[derive(Debug, Clone)]
pub struct RevokeAgentKey {
    /// Who asks.
    pub caller: Caller,
    /// The agent, by UUID or slug.
    pub agent: String,
    /// The key.
    pub key: ApiKeyId,
}

/// Why an agent's keys were not touched.
#[derive(Debug, thiserror::Error)]
pub enum AgentKeyError {
    /// Not with an agent key; no such agent or key, or it was revoked before.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Bad fields.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The agent has as many keys as it may have.
    #[error("an agent may have {MAX_KEYS_PER_AGENT} keys; revoke one of this agent's keys first")]
    LimitReached,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(AgentKeyError);

#[async_trait]
impl Act for CreateAgentKey {
    type Output = NewAgentKey;
    type Error = AgentKeyError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<NewAgentKey, AgentKeyError> {
        self.caller.require_account_scope()?;
        let name = display_name(&self.name).map_err(|bad| Invalid::field("name", bad.to_string()))?;
        // The lock makes counting before inserting safe: every other maker of this agent's keys waits for it.
        tx.lock_accounts(&[self.caller.account]).await?;
        let agent = own_agent(tx, &self.caller, &self.agent).await?;
        let living = tx.api_keys(agent.account_id, Some(agent.id), Page { limit: 1, offset: 0 }).await?;
        if living.total >= MAX_KEYS_PER_AGENT {
            return Err(AgentKeyError::LimitReached);
        }
        let key = add_key(cx, tx, KeyOwner::Agent(agent.account_id, agent.id), name).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "agent_key.create", key.key.id)).await?;
        Ok(NewAgentKey { agent, key })
    }
}

#[async_trait]
impl Ask for ListAgentKeys {
    type Output = Slice<ApiKey>;
    type Error = AgentKeyError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Slice<ApiKey>, AgentKeyError> {
        self.caller.require_account_scope()?;
        let agent = own_agent(view, &self.caller, &self.agent).await?;
        Ok(view.api_keys(agent.account_id, Some(agent.id), self.page).await?)
    }
}

#[async_trait]
impl Act for RevokeAgentKey {
    type Output = Timestamp;
    type Error = AgentKeyError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Timestamp, AgentKeyError> {
        self.caller.require_account_scope()?;
        tx.lock_accounts(&[self.caller.account]).await?;
        let agent = own_agent(tx, &self.caller, &self.agent).await?;
        let of_agent = tx.api_key(self.key).await?.is_some_and(|key| key.agent_id == Some(agent.id));
        if !of_agent || !tx.revoke_api_key(self.key, cx.now).await? {
            return Err(NO_KEY.into());
        }
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "agent_key.revoke", self.key)).await?;
        Ok(cx.now)
    }
}

async fn own_agent(view: &mut dyn ReadView, caller: &Caller, agent: &str) -> Result<Agent, AgentKeyError> {
    Ok(find_own(view, caller.account, agent).await?.ok_or(NO_AGENT)?)
}

#[cfg(test)]
mod tests;
