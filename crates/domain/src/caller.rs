//! Who calls, and how far their credential reaches.

use crate::agent::AgentSlug;
use crate::error::Denied;
use crate::ids::{AccountId, AgentId, ApiKeyId};

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account that the credential belongs to.
    pub account: AccountId,
    /// What was presented.
    pub credential: Credential,
    /// The agent that an account key's caller named in `X-AgentDrop-Agent` (slug or UUID), unchecked.
    pub named_agent: Option<String>,
}

/// What a caller presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// An account key: the whole account.
    AccountKey(ApiKeyId),
    /// An agent key: exactly one agent.
    AgentKey {
        /// The key.
        key: ApiKeyId,
        /// Its agent.
        agent: AgentId,
        /// That agent's slug.
        slug: AgentSlug,
    },
}

impl Credential {
    /// The presented key.
    #[must_use]
    pub const fn key(&self) -> ApiKeyId {
        match self {
            Self::AccountKey(key) | Self::AgentKey { key, .. } => *key,
        }
    }
}

impl Caller {
    /// The agent that an agent key is bound to.
    #[must_use]
    pub const fn bound_agent(&self) -> Option<AgentId> {
        match &self.credential {
            Credential::AccountKey(_) => None,
            Credential::AgentKey { agent, .. } => Some(*agent),
        }
    }

    /// Lets only account-wide credentials pass.
    ///
    /// # Errors
    /// [`Denied::ScopeMismatch`] for an agent key.
    pub fn require_account_scope(&self) -> Result<(), Denied> {
        match &self.credential {
            Credential::AccountKey(_) => Ok(()),
            Credential::AgentKey { .. } => Err(self.scope_mismatch("use an account key for this")),
        }
    }

    /// Lets account-wide credentials pass, and the agent's own key.
    ///
    /// # Errors
    /// [`Denied::Forbidden`] for the key of another agent of the same account (decision 3).
    pub fn require_agent(&self, agent: AgentId) -> Result<(), Denied> {
        match self.bound_agent() {
            Some(bound) if bound != agent => {
                Err(Denied::Forbidden("this agent key belongs to another agent of the account"))
            }
            _ => Ok(()),
        }
    }

    /// The refusal of an agent key outside its scope. `wanted` says what to use instead.
    #[must_use]
    pub fn scope_mismatch(&self, wanted: &'static str) -> Denied {
        let agent = match &self.credential {
            Credential::AgentKey { slug, .. } => slug.as_str().to_owned(),
            Credential::AccountKey(_) => String::new(),
        };
        Denied::ScopeMismatch { agent, wanted }
    }
}
