//! Whom a caller can send to right now.

use std::collections::HashSet;

use async_trait::async_trait;

use super::{Agent, AgentCard, AgentStatus, PairedAgent};
use crate::act::{Ask, Cx};
use crate::caller::Caller;
use crate::ids::AgentId;
use crate::page::Page;
use crate::store::{ReadView, StoreError};

/// How many own agents, and how many pairings, are looked at. It bounds memory.
const MAX_LOOKED_AT: u32 = 10_000;

/// Lists the agents that the caller can send to: own connected ones, then connected ones on other accounts
/// whose pairing with a connected own agent allows the send. An agent key sees its own agent's pairings.
#[derive(Debug, Clone)]
pub struct ListSendable {
    /// Who asks.
    pub caller: Caller,
}

/// An agent that the caller can send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendableAgent {
    /// The agent.
    pub agent: AgentCard,
    /// The display name of its account; `None` for an own agent.
    pub account_name: Option<String>,
}

#[async_trait]
impl Ask for ListSendable {
    type Output = Vec<SendableAgent>;
    type Error = StoreError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Vec<SendableAgent>, StoreError> {
        let own = own_connected(view, &self.caller).await?;
        let senders: HashSet<AgentId> =
            own.iter().map(|agent| agent.id).filter(|id| self.is_sender(*id)).collect();
        if senders.is_empty() && self.caller.bound_agent().is_some() {
            // An agent without a key can't send at all.
            return Ok(Vec::new());
        }
        let mut sendable: Vec<SendableAgent> =
            own.iter().map(|agent| SendableAgent { agent: agent.into(), account_name: None }).collect();
        let paired = view.paired_agents(self.caller.account, None, MAX_LOOKED_AT).await?;
        let mut seen = HashSet::new();
        let reachable = paired.into_iter().filter(|row| may_receive_from(row, &senders));
        let once = reachable.filter(|row| seen.insert(row.agent.id));
        sendable.extend(
            once.map(|row| SendableAgent {
                agent: (&row.agent).into(),
                account_name: Some(row.account.name),
            }),
        );
        Ok(sendable)
    }
}

impl ListSendable {
    fn is_sender(&self, agent: AgentId) -> bool {
        self.caller.bound_agent().is_none_or(|bound| bound == agent)
    }
}

fn may_receive_from(row: &PairedAgent, senders: &HashSet<AgentId>) -> bool {
    let sides = [row.pairing.proposer.agent, row.pairing.other.agent];
    let sender = sides.into_iter().find(|id| *id != row.agent.id && senders.contains(id));
    let allowed = sender.is_some_and(|from| matches!(row.pairing.sending(from), Ok(Some(_))));
    allowed && row.agent.status == AgentStatus::Connected
}

async fn own_connected(view: &mut dyn ReadView, caller: &Caller) -> Result<Vec<Agent>, StoreError> {
    let mut connected = Vec::new();
    for page in pages() {
        let slice = view.agents(caller.account, page).await?;
        let last = slice.items.len() < Page::MAX_LIMIT as usize;
        connected.extend(slice.items.into_iter().filter(|agent| agent.status == AgentStatus::Connected));
        if last {
            break;
        }
    }
    Ok(connected)
}

fn pages() -> impl Iterator<Item = Page> {
    let offsets = (0..MAX_LOOKED_AT).step_by(Page::MAX_LIMIT as usize);
    offsets.map(|offset| Page { limit: Page::MAX_LIMIT, offset: u64::from(offset) })
}

#[cfg(test)]
mod tests;
