//! An owner deletes an agent for good.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::circle::{CHANGED, Circle, lock_all};
use super::end::end_channels;
use super::{Agent, AgentStatus, NO_AGENT, find_own};
use crate::account::AccountCounter;
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::connection::meanwhile;
use crate::error::Denied;
use crate::event::{Event, EventName};
use crate::ids::{AccountId, TransferId};
use crate::impl_act_error;
use crate::pairing;
use crate::store::{ReadView, StoreError, UnitOfWork};
use crate::transfer::{TransferStatus, end_and_purge};

/// Deletes an agent: its keys, pairings and channels end, transfers to it are deleted. Those that it sent stay
/// downloadable.
#[derive(Debug, Clone)]
pub struct DeleteAgent {
    /// Who asks.
    pub caller: Caller,
    /// The agent, by UUID or slug.
    pub agent: String,
}

/// Why the agent was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteAgentError {
    /// Not with an agent key; no such agent.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(DeleteAgentError);

#[async_trait]
impl Act for DeleteAgent {
    type Output = Agent;
    type Error = DeleteAgentError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Agent, DeleteAgentError> {
        self.caller.require_account_scope()?;
        let agent = find_own(tx, self.caller.account, &self.agent).await?.ok_or(NO_AGENT)?;
        let ending = Ending::lock(tx, &agent).await?;
        let agent = tx.agent(agent.id).await?.ok_or(NO_AGENT)?;
        let events = ending.carry_out(cx, tx, &agent).await?;
        tx.revoke_keys_of_agent(agent.id, cx.now).await?;
        tx.burn_connection_tokens(agent.id).await?;
        tx.delete_agent(agent.id, cx.now).await?;
        tx.count_down(agent.account_id, AccountCounter::Agents).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "agent.delete", agent.id)).await?;
        tx.append_events(&events).await?;
        Ok(agent)
    }
}

/// What ends with an agent, and the accounts that this concerns.
struct Ending {
    circle: Circle,
    transfers: Vec<TransferId>,
    accounts: BTreeSet<AccountId>,
}

impl Ending {
    async fn lock(tx: &mut dyn UnitOfWork, agent: &Agent) -> Result<Self, StoreError> {
        let seen = Self::read(tx, agent).await?;
        lock_all(tx, &seen.accounts).await?;
        let locked = Self::read(tx, agent).await?;
        if locked.accounts.is_subset(&seen.accounts) { Ok(locked) } else { Err(meanwhile(CHANGED)) }
    }

    async fn read(view: &mut dyn ReadView, agent: &Agent) -> Result<Self, StoreError> {
        let circle = Circle::read(view, agent).await?;
        let transfers = view.active_transfers_to_agent(agent.id).await?;
        let mut accounts = circle.accounts.clone();
        for id in &transfers {
            accounts.extend(view.transfer(*id).await?.map(|transfer| transfer.sender.account));
        }
        Ok(Self { circle, transfers, accounts })
    }

    /// Ends it all. Yields what the accounts are to be told.
    async fn carry_out(
        &self,
        cx: &Cx<'_>,
        tx: &mut dyn UnitOfWork,
        agent: &Agent,
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        for id in &self.transfers {
            events.extend(end_and_purge(tx, cx, *id, TransferStatus::Deleted).await?);
        }
        for living in &self.circle.pairings {
            if let Ok(revoked) = living.revoke(cx.now) {
                pairing::write_ended(cx, tx, &revoked).await?;
                events.extend(pairing::events(&revoked, EventName::PairingRevoked, cx.now));
            }
        }
        end_channels(cx, tx, agent.id).await?;
        if agent.status == AgentStatus::Connected {
            events.extend(self.circle.events(cx, EventName::AgentDisconnected, agent));
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests;
