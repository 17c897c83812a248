//! Agents: the programs that send and receive.

mod candidates;
mod circle;
mod connect;
mod connection_token;
mod delete;
mod disconnect;
mod end;
mod find;
mod get;
mod keys;
mod keys_input;
mod list;
mod me;
mod profile;
mod register;
mod repository;
mod resolve;
mod sendable;
mod slug;
#[cfg(test)]
mod testing;
mod update;

pub use candidates::{Candidate, ResolveError, Resolved, candidates, resolve_recipient};
pub use connect::{Connect, ConnectError};
pub use connection_token::{IssueConnectionToken, IssueConnectionTokenError, IssuedToken};
pub use delete::{DeleteAgent, DeleteAgentError};
pub use disconnect::{Disconnect, DisconnectError};
pub use find::{NO_AGENT, find_own, find_usable};
pub use get::{GetAgent, GetAgentError};
pub use keys::{AgentKeys, BadKey, KeyInspector, PublicKey, SigningKey};
pub use keys_input::KeysInput;
pub use list::{ListAgents, ListAgentsError};
pub use me::{ConnectionCounts, Me, MeError, PlanUsage, StartupProfile};
pub use profile::ProfileInput;
pub use register::{Register, RegisterError, Registered};
pub use repository::{AgentReads, AgentRepository, AvailableAgent, PairedAgent};
pub use resolve::{ResolveAgent, ResolveAgentError};
pub use sendable::{ListSendable, SendableAgent};
pub use slug::{AgentSlug, BadSlug};
pub use update::{UpdateAgent, UpdateAgentError};

use crate::clock::Timestamp;
use crate::ids::{AccountId, AgentId};
use crate::secret::SecretDigest;

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Whose agent it is.
    pub account_id: AccountId,
    /// Its name on the wire, unique within the account.
    pub slug: AgentSlug,
    /// What people call it, at most 128 characters.
    pub name: String,
    /// What it is for, at most 1,024 characters.
    pub description: Option<String>,
    /// What it is built with.
    pub agent_type: AgentType,
    /// Stored and echoed, HTTPS, at most 2,048 characters.
    pub webhook_url: Option<String>,
    /// A JSON object as text, at most 16 KiB, opaque to us.
    pub metadata: String,
    /// Whether connected accounts may see it and propose pairings with it.
    pub available_for_connections: bool,
    /// Whether transfers from and to it must be encrypted by the client.
    pub require_encryption: bool,
    /// Whether it can exchange files.
    pub status: AgentStatus,
    /// Its public keys while it is connected.
    pub keys: Option<AgentKeys>,
    /// 0 before the first key, then raised with each new one.
    pub key_version: u32,
    /// When it was last heard of, to the minute.
    pub last_seen_at: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// What an agent is built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum AgentType {
    #[default]
    Custom,
    Langchain,
    Crewai,
    Autogen,
    Mastra,
    N8n,
}

impl AgentType {
    /// Every type, with its word on the wire.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Custom, "custom"),
        (Self::Langchain, "langchain"),
        (Self::Crewai, "crewai"),
        (Self::Autogen, "autogen"),
        (Self::Mastra, "mastra"),
        (Self::N8n, "n8n"),
    ];
}

/// Where an agent is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentStatus {
    /// Registered, has not presented a key yet.
    Pending,
    /// Has a key.
    Connected,
    /// Had a key; it was wiped.
    Disconnected,
}

impl AgentStatus {
    /// Every status, with its word on the wire.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Pending, "pending"), (Self::Connected, "connected"), (Self::Disconnected, "disconnected")];
}

/// A one-time right to connect a registered agent, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionToken {
    /// What was stored of the token.
    pub digest: SecretDigest,
    /// The agent it connects.
    pub agent_id: AgentId,
    /// The account of that agent.
    pub account_id: AccountId,
    /// For the human eye; never a credential.
    pub claim_code: String,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// What a list that spans accounts shows of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCard {
    /// Its id.
    pub id: AgentId,
    /// Whose agent it is.
    pub account_id: AccountId,
    /// Its slug.
    pub slug: AgentSlug,
    /// What people call it.
    pub name: String,
    /// Its public key while it is connected.
    pub public_key: Option<PublicKey>,
    /// The version of that key.
    pub key_version: u32,
}

impl From<&Agent> for AgentCard {
    fn from(agent: &Agent) -> Self {
        Self {
            id: agent.id,
            account_id: agent.account_id,
            slug: agent.slug.clone(),
            name: agent.name.clone(),
            public_key: agent.keys.as_ref().map(|keys| keys.public),
            key_version: agent.key_version,
        }
    }
}
