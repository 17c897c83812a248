//! The exchange from the first account to the last byte.

use std::path::Path;

use super::DemoError;
use super::client::Client;
use super::content::write_file;
use super::envelope::Envelope;
use super::meeting::{accept, confirm, find_agent, invite, make_available, open_channel, propose, resolve};
use super::participant::{Names, Participant, create_account, register_agent};
use super::receive::{is_gone, look, must_agree, receive};
use super::send::{Sent, send};
use super::server_disk::search;
use super::story::Story;
use crate::serve::Running;

const ALICE: Names = Names { email: "alice@demo.example", name: "Alice", agent: "data-pipeline" };
const BOB: Names = Names { email: "bob@demo.example", name: "Bob", agent: "analysis" };

/// The file of the first transfer and its size in bytes.
const FIGURES: (&str, u64) = ("figures.csv", 4 << 20);
/// The file of the second.
const APPENDIX: (&str, u64) = ("appendix.csv", 256 << 10);

pub async fn play(
    server: &Running,
    folder: &Path,
    data: &Path,
    story: &mut Story<'_>,
) -> Result<(), DemoError> {
    let Running { public_url, ports, .. } = server;
    story.tell("server", format!("listens on {public_url}, rows in SQLite, bytes in files"))?;
    let client = &Client::new(public_url)?;
    let (alice_key, bob_key) = (create_account(ports, ALICE).await?, create_account(ports, BOB).await?);
    story.tell("operator", format!("created the accounts {} and {}", ALICE.email, BOB.email))?;
    let connection = connect(client, &alice_key, &bob_key, story).await?;
    let alice = register(client, ALICE, alice_key, folder, story).await?;
    let bob = register(client, BOB, bob_key, folder, story).await?;
    pair(client, &alice, &bob, &connection, story).await?;
    wrapped_transfer(client, &alice, &bob, data, story).await?;
    channel_transfer(client, &alice, &bob, data, story).await
}

async fn connect(
    client: &Client,
    alice: &str,
    bob: &str,
    story: &mut Story<'_>,
) -> Result<String, DemoError> {
    let connection = invite(client, alice, BOB.email).await?;
    story.tell("Alice", format!("invited {}", BOB.email))?;
    accept(client, bob, &connection).await?;
    story.tell("Bob", "accepted: the accounts are connected")?;
    Ok(connection)
}

async fn register(
    client: &Client,
    names: Names,
    key: String,
    folder: &Path,
    story: &mut Story<'_>,
) -> Result<Participant, DemoError> {
    let participant = register_agent(client, names, key, folder).await?;
    let fingerprint = participant.secret.public_key().fingerprint();
    story.tell(names.name, format!("registered the agent {}, key {fingerprint}", names.agent))?;
    Ok(participant)
}

async fn pair(
    client: &Client,
    alice: &Participant,
    bob: &Participant,
    connection: &str,
    story: &mut Story<'_>,
) -> Result<(), DemoError> {
    make_available(client, bob).await?;
    story.tell("Bob", format!("made {} available for connections", BOB.agent))?;
    let theirs = find_agent(client, alice, connection, BOB.agent).await?;
    story.tell("Alice", format!("found {} among Bob's available agents", BOB.agent))?;
    propose(client, alice, connection, &theirs).await?;
    story.tell("Alice", format!("proposed that {} may send to {}", ALICE.agent, BOB.agent))?;
    let permission = confirm(client, bob, connection).await?;
    story.tell("Bob", format!("confirmed what he saw, {permission}: the agents are paired"))
}

async fn wrapped_transfer(
    client: &Client,
    alice: &Participant,
    bob: &Participant,
    data: &Path,
    story: &mut Story<'_>,
) -> Result<(), DemoError> {
    let key = resolve(client, alice, BOB.agent).await?;
    if key != bob.secret.public_key() {
        return Err(DemoError::Unexpected("the server gave out another public key than Bob's"));
    }
    story.tell("Alice", format!("resolved {}: key {}, as Bob reads it out", BOB.agent, key.fingerprint()))?;
    let envelope = Envelope::wrapped(&alice.secret, &key)?;
    let sent = send_file(client, alice, FIGURES, envelope, "a fresh key, wrapped for Bob", story).await?;
    story_of_the_disk(data, &sent, story)?;
    receive_file(client, alice, bob, &sent, story).await?;
    if !is_gone(client, bob, &sent.id).await? {
        return Err(DemoError::Unexpected("a transfer for one download was handed out twice"));
    }
    story.tell("Bob", "asked once more: 410 GONE, since one download was allowed")
}

async fn channel_transfer(
    client: &Client,
    alice: &Participant,
    bob: &Participant,
    data: &Path,
    story: &mut Story<'_>,
) -> Result<(), DemoError> {
    let channel = open_channel(client, alice, bob).await?;
    story.tell("both", "opened a channel between their agents")?;
    let envelope = Envelope::derived(&alice.secret, &bob.secret.public_key(), &channel)?;
    let sent = send_file(client, alice, APPENDIX, envelope, "the channel's key", story).await?;
    story_of_the_disk(data, &sent, story)?;
    receive_file(client, alice, bob, &sent, story).await
}

async fn send_file(
    client: &Client,
    alice: &Participant,
    (name, size): (&'static str, u64),
    envelope: Envelope,
    with: &str,
    story: &mut Story<'_>,
) -> Result<Sent, DemoError> {
    write_file(&alice.folder.join(name), size)?;
    let sent = send(client, alice, BOB.agent, name, envelope).await?;
    story.tell(
        "Alice",
        format!("sealed {name} with {with}, and sent {} bytes in one stream", sent.total_size),
    )?;
    Ok(sent)
}

fn story_of_the_disk(data: &Path, sent: &Sent, story: &mut Story<'_>) -> Result<(), DemoError> {
    let contents = search(data)?;
    if !contents.stored.contains(&sent.total_size) {
        return Err(DemoError::Unexpected("the server has not stored what was sent"));
    }
    let files = contents.files;
    story.tell("server", format!("holds them sealed: none of its {files} files has a line of hers in clear"))
}

async fn receive_file(
    client: &Client,
    alice: &Participant,
    bob: &Participant,
    sent: &Sent,
    story: &mut Story<'_>,
) -> Result<(), DemoError> {
    let waiting = look(client, bob).await?;
    if waiting.id != sent.id {
        return Err(DemoError::Unexpected("another transfer than the sent one is in the inbox"));
    }
    let message = waiting.message.unwrap_or_default();
    story.tell(
        "Bob",
        format!(
            "has it in the inbox, from {} of {}: \"{message}\"",
            waiting.sender, waiting.sender_account_name
        ),
    )?;
    let name = receive(client, bob, &sent.id).await?;
    story.tell("Bob", format!("downloaded and opened {name}, every bit authenticated"))?;
    must_agree(&alice.folder.join(&name), &bob.folder.join(&name))?;
    story.tell("both", format!("compared {name}: the same bytes"))
}
