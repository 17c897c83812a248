//! Two agents agree on the keys that they encrypt with.

use async_trait::async_trait;

use super::{Channel, ChannelSide, ChannelStatus};
use crate::act::{Act, Cx};
use crate::agent::{Agent, Candidate, candidates, find_usable};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::connection::{ConnectionFilter, ConnectionStatus, meanwhile};
use crate::error::{Denied, Invalid};
use crate::ids::AgentId;
use crate::impl_act_error;
use crate::page::Page;
use crate::pairing::PairingStatus;
use crate::store::{ReadView, StoreError, UniqueRule, UnitOfWork};

/// Asks for a channel between an own agent and another. Between own agents it is active at once; across
/// accounts it waits until the other side asks too, and both need an active pairing of the two agents.
///
/// Checked in this order: the own agent, the target, the connection, the pairing, both agents' keys, an
/// active channel.
#[derive(Debug, Clone)]
pub struct Open {
    /// Who asks.
    pub caller: Caller,
    /// The own agent, by UUID or slug.
    pub agent: String,
    /// The other agent, by UUID or slug.
    pub target: String,
}

/// A channel as the side that asked for it gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The channel.
    pub channel: Channel,
    /// The asking side.
    pub mine: ChannelSide,
    /// The other side.
    pub theirs: ChannelSide,
    /// Whether this call made it.
    pub created: bool,
}

/// Why there is no channel.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not an own agent; the sibling of an agent key's agent.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The two agents are the same.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Several agents that the caller can reach bear the target's slug. The candidates are in ascending
    /// account id.
    #[error("several agents that you can reach bear this slug; name the one you mean by its UUID")]
    Ambiguous(Vec<Candidate>),
    /// The target is no own agent, and no active connection leads to it, if it exists at all.
    #[error(
        "target_agent_id names no agent of your account, nor of an account that you have an active \
         connection with"
    )]
    NoConnection,
    /// No active pairing joins the two agents.
    #[error("no active pairing joins the two agents; propose one and have it confirmed first")]
    ShareRequired,
    /// One of the two agents has no key.
    #[error("agent {0} has no public key registered; it must be connected first")]
    NotConnected(AgentId),
    /// They have an active channel.
    #[error("an active channel between these two agents exists already; find it with GET /v1/channels")]
    Exists,
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl_act_error!(OpenError);

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(UniqueRule::ChannelPair) => Self::Exists,
            error => Self::Store(error),
        }
    }
}

#[async_trait]
impl Act for Open {
    type Output = Opened;
    type Error = OpenError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Opened, OpenError> {
        let (mine, theirs) = self.lock(tx).await?;
        if mine.id == theirs.id {
            return Err(Invalid::field("target_agent_id", "must be another agent than agent_id").into());
        }
        if mine.account_id != theirs.account_id {
            require_pairing(tx, &mine, &theirs).await?;
        }
        let mine = ChannelSide::of(&mine).ok_or(OpenError::NotConnected(mine.id))?;
        let theirs = ChannelSide::of(&theirs).ok_or(OpenError::NotConnected(theirs.id))?;
        let existing = tx.living_channel(mine.agent, theirs.agent).await?;
        let created = existing.is_none();
        let channel = match existing {
            Some(channel) => join(cx, tx, &channel, mine).await?,
            None => {
                let channel = Channel::open(cx.ids.next(), mine, theirs, cx.now);
                tx.insert_channel(&channel).await?;
                channel
            }
        };
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "channel.open", channel.id)).await?;
        Ok(Opened { channel, mine, theirs, created })
    }
}

impl Open {
    /// Both agents, read again once their accounts are locked.
    async fn lock(&self, tx: &mut dyn UnitOfWork) -> Result<(Agent, Agent), OpenError> {
        let (mine, theirs) = self.agents(tx).await?;
        tx.lock_accounts(&[mine.account_id, theirs.account_id]).await?;
        let again = self.agents(tx).await?;
        if (again.0.account_id, again.1.account_id) == (mine.account_id, theirs.account_id) {
            Ok(again)
        } else {
            Err(meanwhile("the target became another account's agent").into())
        }
    }

    async fn agents(&self, view: &mut dyn ReadView) -> Result<(Agent, Agent), OpenError> {
        let mine: Agent = find_usable::<OpenError>(view, &self.caller, &self.agent).await?;
        let mut found = candidates(view, self.caller.account, &self.target).await?;
        match found.len() {
            0 => Err(self.no_candidate(view).await?),
            1 => Ok((mine, found.swap_remove(0).agent)),
            // The official client matches channels by slug alone: it must never be given a stranger's.
            _ => Err(OpenError::Ambiguous(found.iter().map(Candidate::from).collect())),
        }
    }

    /// Says no more of an agent that is not paired than whether there is a connection it could be paired
    /// under.
    async fn no_candidate(&self, view: &mut dyn ReadView) -> Result<OpenError, StoreError> {
        let connected = match self.target.parse::<AgentId>() {
            Ok(id) => self.is_connected_with_owner(view, id).await?,
            Err(_) => self.has_active_connection(view).await?,
        };
        Ok(if connected { OpenError::ShareRequired } else { OpenError::NoConnection })
    }

    async fn is_connected_with_owner(
        &self,
        view: &mut dyn ReadView,
        id: AgentId,
    ) -> Result<bool, StoreError> {
        let Some(agent) = view.agent(id).await? else { return Ok(false) };
        let connection = view.living_connection(self.caller.account, agent.account_id).await?;
        Ok(connection.is_some_and(|connection| connection.status == ConnectionStatus::Active))
    }

    async fn has_active_connection(&self, view: &mut dyn ReadView) -> Result<bool, StoreError> {
        let filter = ConnectionFilter { status: ConnectionStatus::Active, incoming: None };
        let found = view.connections(self.caller.account, filter, Page { limit: 1, offset: 0 }).await?;
        Ok(found.total > 0)
    }
}

async fn require_pairing(tx: &mut dyn UnitOfWork, mine: &Agent, theirs: &Agent) -> Result<(), OpenError> {
    let pairing = tx.living_pairing(mine.id, theirs.id).await?;
    if pairing.is_some_and(|pairing| pairing.status == PairingStatus::Active) {
        Ok(())
    } else {
        Err(OpenError::ShareRequired)
    }
}

/// Asking again for a pending channel changes nothing, asking from the other side makes it active.
async fn join(
    cx: &Cx<'_>,
    tx: &mut dyn UnitOfWork,
    existing: &Channel,
    mine: ChannelSide,
) -> Result<Channel, OpenError> {
    if existing.status == ChannelStatus::Active {
        return Err(OpenError::Exists);
    }
    let channel = existing.asked_again(mine.account, cx.now);
    if channel != *existing {
        tx.update_channel(&channel).await?;
    }
    Ok(channel)
}

#[cfg(test)]
mod tests;
