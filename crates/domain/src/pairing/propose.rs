//! One side proposes that two agents may exchange files.

use async_trait::async_trait;

use super::{Pairing, PairingSide, PairingStatus, PairingView, Permission};
use crate::account::plan_of;
use crate::act::{Act, Cx};
use crate::agent::{Agent, AgentCard};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::connection::{Connection, ConnectionStatus, NO_CONNECTION, lock_as_party};
use crate::error::Denied;
use crate::event::EventName;
use crate::ids::{AccountId, AgentId, ConnectionId};
use crate::impl_act_error;
use crate::store::{StoreError, UniqueRule, UnitOfWork};

/// Proposes a pairing between an own agent and one of the connected account.
///
/// Checked in this order, and the first that fails is the answer (the body's shape was checked before):
/// 1. the credential is an account's, not an agent's;
/// 2. the connection exists and the caller's account is one of its two;
/// 3. the connection is active;
/// 4. the own agent exists and belongs to the caller's account;
/// 5. their agent exists and belongs to the connected account;
/// 6. the own agent has a public key;
/// 7. their agent is available for connections (asked before its key, so that of an agent that is not
///    available nothing else is learnt);
/// 8. their agent has a public key;
/// 9. no pending or active pairing joins the two;
/// 10. the proposer's plan allows one more pairing in this connection.
#[derive(Debug, Clone)]
pub struct Propose {
    /// Who proposes.
    pub caller: Caller,
    /// The connection that the pairing stands under.
    pub connection: ConnectionId,
    /// The caller's agent.
    pub my_agent: AgentId,
    /// The other account's agent.
    pub their_agent: AgentId,
    /// Who may send, seen from the caller.
    pub permission: Permission,
}

/// Why no pairing was proposed.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    /// Not with an agent key; not a connection of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The connection waits for an answer, or is over.
    #[error("the connection is not active; pairings need one that both accounts have agreed to")]
    ConnectionNotActive,
    /// The own agent is not there.
    #[error("my_agent_id names no agent of your account")]
    MyAgentNotFound,
    /// Their agent is not there, or belongs to somebody else: both look the same.
    #[error("their_agent_id names no agent of the connected account")]
    TheirAgentNotFound,
    /// The own agent has no key.
    #[error("your agent has no public key registered; connect it first")]
    MyAgentNotConnected,
    /// Their agent is not to be paired with.
    #[error("their agent is not available for connections; its account must allow it first")]
    AgentNotAvailable,
    /// Their agent has no key.
    #[error("their agent has no public key registered; it must be connected first")]
    TheirAgentNotConnected,
    /// The two agents are paired, or about to be.
    #[error("a pending or active pairing already exists between these two agents")]
    PairingExists,
    /// The proposer's plan allows no more in this connection.
    #[error(
        "the plan \"{plan}\" allows {limit} pending and active pairings in one connection; revoke one, or \
         move to a larger plan"
    )]
    PlanLimit {
        /// The plan's name.
        plan: String,
        /// How many it allows.
        limit: u64,
    },
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl_act_error!(ProposeError);

impl From<StoreError> for ProposeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(UniqueRule::PairingPair) => Self::PairingExists,
            error => Self::Store(error),
        }
    }
}

#[async_trait]
impl Act for Propose {
    type Output = PairingView;
    type Error = ProposeError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<PairingView, ProposeError> {
        self.caller.require_account_scope()?;
        let connection = lock_as_party::<ProposeError>(tx, &self.caller, self.connection).await?;
        if connection.status != ConnectionStatus::Active {
            return Err(ProposeError::ConnectionNotActive);
        }
        let them = connection.other_side(self.caller.account).ok_or(NO_CONNECTION)?;
        let (mine, theirs) = self.agents(tx, them).await?;
        if tx.living_pairing(mine.id, theirs.id).await?.is_some() {
            return Err(ProposeError::PairingExists);
        }
        self.count(cx, tx, &connection).await?;
        let pairing = self.pairing(cx, &mine, &theirs);
        tx.insert_pairing(&pairing).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "pairing.propose", pairing.id)).await?;
        tx.append_events(&super::events(&pairing, EventName::PairingProposed, cx.now)).await?;
        Ok(PairingView {
            pairing,
            proposer_agent: AgentCard::from(&mine),
            other_agent: AgentCard::from(&theirs),
        })
    }
}

impl Propose {
    async fn agents(&self, tx: &mut dyn UnitOfWork, them: AccountId) -> Result<(Agent, Agent), ProposeError> {
        let mine = agent_of(tx, self.my_agent, self.caller.account).await?;
        let mine = mine.ok_or(ProposeError::MyAgentNotFound)?;
        let theirs = agent_of(tx, self.their_agent, them).await?;
        let theirs = theirs.ok_or(ProposeError::TheirAgentNotFound)?;
        if mine.keys.is_none() {
            return Err(ProposeError::MyAgentNotConnected);
        }
        if !theirs.available_for_connections {
            return Err(ProposeError::AgentNotAvailable);
        }
        if theirs.keys.is_none() {
            return Err(ProposeError::TheirAgentNotConnected);
        }
        Ok((mine, theirs))
    }

    async fn count(
        &self,
        cx: &Cx<'_>,
        tx: &mut dyn UnitOfWork,
        connection: &Connection,
    ) -> Result<(), ProposeError> {
        let plan = plan_of(cx, tx, self.caller.account).await?;
        let limit = plan.max_pairings_per_connection;
        if tx.count_pairing_up(connection.id, limit).await? {
            Ok(())
        } else {
            let limit = limit.unwrap_or(u64::MAX);
            Err(ProposeError::PlanLimit { plan: plan.name.as_str().to_owned(), limit })
        }
    }

    fn pairing(&self, cx: &Cx<'_>, mine: &Agent, theirs: &Agent) -> Pairing {
        Pairing {
            id: cx.ids.next(),
            connection_id: self.connection,
            proposer: PairingSide { account: mine.account_id, agent: mine.id },
            other: PairingSide { account: theirs.account_id, agent: theirs.id },
            permission: self.permission,
            status: PairingStatus::Pending,
            version: 1,
            created_at: cx.now,
            confirmed_at: None,
            revoked_at: None,
        }
    }
}

async fn agent_of(
    tx: &mut dyn UnitOfWork,
    id: AgentId,
    account: AccountId,
) -> Result<Option<Agent>, StoreError> {
    Ok(tx.agent(id).await?.filter(|agent| agent.account_id == account))
}

#[cfg(test)]
mod tests;
