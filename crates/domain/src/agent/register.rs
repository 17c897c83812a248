//! An account registers an agent.

use async_trait::async_trait;

use super::circle::Circle;
use super::connection_token::{IssuedToken, issue};
use super::{Agent, AgentSlug, AgentStatus, AgentType, KeysInput, ProfileInput};
use crate::account::{AccountCounter, LimitReached, plan_of};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::{Denied, FieldErrors, Invalid};
use crate::event::EventName;
use crate::impl_act_error;
use crate::store::{StoreError, UniqueRule, UnitOfWork};

/// Registers an agent: with a public key it is connected at once, without one it gets a connection token.
#[derive(Debug, Clone)]
pub struct Register {
    /// Who asks.
    pub caller: Caller,
    /// The slug.
    pub agent_id: String,
    /// What the owner says about it; the name defaults to the slug.
    pub profile: ProfileInput,
    /// Its public keys, for the one-shot form.
    pub keys: KeysInput,
}

/// A new agent.
#[derive(Debug)]
pub struct Registered {
    /// The agent.
    pub agent: Agent,
    /// What connects it, in the two-step form.
    pub token: Option<IssuedToken>,
}

/// Why no agent was registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Not with an agent key.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Bad fields.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The slug is taken.
    #[error("the account has an agent \"{0}\" already; choose another agent_id, or delete that agent first")]
    Exists(AgentSlug),
    /// The account has as many agents as its plan allows.
    #[error(transparent)]
    LimitReached(#[from] LimitReached),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(RegisterError);

#[async_trait]
impl Act for Register {
    type Output = Registered;
    type Error = RegisterError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Registered, RegisterError> {
        self.caller.require_account_scope()?;
        let agent = self.agent(cx)?;
        tx.lock_accounts(&[agent.account_id]).await?;
        add(cx, tx, &agent).await?;
        let token = if agent.keys.is_none() { Some(issue(cx, tx, &agent).await?) } else { None };
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "agent.register", agent.id)).await?;
        if agent.keys.is_some() {
            let circle = Circle::of_new(&agent);
            tx.append_events(&circle.events(cx, EventName::AgentConnected, &agent)).await?;
        }
        Ok(Registered { agent, token })
    }
}

impl Register {
    fn agent(&self, cx: &Cx<'_>) -> Result<Agent, Invalid> {
        let mut errors = FieldErrors::default();
        let slug = errors.check("agent_id", AgentSlug::try_from(self.agent_id.as_str()));
        let profile = self.profile.check(&mut errors);
        let keys = self.keys.check(cx.keys, &mut errors);
        let Some(slug) = slug else { return Err(errors.into_invalid()) };
        errors.finish()?;
        let mut agent = Agent {
            id: cx.ids.next(),
            account_id: self.caller.account,
            name: slug.as_str().to_owned(),
            slug,
            description: None,
            agent_type: AgentType::default(),
            webhook_url: None,
            metadata: "{}".to_owned(),
            available_for_connections: false,
            require_encryption: false,
            status: if keys.is_some() { AgentStatus::Connected } else { AgentStatus::Pending },
            key_version: u32::from(keys.is_some()),
            keys,
            last_seen_at: None,
            created_at: cx.now,
        };
        profile.apply(&mut agent);
        Ok(agent)
    }
}

async fn add(cx: &Cx<'_>, tx: &mut dyn UnitOfWork, agent: &Agent) -> Result<(), RegisterError> {
    let account = agent.account_id;
    if tx.agent_by_slug(account, &agent.slug).await?.is_some() {
        return Err(RegisterError::Exists(agent.slug.clone()));
    }
    let plan = plan_of(cx, tx, account).await?;
    if !tx.count_up(account, AccountCounter::Agents, plan.max_agents).await? {
        return Err(LimitReached::new(plan, plan.max_agents, "agents", "delete one").into());
    }
    tx.insert_agent(agent).await.map_err(|error| match error {
        StoreError::Conflict(UniqueRule::AgentSlug) => RegisterError::Exists(agent.slug.clone()),
        other => RegisterError::Store(other),
    })
}

#[cfg(test)]
mod tests;
