use async_trait::async_trait;

use super::{Agent, AgentCard, AgentSlug, ConnectionToken};
use crate::account::AccountCard;
use crate::clock::Timestamp;
use crate::ids::{AccountId, AgentId, ConnectionId};
use crate::page::{Page, Slice};
use crate::pairing::{Pairing, PairingStatus};
use crate::secret::SecretDigest;
use crate::store::StoreError;

/// An agent of a connected account, and how far a pairing of it with the asking account's agents has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableAgent {
    /// The agent.
    pub agent: Agent,
    /// The status of the most advanced living pairing with any agent of the asking account.
    pub pairing_status: Option<PairingStatus>,
}

/// An agent on another account that holds a living, active pairing with an agent of the asking account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairedAgent {
    /// The foreign agent.
    pub agent: Agent,
    /// Its account.
    pub account: AccountCard,
    /// The active pairing.
    pub pairing: Pairing,
}

/// Reading agents. Deleted agents are never found.
#[async_trait]
pub trait AgentReads: Send {
    /// The agent of that id.
    async fn agent(&mut self, id: AgentId) -> Result<Option<Agent>, StoreError>;
    /// The account's agent of that slug.
    async fn agent_by_slug(
        &mut self,
        account: AccountId,
        slug: &AgentSlug,
    ) -> Result<Option<Agent>, StoreError>;
    /// The account's agents, oldest first.
    async fn agents(&mut self, account: AccountId, page: Page) -> Result<Slice<Agent>, StoreError>;
    /// The account's connected agent that was registered first.
    async fn first_connected_agent(&mut self, account: AccountId) -> Result<Option<Agent>, StoreError>;
    /// Cards of these agents, deleted ones included, in any order.
    async fn agent_cards(&mut self, ids: &[AgentId]) -> Result<Vec<AgentCard>, StoreError>;
    /// The other account's agents that are available and connected, ordered by slug (bytes).
    async fn available_agents(
        &mut self,
        of: AccountId,
        seen_by: AccountId,
        connection: ConnectionId,
        page: Page,
    ) -> Result<Slice<AvailableAgent>, StoreError>;
    /// All agents on other accounts with an **active** pairing under an active connection with any agent of
    /// `account` (one row a pairing), ordered by slug (bytes), then pairing id. `slug` narrows to one slug;
    /// at most `limit` rows.
    async fn paired_agents(
        &mut self,
        account: AccountId,
        slug: Option<&AgentSlug>,
        limit: u32,
    ) -> Result<Vec<PairedAgent>, StoreError>;
    /// The unused, unexpired-or-not token of that digest.
    async fn connection_token(
        &mut self,
        digest: &SecretDigest,
    ) -> Result<Option<ConnectionToken>, StoreError>;
}

/// Changing agents.
#[async_trait]
pub trait AgentRepository: AgentReads {
    /// Adds an agent. A taken slug is a conflict on `AgentSlug`.
    async fn insert_agent(&mut self, agent: &Agent) -> Result<(), StoreError>;
    /// Writes all of an agent but its id, account, slug, `created_at` and `last_seen_at`.
    async fn update_agent(&mut self, agent: &Agent) -> Result<(), StoreError>;
    /// Takes an agent away for good: it is found no more, its slug is free, its keys, texts and metadata are
    /// wiped. The bare row stays for transfers and pairings that name it.
    async fn delete_agent(&mut self, id: AgentId, now: Timestamp) -> Result<(), StoreError>;
    /// Notes when an agent was last heard of.
    async fn touch_agent(&mut self, id: AgentId, now: Timestamp) -> Result<(), StoreError>;
    /// Adds a token, in place of all earlier ones of its agent.
    async fn replace_connection_token(&mut self, token: &ConnectionToken) -> Result<(), StoreError>;
    /// Burns all tokens of an agent.
    async fn burn_connection_tokens(&mut self, agent: AgentId) -> Result<(), StoreError>;
}
