use async_trait::async_trait;

use super::Pairing;
use crate::agent::AgentCard;
use crate::ids::{AccountId, AgentId, ConnectionId, PairingId};
use crate::page::{Page, Slice};
use crate::store::StoreError;

/// A pairing with the cards of its two agents (deleted agents included).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingView {
    /// The pairing.
    pub pairing: Pairing,
    /// The proposer's agent.
    pub proposer_agent: AgentCard,
    /// The other side's agent.
    pub other_agent: AgentCard,
}

/// Reading pairings.
#[async_trait]
pub trait PairingReads: Send {
    /// The pairing of that id.
    async fn pairing(&mut self, id: PairingId) -> Result<Option<Pairing>, StoreError>;
    /// A connection's pairings of every status, newest first.
    async fn pairings(
        &mut self,
        connection: ConnectionId,
        page: Page,
    ) -> Result<Slice<PairingView>, StoreError>;
    /// The pending or active pairing of two agents, in either order.
    async fn living_pairing(&mut self, a: AgentId, b: AgentId) -> Result<Option<Pairing>, StoreError>;
    /// A connection's pending and active pairings.
    async fn living_pairings_of_connection(
        &mut self,
        connection: ConnectionId,
    ) -> Result<Vec<Pairing>, StoreError>;
    /// An agent's pending and active pairings.
    async fn living_pairings_of_agent(&mut self, agent: AgentId) -> Result<Vec<Pairing>, StoreError>;
    /// How many pending pairings wait for an account's word.
    async fn count_pending_pairings(&mut self, waiting_for: AccountId) -> Result<u64, StoreError>;
}

/// Changing pairings.
#[async_trait]
pub trait PairingRepository: PairingReads {
    /// Adds a pairing. A living one of the same two agents, in either order, is a conflict on `PairingPair`.
    async fn insert_pairing(&mut self, pairing: &Pairing) -> Result<(), StoreError>;
    /// Writes a pairing's sides, permission, status, version and times.
    async fn update_pairing(&mut self, pairing: &Pairing) -> Result<(), StoreError>;
}
