//! The startup profile: all that an agent wants to know when it begins a session.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Agent, AgentSlug, NO_AGENT, find_own};
use crate::account::{Account, QuotaMonth};
use crate::act::{Ask, Cx};
use crate::api_key::{RecordUse, is_stale};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::connection::{ConnectionFilter, ConnectionStatus};
use crate::error::Denied;
use crate::ids::{AccountId, AgentId};
use crate::impl_act_error;
use crate::page::Page;
use crate::plan::Plan;
use crate::store::{ReadView, StoreError};
use crate::transfer::{InboxQuery, Transfer, TransferStatus};

/// How many waiting transfers the profile shows.
const RECENT: u32 = 5;

/// How many pairings are looked at. It bounds memory.
const MAX_PAIRINGS_LOOKED_AT: u32 = 10_000;

/// Reads the startup profile of the agent of an agent key, of the one that `X-AgentDrop-Agent` names, or
/// otherwise of the connected agent that was registered first.
#[derive(Debug, Clone)]
pub struct Me {
    /// Who asks.
    pub caller: Caller,
}

/// A startup profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartupProfile {
    /// The agent.
    pub agent: Agent,
    /// Its account.
    pub account: Account,
    /// What the account may do.
    pub plan: Plan,
    /// What it has used of that.
    pub usage: PlanUsage,
    /// The account's connections.
    pub connections: ConnectionCounts,
    /// The slugs of the agents on other accounts that this agent has an active pairing with, in byte order.
    pub paired_agents: Vec<AgentSlug>,
    /// How many transfers wait for the agent.
    pub unread_transfers: u64,
    /// The newest of them.
    pub recent_transfers: Vec<Transfer>,
    /// That the agent was heard of, if that is to be written down.
    pub use_to_record: Option<RecordUse>,
}

/// What an account has used of its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanUsage {
    /// Bytes of active and prepared transfers, and of uploads that arrive.
    pub storage_bytes: u64,
    /// Transfers of this month.
    pub transfers: u64,
    /// When the next month begins.
    pub month_ends: Timestamp,
}

/// How many connections an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// Active ones.
    pub active: u64,
    /// Invites that wait for the account's word.
    pub pending_incoming: u64,
    /// Invites that the account sent.
    pub pending_outgoing: u64,
}

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum MeError {
    /// No such agent.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No agent was named and none is connected.
    #[error("the account has no connected agent; register one with POST /v1/agents/register")]
    NoConnectedAgent,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(MeError);

#[async_trait]
impl Ask for Me {
    type Output = StartupProfile;
    type Error = MeError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<StartupProfile, MeError> {
        let agent = self.agent(view).await?;
        let account = view.account(self.caller.account).await?.ok_or(Denied::NotFound("Account"))?;
        let news = RecordUse { key: self.caller.credential.key(), agent: Some(agent.id) };
        let query = InboxQuery { agent: agent.id, status: TransferStatus::Active, now: cx.now };
        let inbox = view.inbox(&query, Page { limit: RECENT, offset: 0 }).await?;
        Ok(StartupProfile {
            usage: usage(cx, view, &account).await?,
            plan: cx.settings.plans.of(&account.plan).clone(),
            connections: connection_counts(view, account.id).await?,
            paired_agents: paired_slugs(view, account.id, agent.id).await?,
            unread_transfers: inbox.total,
            recent_transfers: inbox.items,
            use_to_record: is_stale(agent.last_seen_at, cx.now).then_some(news),
            // The call itself is news of the agent.
            agent: Agent { last_seen_at: Some(cx.now), ..agent },
            account,
        })
    }
}

impl Me {
    async fn agent(&self, view: &mut dyn ReadView) -> Result<Agent, MeError> {
        let account = self.caller.account;
        if let Some(bound) = self.caller.bound_agent() {
            return Ok(view.agent(bound).await?.ok_or(NO_AGENT)?);
        }
        match &self.caller.named_agent {
            Some(named) => Ok(find_own(view, account, named).await?.ok_or(NO_AGENT)?),
            None => view.first_connected_agent(account).await?.ok_or(MeError::NoConnectedAgent),
        }
    }
}

async fn usage(cx: &Cx<'_>, view: &mut dyn ReadView, account: &Account) -> Result<PlanUsage, StoreError> {
    let used = view.usage(account.id).await?;
    let month = QuotaMonth::at(account.created_at, cx.now);
    Ok(PlanUsage {
        storage_bytes: used.storage_bytes,
        transfers: used.transfers_in(month),
        month_ends: month.end,
    })
}

async fn connection_counts(
    view: &mut dyn ReadView,
    account: AccountId,
) -> Result<ConnectionCounts, StoreError> {
    let pending = ConnectionStatus::Pending;
    Ok(ConnectionCounts {
        active: count(view, account, ConnectionStatus::Active, None).await?,
        pending_incoming: count(view, account, pending, Some(true)).await?,
        pending_outgoing: count(view, account, pending, Some(false)).await?,
    })
}

async fn count(
    view: &mut dyn ReadView,
    account: AccountId,
    status: ConnectionStatus,
    incoming: Option<bool>,
) -> Result<u64, StoreError> {
    let filter = ConnectionFilter { status, incoming };
    Ok(view.connections(account, filter, Page { limit: 1, offset: 0 }).await?.total)
}

async fn paired_slugs(
    view: &mut dyn ReadView,
    account: AccountId,
    agent: AgentId,
) -> Result<Vec<AgentSlug>, StoreError> {
    let paired = view.paired_agents(account, None, MAX_PAIRINGS_LOOKED_AT).await?;
    let of_agent = paired.into_iter().filter(|row| {
        let (own, _) = row.pairing.sides_for(account);
        own.agent == agent
    });
    let slugs: BTreeSet<AgentSlug> = of_agent.map(|row| row.agent.slug).collect();
    Ok(slugs.into_iter().collect())
}

#[cfg(test)]
mod tests;
