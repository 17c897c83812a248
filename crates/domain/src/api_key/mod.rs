//! API keys: account keys act for the account, agent keys for exactly one agent.

mod add;
mod agent_keys;
mod authenticate;
mod create;
mod list;
mod record_use;
mod repository;
mod revoke;
#[cfg(test)]
mod testing;

pub use add::NewKey;
pub(crate) use add::{KeyOwner, add_key};
pub use agent_keys::{
    AgentKeyError, CreateAgentKey, ListAgentKeys, MAX_KEYS_PER_AGENT, NewAgentKey, RevokeAgentKey,
};
pub use authenticate::{Authenticate, AuthenticateError, Authenticated};
pub use create::{CreateKey, CreateKeyError};
pub use list::{ListKeys, ListKeysError};
pub use record_use::{RecordUse, is_stale};
pub use repository::{ApiKeyReads, ApiKeyRepository};
pub use revoke::{RevokeKey, RevokeKeyError};

use crate::account::Account;
use crate::agent::AgentSlug;
use crate::clock::Timestamp;
use crate::ids::{AccountId, AgentId, ApiKeyId};

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose key it is.
    pub account_id: AccountId,
    /// The one agent it acts as; `None` for an account key.
    pub agent_id: Option<AgentId>,
    /// What its owner calls it.
    pub name: String,
    /// The first 13 characters of the token.
    pub prefix: String,
    /// When it was last presented, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// How many transfers were created with it.
    pub transfer_count: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Everything needed to tell who presents a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The key, revoked or not.
    pub key: ApiKey,
    /// Its account.
    pub account: Account,
    /// The slug of its agent, for an agent key.
    pub agent_slug: Option<AgentSlug>,
}
