//! The accounts that an agent's comings and goings concern.

use std::collections::BTreeSet;

use super::Agent;
use crate::act::Cx;
use crate::connection::meanwhile;
use crate::event::{Event, EventName};
use crate::ids::AccountId;
use crate::pairing::Pairing;
use crate::store::{ReadView, StoreError, UnitOfWork};

/// Why an act is repeated: an account came in between the first look and the lock, and locking it then could
/// wait in a circle.
pub(super) const CHANGED: &str = "another account became concerned by the agent";

/// An agent's living pairings, and the accounts that hear of it: its own and those on their other sides.
#[derive(Debug)]
pub(super) struct Circle {
    pub(super) pairings: Vec<Pairing>,
    pub(super) accounts: BTreeSet<AccountId>,
}

impl Circle {
    /// The circle of an agent that nobody knows yet.
    pub(super) fn of_new(agent: &Agent) -> Self {
        Self { pairings: Vec::new(), accounts: BTreeSet::from([agent.account_id]) }
    }

    /// Reads an agent's circle without locking anything.
    pub(super) async fn read(view: &mut dyn ReadView, agent: &Agent) -> Result<Self, StoreError> {
        let pairings = view.living_pairings_of_agent(agent.id).await?;
        let sides = pairings.iter().flat_map(|pairing| [pairing.proposer.account, pairing.other.account]);
        let accounts = sides.chain([agent.account_id]).collect();
        Ok(Self { pairings, accounts })
    }

    /// Locks an agent's circle. The agent itself must be read again afterwards.
    pub(super) async fn lock(tx: &mut dyn UnitOfWork, agent: &Agent) -> Result<Self, StoreError> {
        let seen = Self::read(tx, agent).await?;
        lock_all(tx, &seen.accounts).await?;
        let locked = Self::read(tx, agent).await?;
        if locked.accounts.is_subset(&seen.accounts) { Ok(locked) } else { Err(meanwhile(CHANGED)) }
    }

    /// One event for each account of the circle, in ascending account id.
    pub(super) fn events(&self, cx: &Cx<'_>, name: EventName, agent: &Agent) -> Vec<Event> {
        let facts = vec![
            ("agent_id", agent.slug.to_string()),
            ("account_id", agent.account_id.to_string()),
            ("key_version", agent.key_version.to_string()),
        ];
        let event = |account: &AccountId| Event {
            account: *account,
            name,
            subject: agent.id.to_string(),
            facts: facts.clone(),
            at: cx.now,
        };
        self.accounts.iter().map(event).collect()
    }
}

pub(super) async fn lock_all(
    tx: &mut dyn UnitOfWork,
    accounts: &BTreeSet<AccountId>,
) -> Result<(), StoreError> {
    let accounts: Vec<AccountId> = accounts.iter().copied().collect();
    tx.lock_accounts(&accounts).await
}
