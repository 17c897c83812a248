//! An agent on the wire.

use agentdrop_domain::agent::{Agent, AgentStatus, AgentType, IssuedToken};
use agentdrop_domain::words::word_of;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::http::{ApiError, wire};
use crate::state::Api;

/// The only algorithm of public keys.
pub(super) const KEY_ALGORITHM: &str = "X25519";

/// The only algorithm of signing keys.
pub(super) const SIGNING_ALGORITHM: &str = "Ed25519";

/// An agent without its keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgentBody {
    /// The agent's UUID.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    id: String,
    /// The UUID again, under the name some clients read.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    agent_uuid: String,
    /// The agent's slug, unique within the account.
    #[schema(example = "data-pipeline")]
    agent_id: String,
    /// What people call it.
    #[schema(example = "Data pipeline")]
    name: String,
    /// What it is for.
    #[schema(example = "Sends the nightly reports")]
    description: Option<String>,
    /// Stored and echoed.
    #[schema(example = "https://hooks.example.com/agentdrop")]
    webhook_url: Option<String>,
    /// `custom`, `langchain`, `crewai`, `autogen`, `mastra` or `n8n`.
    #[schema(example = "custom")]
    agent_type: &'static str,
    /// `pending`, `connected` or `disconnected`.
    #[schema(example = "connected")]
    connection_status: &'static str,
    /// 0 before the first key, then raised with each new one.
    #[schema(example = 1)]
    key_version: u32,
    /// When it was last heard of, to the minute.
    #[schema(example = "2026-11-22T12:00:00.000Z")]
    last_seen_at: Option<String>,
    /// The owner's own data.
    #[schema(value_type = Object, example = json!({"team": "data"}))]
    metadata: Map<String, Value>,
    /// Whether connected accounts may see it and propose pairings with it.
    #[schema(example = false)]
    available_for_connections: bool,
    /// Whether transfers from and to it must be encrypted by the client.
    #[schema(example = false)]
    require_encryption: bool,
    /// Where its inbox is read.
    #[schema(example = "https://agentdrop.example.com/v1/agents/5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f/inbox")]
    inbox_url: String,
    /// When it was registered.
    #[schema(example = "2026-11-22T11:00:00.000Z")]
    created_at: String,
}

impl AgentBody {
    pub(super) fn of(api: &Api, agent: &Agent) -> Result<Self, ApiError> {
        Ok(Self {
            id: agent.id.to_string(),
            agent_uuid: agent.id.to_string(),
            agent_id: agent.slug.to_string(),
            name: agent.name.clone(),
            description: agent.description.clone(),
            webhook_url: agent.webhook_url.clone(),
            agent_type: agent_type(agent),
            connection_status: connection_status(agent),
            key_version: agent.key_version,
            last_seen_at: agent.last_seen_at.map(wire::time),
            metadata: metadata(agent)?,
            available_for_connections: agent.available_for_connections,
            require_encryption: agent.require_encryption,
            inbox_url: inbox_url(api, agent),
            created_at: wire::time(agent.created_at),
        })
    }
}

fn metadata(agent: &Agent) -> Result<Map<String, Value>, ApiError> {
    serde_json::from_str(&agent.metadata).map_err(|error| {
        tracing::error!(agent = %agent.id, %error, "stored metadata is no JSON object");
        ApiError::internal()
    })
}

pub(super) fn agent_type(agent: &Agent) -> &'static str {
    word_of(&AgentType::ALL, agent.agent_type)
}

pub(super) fn connection_status(agent: &Agent) -> &'static str {
    word_of(&AgentStatus::ALL, agent.status)
}

/// Where an agent's inbox is read.
pub(super) fn inbox_url(api: &Api, agent: &Agent) -> String {
    api.url(&format!("/v1/agents/{}/inbox", agent.id))
}

/// An agent's public keys, `null` while it has none.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PublicKeysBody {
    /// The X25519 public key: base64 of 32 raw bytes.
    #[schema(required = true, example = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=")]
    pub(super) public_key: Option<String>,
    /// `X25519`.
    #[schema(required = true, example = "X25519")]
    pub(super) public_key_algorithm: Option<&'static str>,
    /// The Ed25519 public key: base64 of 32 raw bytes.
    #[schema(required = true, example = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")]
    pub(super) signing_public_key: Option<String>,
    /// `Ed25519`.
    #[schema(required = true, example = "Ed25519")]
    pub(super) signing_key_algorithm: Option<&'static str>,
}

impl From<&Agent> for PublicKeysBody {
    fn from(agent: &Agent) -> Self {
        let signing = agent.keys.and_then(|keys| keys.signing);
        Self {
            public_key: agent.keys.map(|keys| wire::base64(keys.public.as_bytes())),
            public_key_algorithm: agent.keys.map(|_| KEY_ALGORITHM),
            signing_public_key: signing.map(|key| wire::base64(key.as_bytes())),
            signing_key_algorithm: signing.map(|_| SIGNING_ALGORITHM),
        }
    }
}

/// An agent in full.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FullAgentBody {
    #[serde(flatten)]
    agent: AgentBody,
    #[serde(flatten)]
    keys: PublicKeysBody,
}

impl FullAgentBody {
    pub(super) fn of(api: &Api, agent: &Agent) -> Result<Self, ApiError> {
        Ok(Self { agent: AgentBody::of(api, agent)?, keys: agent.into() })
    }
}

/// What connects an agent. It is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectionTokenBody {
    /// The credential of `POST /v1/agents/connect`: one use, one hour.
    #[schema(example = "agt_4fRt0aB1cD2eF3gH4iJ5kL6mN7oP8qR9")]
    connection_token: String,
    /// For the human eye, to compare; never a credential.
    #[schema(example = "A3K7WP")]
    claim_code: String,
    /// When the token stops working.
    #[schema(example = "2026-11-22T12:00:00.000Z")]
    token_expires_at: String,
}

impl From<&IssuedToken> for ConnectionTokenBody {
    fn from(issued: &IssuedToken) -> Self {
        Self {
            connection_token: issued.token.reveal().to_owned(),
            claim_code: issued.claim_code.clone(),
            token_expires_at: wire::time(issued.expires_at),
        }
    }
}
