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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::testing::knows_agents;
    use crate::ids::AgentId;
    use crate::mock::{Fixture, MockTx, id};

    async fn get(caller: Caller, agent: &str) -> Result<Agent, GetAgentError> {
        let fixture = Fixture::new();
        let mut tx = MockTx::new();
        let agents = [fixture.agent(2, id(1)), fixture.agent(3, id(1)), fixture.agent(90, id(9))];
        knows_agents(&mut tx, &agents);
        GetAgent { caller, agent: agent.to_owned() }.answer(&fixture.cx(), &mut tx).await
    }

    #[tokio::test]
    async fn own_agents_are_read_by_slug_and_by_uuid() {
        let fixture = Fixture::new();
        for caller in [fixture.account_caller(id(1)), fixture.agent_caller(&fixture.agent(2, id(1)))] {
            for agent in ["agent-2", &id::<AgentId>(2).to_string()] {
                assert_eq!(get(caller.clone(), agent).await.unwrap().id, id(2));
            }
        }
    }

    #[tokio::test]
    async fn foreign_and_unknown_agents_look_the_same() {
        let caller = Fixture::new().account_caller(id(1));
        for agent in ["agent-90", &id::<AgentId>(90).to_string(), "nobody", "inbox", "../keys", ""] {
            let refusal = get(caller.clone(), agent).await;
            assert!(matches!(refusal, Err(GetAgentError::Denied(Denied::NotFound("Agent")))), "{agent}");
        }
    }

    #[tokio::test]
    async fn a_sibling_is_forbidden_to_an_agent_key() {
        let fixture = Fixture::new();
        let caller = fixture.agent_caller(&fixture.agent(2, id(1)));
        for agent in ["agent-3", &id::<AgentId>(3).to_string()] {
            let refusal = get(caller.clone(), agent).await;
            assert!(matches!(refusal, Err(GetAgentError::Denied(Denied::Forbidden(_)))), "{agent}");
        }
    }
}
