//! The fields that several operations on agents read.

use agentdrop_domain::agent::{KeysInput, ProfileInput};
use agentdrop_domain::error::FieldErrors;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::http::fields::Field;
use crate::http::wire;

const TEXT: &str = "a text";

/// What an owner says about an agent.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct AgentProfileFields {
    /// What people call it, 1 to 128 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Data pipeline")]
    name: Field<String>,
    /// What it is for, at most 1,024 characters; empty to have none.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Sends the nightly reports")]
    description: Field<String>,
    /// `custom` (default), `langchain`, `crewai`, `autogen`, `mastra` or `n8n`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "custom")]
    agent_type: Field<String>,
    /// HTTPS, at most 2,048 characters; empty to have none. Stored and echoed.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "https://hooks.example.com/agentdrop")]
    webhook_url: Field<String>,
    /// Your own data, at most 16 KiB of JSON; replaces the whole object.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"team": "data"}))]
    metadata: Field<Map<String, Value>>,
    /// Whether connected accounts may see it and propose pairings with it (default `false`).
    #[serde(default)]
    #[schema(value_type = Option<bool>, example = true)]
    available_for_connections: Field<bool>,
    /// Whether transfers from and to it must be encrypted by the client (default `false`).
    #[serde(default)]
    #[schema(value_type = Option<bool>, example = true)]
    require_encryption: Field<bool>,
}

impl AgentProfileFields {
    pub(super) fn read(self, errors: &mut FieldErrors) -> ProfileInput {
        let metadata = self.metadata.optional(errors, "metadata", "a JSON object");
        ProfileInput {
            name: self.name.optional(errors, "name", TEXT),
            description: self.description.optional(errors, "description", TEXT),
            agent_type: self.agent_type.optional(errors, "agent_type", TEXT),
            webhook_url: self.webhook_url.optional(errors, "webhook_url", TEXT),
            metadata: metadata.map(|object| Value::Object(object).to_string()),
            available_for_connections: self.available_for_connections.optional(
                errors,
                "available_for_connections",
                "true or false",
            ),
            require_encryption: self.require_encryption.optional(
                errors,
                "require_encryption",
                "true or false",
            ),
        }
    }
}

/// The public keys that an agent presents.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct PublicKeyFields {
    /// The X25519 public key: base64 of 32 raw bytes, or of its 44-byte SPKI DER form.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=")]
    public_key: Field<String>,
    /// `X25519`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "X25519")]
    public_key_algorithm: Field<String>,
    /// An Ed25519 public key: base64 of 32 raw bytes, or of its 44-byte SPKI DER form. Stored and echoed.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")]
    signing_public_key: Field<String>,
    /// `Ed25519`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Ed25519")]
    signing_key_algorithm: Field<String>,
}

impl PublicKeyFields {
    pub(super) fn read(self, errors: &mut FieldErrors) -> KeysInput {
        KeysInput {
            public_key: self.public_key.optional(errors, "public_key", TEXT).map(decoded),
            public_key_algorithm: self.public_key_algorithm.optional(errors, "public_key_algorithm", TEXT),
            signing_public_key: self
                .signing_public_key
                .optional(errors, "signing_public_key", TEXT)
                .map(decoded),
            signing_key_algorithm: self.signing_key_algorithm.optional(errors, "signing_key_algorithm", TEXT),
        }
    }
}

/// The bytes of a key. What is no base64 becomes no bytes, which the domain refuses along with everything
/// else that is wrong with the request.
fn decoded(text: String) -> Vec<u8> {
    wire::from_base64(text.trim()).unwrap_or_default()
}
