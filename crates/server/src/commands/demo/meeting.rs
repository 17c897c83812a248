//! How two accounts and their agents come together.

use agentdrop_protocol::PublicKey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::DemoError;
use super::client::Client;
use super::error::crypto;
use super::participant::Participant;

#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Available {
    agents: Vec<AvailableAgent>,
}

#[derive(Deserialize)]
struct AvailableAgent {
    id: String,
    agent_id: String,
}

#[derive(Deserialize)]
struct Pairings {
    pairings: Vec<Pairing>,
}

#[derive(Deserialize)]
struct Pairing {
    id: String,
    permission: String,
    version: u64,
}

#[derive(Deserialize)]
struct Resolved {
    public_key: String,
}

/// Invites the holder of an address; the connection's id.
pub async fn invite(client: &Client, key: &str, email: &str) -> Result<String, DemoError> {
    let body = json!({ "email": email, "message": "Shall our agents exchange files?" });
    let Made { id } = client.post(key, "/v1/connections", &body).await?;
    Ok(id)
}

pub async fn accept(client: &Client, key: &str, connection: &str) -> Result<(), DemoError> {
    let path = format!("/v1/connections/{connection}/accept");
    let Made { .. } = client.post(key, &path, &json!({})).await?;
    Ok(())
}

/// Lets connected accounts see the participant's agent.
pub async fn make_available(client: &Client, who: &Participant) -> Result<(), DemoError> {
    let path = format!("/v1/agents/{}", who.agent);
    let Made { .. } = client.patch(&who.key, &path, &json!({ "available_for_connections": true })).await?;
    Ok(())
}

/// Looks among the other account's available agents for the one of that slug; its id.
pub async fn find_agent(
    client: &Client,
    who: &Participant,
    connection: &str,
    slug: &str,
) -> Result<String, DemoError> {
    let path = format!("/v1/connections/{connection}/agents");
    let Available { agents } = client.get(&who.key, &path).await?;
    let found = agents.into_iter().find(|agent| agent.agent_id == slug);
    Ok(found.ok_or(DemoError::Unexpected("the other account's agent is not among its available ones"))?.id)
}

/// Proposes that the own agent may send to theirs.
pub async fn propose(
    client: &Client,
    who: &Participant,
    connection: &str,
    their_agent: &str,
) -> Result<(), DemoError> {
    let body = json!({ "my_agent_id": who.agent, "their_agent_id": their_agent, "permission": "send_only" });
    let Made { .. } = client.post(&who.key, &format!("/v1/connections/{connection}/pairings"), &body).await?;
    Ok(())
}

/// Confirms the one pairing that waits, exactly as it was seen; the permission as this side has it.
pub async fn confirm(client: &Client, who: &Participant, connection: &str) -> Result<String, DemoError> {
    let path = format!("/v1/connections/{connection}/pairings");
    let Pairings { pairings } = client.get(&who.key, &path).await?;
    let [seen] = <[Pairing; 1]>::try_from(pairings)
        .map_err(|_| DemoError::Unexpected("not exactly one pairing waits for its confirmation"))?;
    let body = json!({ "version": seen.version, "permission": seen.permission });
    let Made { .. } = client.post(&who.key, &format!("/v1/pairings/{}/confirm", seen.id), &body).await?;
    Ok(seen.permission)
}

/// Asks for the public key of another agent.
pub async fn resolve(client: &Client, who: &Participant, slug: &str) -> Result<PublicKey, DemoError> {
    let Resolved { public_key } =
        client.get(&who.key, &format!("/v1/agents/resolve?agent_id={slug}")).await?;
    PublicKey::from_base64(&public_key).map_err(crypto("read the resolved public key"))
}

/// Opens the channel between two agents, which takes both sides; its id.
pub async fn open_channel(client: &Client, a: &Participant, b: &Participant) -> Result<String, DemoError> {
    let Made { .. } = ask_for_channel(client, a, b).await?;
    let Made { id } = ask_for_channel(client, b, a).await?;
    Ok(id)
}

async fn ask_for_channel(client: &Client, from: &Participant, to: &Participant) -> Result<Made, DemoError> {
    let body: Value = json!({ "agent_id": from.agent, "target_agent_id": to.agent });
    Ok(client.post(&from.key, "/v1/channels", &body).await?)
}
