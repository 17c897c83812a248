//! Who takes part: an account, its agent, and a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};

use agentdrop_adapters::secrets::OsSecrets;
use agentdrop_domain::account::CreateAccount;
use agentdrop_domain::act::{Ports, perform};
use agentdrop_protocol::SecretKey;
use serde::Deserialize;
use serde_json::json;

use super::DemoError;
use super::client::Client;
use super::error::doing;

/// How a participant is called.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    pub email: &'static str,
    pub name: &'static str,
    pub agent: &'static str,
}

pub struct Participant {
    pub names: Names,
    /// The account's API key.
    pub key: String,
    /// The agent's secret key, which never leaves this value.
    pub secret: SecretKey,
    /// The agent's UUID.
    pub agent: String,
    /// Where the participant's files are.
    pub folder: PathBuf,
}

#[derive(Deserialize)]
struct Registered {
    id: String,
}

/// Creates the account as `agentdrop-server account create` does; its API key.
pub async fn create_account(ports: &Ports, names: Names) -> Result<String, DemoError> {
    let Names { email, name, .. } = names;
    let act = CreateAccount { email: email.to_owned(), name: name.to_owned(), plan: None };
    let created = perform(ports, &act).await.map_err(|source| DemoError::Account { email, source })?;
    Ok(created.key.token.reveal().to_owned())
}

/// Makes the agent's key pair and registers the agent with the public half.
pub async fn register_agent(
    client: &Client,
    names: Names,
    key: String,
    parent: &Path,
) -> Result<Participant, DemoError> {
    let secret = SecretKey::generate_from(OsSecrets::default().bytes());
    let body = json!({ "agent_id": names.agent, "public_key": secret.public_key().to_base64() });
    let Registered { id } = client.post(&key, "/v1/agents/register", &body).await?;
    let folder = parent.join(names.name);
    fs::create_dir(&folder).map_err(doing("make a participant's folder"))?;
    Ok(Participant { names, key, secret, agent: id, folder })
}
