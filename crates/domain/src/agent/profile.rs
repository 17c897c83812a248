//! What an owner says about an agent.

use super::{Agent, AgentType};
use crate::account::display_name;
use crate::error::FieldErrors;
use crate::words::{allowed, value_of};

const MAX_DESCRIPTION: usize = 1_024;
const MAX_WEBHOOK_URL: usize = 2_048;
const MAX_METADATA_BYTES: usize = 16 * 1_024;

/// What an owner says about an agent, as it arrives. What is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileInput {
    /// What people call it, 1 to 128 characters.
    pub name: Option<String>,
    /// What it is for, at most 1,024 characters; empty to have none.
    pub description: Option<String>,
    /// What it is built with: a word of [`AgentType::ALL`].
    pub agent_type: Option<String>,
    /// HTTPS, at most 2,048 characters; empty to have none.
    pub webhook_url: Option<String>,
    /// A JSON object as compact text, at most 16 KiB; it replaces the whole object.
    pub metadata: Option<String>,
    /// Whether connected accounts may see it and propose pairings with it.
    pub available_for_connections: Option<bool>,
    /// Whether transfers from and to it must be encrypted by the client.
    pub require_encryption: Option<bool>,
}

/// A [`ProfileInput`] that holds nothing but what is allowed.
#[derive(Debug, Clone)]
pub(super) struct ProfileChange {
    name: Option<String>,
    description: Option<Option<String>>,
    agent_type: Option<AgentType>,
    webhook_url: Option<Option<String>>,
    metadata: Option<String>,
    available_for_connections: Option<bool>,
    require_encryption: Option<bool>,
}

impl ProfileInput {
    /// Notes each bad field in `errors`; what it yields then is not to be used.
    pub(super) fn check(&self, errors: &mut FieldErrors) -> ProfileChange {
        let mut optional = |field, text: &Option<String>, check: fn(&str) -> Result<String, String>| {
            text.as_deref().and_then(|text| errors.check(field, check(text)))
        };
        ProfileChange {
            name: optional("name", &self.name, |text| display_name(text).map_err(|bad| bad.to_string())),
            description: optional("description", &self.description, description).map(none_if_empty),
            webhook_url: optional("webhook_url", &self.webhook_url, webhook_url).map(none_if_empty),
            metadata: optional("metadata", &self.metadata, metadata),
            agent_type: self
                .agent_type
                .as_deref()
                .and_then(|word| errors.check("agent_type", agent_type(word))),
            available_for_connections: self.available_for_connections,
            require_encryption: self.require_encryption,
        }
    }
}

impl ProfileChange {
    pub(super) fn apply(self, agent: &mut Agent) {
        set(&mut agent.name, self.name);
        set(&mut agent.description, self.description);
        set(&mut agent.agent_type, self.agent_type);
        set(&mut agent.webhook_url, self.webhook_url);
        set(&mut agent.metadata, self.metadata);
        set(&mut agent.available_for_connections, self.available_for_connections);
        set(&mut agent.require_encryption, self.require_encryption);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn none_if_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn description(text: &str) -> Result<String, String> {
    let unprintable = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() <= MAX_DESCRIPTION && !text.contains(unprintable) {
        Ok(text.to_owned())
    } else {
        Err(format!("must be at most {MAX_DESCRIPTION} characters without control characters"))
    }
}

fn webhook_url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
    let host_ok = host.is_some_and(|host| !host.is_empty() && !host.contains('@'));
    let odd = |c: char| c.is_control() || c.is_whitespace();
    if text.is_empty() || (host_ok && !text.contains(odd) && text.chars().count() <= MAX_WEBHOOK_URL) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "must be a URL of at most {MAX_WEBHOOK_URL} characters that begins with https:// and carries no \
             user name or password"
        ))
    }
}

fn metadata(text: &str) -> Result<String, String> {
    // JSON's escape of NUL: one of the two databases can't keep it.
    let has_nul = text.contains("\\u0000");
    if text.starts_with('{') && !has_nul && text.len() <= MAX_METADATA_BYTES {
        Ok(text.to_owned())
    } else {
        Err(format!("must be a JSON object of at most {MAX_METADATA_BYTES} bytes without NUL characters"))
    }
}

fn agent_type(word: &str) -> Result<AgentType, String> {
    value_of(&AgentType::ALL, word).ok_or_else(|| allowed(&AgentType::ALL))
}

#[cfg(test)]
mod tests;
