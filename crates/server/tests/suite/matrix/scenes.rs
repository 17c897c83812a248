//! The objects that an operation is tried on.

use std::sync::atomic::{AtomicU32, Ordering};

use agentdrop_test_support::app::{Account, Agent, public_key};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::world::{Caller, World};

/// What is sent, besides the method and the path template of the operation.
pub struct Scene {
    /// The parameters of the path, in order.
    pub segments: Vec<String>,
    /// The query string, with its `?`.
    pub query: String,
    pub body: Body,
    /// The key to present instead of the caller's.
    pub key: Option<String>,
}

pub enum Body {
    None,
    Json(Value),
    Form(Form),
    Bytes(&'static [u8]),
}

impl Scene {
    fn plain() -> Self {
        Self { segments: Vec::new(), query: String::new(), body: Body::None, key: None }
    }

    fn on(id: impl Into<String>) -> Self {
        Self { segments: vec![id.into()], ..Self::plain() }
    }

    fn with(self, body: Value) -> Self {
        Self { body: Body::Json(body), ..self }
    }
}

/// A number that was not there before, for names.
fn fresh() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The scene of an operation for one caller; whatever the call may end or use up is new.
pub async fn scene(world: &World, operation: &str, caller: Caller) -> Scene {
    match operation {
        "healthz" | "readyz" | "listApiKeys" | "listAgents" | "listSendableAgents" | "startupProfile"
        | "listConnections" | "listBlocked" | "listChannels" | "listTransfers" => Scene::plain(),
        "fetchFile" | "describeFile" => of_file(world).await,
        "createApiKey" | "revokeApiKey" | "createAgentKey" | "listAgentKeys" | "revokeAgentKey" => {
            of_key(world, operation).await
        }
        "connectAgent" => Scene::plain().with(json!({"public_key": public_key(99)})),
        "registerAgent" => Scene::plain().with(json!({"agent_id": format!("new-{}", fresh())})),
        "resolveAgent" => Scene { query: "?agent_id=alpha".to_owned(), ..Scene::plain() },
        "inbox" => Scene { query: format!("?agent_id={}", world.alpha.id), ..Scene::plain() },
        "getAgent" | "agentInbox" => Scene::on(&world.alpha.id),
        "updateAgent" => Scene::on(&world.alpha.id).with(json!({"description": "changed"})),
        "deleteAgent" | "disconnectAgent" | "issueConnectionToken" => {
            of_agent(world, operation, caller).await
        }
        "createConnection" => {
            Scene::plain().with(json!({"email": format!("nobody-{}@example.com", fresh())}))
        }
        "acceptConnection" | "rejectConnection" | "revokeConnection" | "blockConnection" => {
            of_connection(world, operation, caller).await
        }
        "listAvailableAgents" | "listPairings" => Scene::on(world.between(caller, |other| &other.connection)),
        "unblock" => of_block(world).await,
        "createPairing" => of_proposal(world, caller).await,
        "confirmPairing" | "rejectPairing" | "revokePairing" => of_pairing(world, caller).await,
        "updatePairing" => of_pairing(world, caller).await.with(json!({"permission": "send_only"})),
        "createChannel" => of_new_channel(world, caller).await,
        "getChannel" => Scene::on(world.between(caller, |other| &other.channel)),
        "revokeChannel" => of_channel(world, caller).await,
        "createTransfer" => of_new_transfer(world, caller),
        "getTransfer" | "downloadTransfer" => Scene::on(world.between(caller, |other| &other.transfer)),
        "storeFile" => of_awaited_file(world).await,
        "prepareTransfer" | "prepareMultipartTransfer" => of_new_prepared(world, operation, caller),
        "confirmTransfer" | "listParts" | "renewPartUrls" | "completeMultipart" | "abortMultipart" => {
            of_prepared(world, operation).await
        }
        "deleteTransfer" => of_transfer(world, caller).await,
        other => panic!("say in matrix/scenes.rs what {other} is tried on"),
    }
}

async fn of_file(world: &World) -> Scene {
    let path = format!("/v1/transfers/{}/download", world.paired.transfer);
    let answer = world.app.get(&path, &world.paired.account.key).await.expect(200);
    let url = url::Url::parse(answer["files"][0]["download_url"].as_str().unwrap()).unwrap();
    let id = url.path().rsplit('/').next().unwrap().to_owned();
    Scene { query: format!("?{}", url.query().unwrap()), ..Scene::on(id) }
}

async fn of_key(world: &World, operation: &str) -> Scene {
    let (alpha, name) = (world.alpha.id.clone(), json!({"name": "matrix"}));
    let made =
        async |path: &str| world.app.post(path, &world.ann.key, name.clone()).await.expect(201).text("id");
    match operation {
        "createApiKey" => Scene::plain().with(name),
        "revokeApiKey" => Scene::on(made("/v1/api-keys").await),
        "createAgentKey" => Scene::on(alpha).with(name),
        "listAgentKeys" => Scene::on(alpha),
        _ => {
            let agent = new_agent(world, &world.ann).await;
            let key = made(&format!("/v1/agents/{}/keys", agent.id)).await;
            Scene { segments: vec![agent.id, key], ..Scene::plain() }
        }
    }
}

/// A connected agent of that account.
async fn new_agent(world: &World, account: &Account) -> Agent {
    world.app.agent(account, &format!("agent-{}", fresh()), 50).await
}

async fn of_agent(world: &World, operation: &str, caller: Caller) -> Scene {
    let agent = new_agent(world, &world.ann).await;
    if operation == "issueConnectionToken" {
        let path = format!("/v1/agents/{}/disconnect", agent.id);
        let _ = world.app.post(&path, &world.ann.key, json!({})).await.expect(200);
    }
    let key = (caller == Caller::OwnAgent).then_some(agent.key);
    Scene { key, ..Scene::on(agent.id) }
}

/// A new connection between ann and a new account, in the state that the caller's own is in, and the new
/// account's key where the caller is a party. Ann's own answers are to an invite of hers.
async fn of_connection(world: &World, operation: &str, caller: Caller) -> Scene {
    let app = &world.app;
    let other = app.account(&format!("other-{}", fresh())).await;
    let answers_own_invite =
        caller == Caller::Own && matches!(operation, "acceptConnection" | "rejectConnection");
    let connection = if answers_own_invite || caller == Caller::PendingConnection {
        invite(world, &other).await
    } else {
        app.connect(&world.ann, &other).await
    };
    if caller == Caller::RevokedConnection {
        let _ = app.delete(&format!("/v1/connections/{connection}"), &world.ann.key).await.expect(200);
    }
    let is_party = world.other(caller).is_some() && !matches!(caller, Caller::Stranger | Caller::PairedAgent);
    Scene { key: is_party.then_some(other.key), ..Scene::on(connection) }
}

async fn invite(world: &World, other: &Account) -> String {
    let body = json!({"email": other.email});
    world.app.post("/v1/connections", &world.ann.key, body).await.expect(201).text("id")
}

async fn of_block(world: &World) -> Scene {
    let other = world.app.account(&format!("blocked-{}", fresh())).await;
    let connection = world.app.connect(&world.ann, &other).await;
    let path = format!("/v1/connections/{connection}/block");
    Scene::on(world.app.post(&path, &world.ann.key, json!({})).await.expect(200).text("id"))
}

async fn of_proposal(world: &World, caller: Caller) -> Scene {
    let connection = world.between(caller, |other| &other.connection);
    let (mine, theirs) = match caller {
        // The one pairing that they have, once more.
        Caller::PendingPairing
        | Caller::WrongDirection
        | Caller::PendingConnection
        | Caller::RevokedConnection
        | Caller::Stranger => (world.agent_of(caller).id.clone(), world.alpha.id.clone()),
        Caller::RevokedPairing => (world.agent_of(caller).id.clone(), new_agent(world, &world.ann).await.id),
        Caller::Paired | Caller::PairedAgent => {
            (world.paired.agent.id.clone(), new_agent(world, &world.ann).await.id)
        }
        _ => (new_agent(world, &world.ann).await.id, world.paired.agent.id.clone()),
    };
    Scene::on(connection).with(json!({"my_agent_id": mine, "their_agent_id": theirs}))
}

/// A new pairing between a new agent of ann's and the caller's, in the state that the caller's own is in.
async fn of_pairing(world: &World, caller: Caller) -> Scene {
    let (app, ann) = (&world.app, &world.ann);
    if matches!(caller, Caller::RevokedConnection | Caller::PendingConnection | Caller::Stranger) {
        return Scene::on(world.between(caller, |other| &other.pairing));
    }
    let other = world.other(caller).unwrap_or(&world.paired);
    let permission = if caller == Caller::WrongDirection { "send_only" } else { "both" };
    let agent = new_agent(world, ann).await;
    let pairing = app.propose(ann, &other.connection, &agent, &other.agent, permission).await;
    if matches!(
        caller,
        Caller::Paired | Caller::PairedAgent | Caller::WrongDirection | Caller::RevokedPairing
    ) {
        app.confirm(&other.account, &pairing).await;
    }
    if caller == Caller::RevokedPairing {
        let _ = app.delete(&format!("/v1/pairings/{pairing}"), &ann.key).await.expect(200);
    }
    Scene::on(pairing)
}

fn channel_body(mine: &str, theirs: &str) -> Value {
    json!({"agent_id": mine, "target_agent_id": theirs})
}

/// Between the caller's agent and ann's. Those who have a channel lose it first; the paired agent then finds
/// the one that its account has asked for.
async fn of_new_channel(world: &World, caller: Caller) -> Scene {
    if matches!(caller, Caller::Paired | Caller::WrongDirection) {
        revoke_channel_with_alpha(world, world.agent_of(caller)).await;
    }
    Scene::plain().with(match world.other(caller) {
        Some(other) => channel_body(&other.agent.id, &world.alpha.id),
        None => channel_body(&world.alpha.id, &new_agent(world, &world.ann).await.id),
    })
}

async fn revoke_channel_with_alpha(world: &World, agent: &Agent) {
    let list = world.app.get("/v1/channels", &agent.key).await.expect(200);
    for channel in list["channels"].as_array().unwrap() {
        if channel["agent_b_uuid"] == world.alpha.id {
            let path = format!("/v1/channels/{}", channel["id"].as_str().unwrap());
            let _ = world.app.delete(&path, &world.ann.key).await.expect(200);
        }
    }
}

/// A new channel between a new agent of ann's and the caller's, where they may have one.
async fn of_channel(world: &World, caller: Caller) -> Scene {
    let (app, ann) = (&world.app, &world.ann);
    let agent = new_agent(world, ann).await;
    match caller {
        Caller::Paired | Caller::PairedAgent | Caller::WrongDirection => {
            let other = world.other(caller).unwrap();
            let pairing = app.propose(ann, &other.connection, &agent, &other.agent, "send_only").await;
            app.confirm(&other.account, &pairing).await;
            let body = channel_body(&agent.id, &other.agent.id);
            Scene::on(app.post("/v1/channels", &ann.key, body).await.expect(201).text("id"))
        }
        _ if world.other(caller).is_some() => Scene::on(world.between(caller, |other| &other.channel)),
        _ => {
            let body = channel_body(&world.alpha.id, &agent.id);
            Scene::on(app.post("/v1/channels", &ann.key, body).await.expect(201).text("id"))
        }
    }
}

fn of_new_transfer(world: &World, caller: Caller) -> Scene {
    let form = Form::new().text("sender", world.agent_of(caller).slug.clone()).text("recipient", "alpha");
    let form = form.part("files", Part::bytes(b"hello".to_vec()).file_name("hello.txt"));
    Scene { body: Body::Form(form), ..Scene::plain() }
}

fn to_prepare(sender: &str, recipient: &str, in_parts: bool) -> Value {
    let mut file = json!({"name": "hello.txt", "size": 5});
    if in_parts {
        file["part_size"] = json!(5);
    }
    json!({"sender": sender, "recipient": recipient, "files": [file]})
}

fn of_new_prepared(world: &World, operation: &str, caller: Caller) -> Scene {
    let in_parts = operation == "prepareMultipartTransfer";
    Scene::plain().with(to_prepare(&world.agent_of(caller).slug, "alpha", in_parts))
}

async fn of_awaited_file(world: &World) -> Scene {
    let body = to_prepare("alpha", &world.paired.agent.slug, false);
    let prepared = world.app.post("/v1/transfers/presigned", &world.alpha.key, body).await.expect(201);
    let url = url::Url::parse(prepared["upload_urls"][0]["upload_url"].as_str().unwrap()).unwrap();
    let id = url.path().rsplit('/').next().unwrap().to_owned();
    Scene { query: format!("?{}", url.query().unwrap()), body: Body::Bytes(b"hello"), ..Scene::on(id) }
}

/// A transfer from ann's agent to the paired one, with all its bytes there.
async fn of_prepared(world: &World, operation: &str) -> Scene {
    let (app, key) = (&world.app, &world.alpha.key);
    let body = to_prepare("alpha", &world.paired.agent.slug, true);
    let prepared = app.post("/v1/transfers/presigned/multipart", key, body).await.expect(201);
    let (id, file) = (prepared.text("id"), &prepared["files"][0]);
    let url = file["part_urls"][0]["upload_url"].as_str().unwrap();
    let stored = app.request(reqwest::Method::PUT, url, "").body("hello").send().await.unwrap();
    assert_eq!(stored.status(), 200);
    let (file_id, upload_id) = (file["file_id"].as_str().unwrap(), file["upload_id"].clone());
    let completed = json!({"upload_id": upload_id, "parts": []});
    if operation == "confirmTransfer" {
        let path = format!("/v1/transfers/{id}/files/{file_id}/complete-multipart");
        let _ = app.post(&path, key, completed).await.expect(200);
        return Scene::on(id);
    }
    let scene = Scene { segments: vec![id, file_id.to_owned()], ..Scene::plain() };
    match operation {
        "listParts" => scene,
        "renewPartUrls" => scene.with(json!({})),
        _ => scene.with(completed),
    }
}

async fn of_transfer(world: &World, caller: Caller) -> Scene {
    if world.other(caller).is_some() {
        return Scene::on(world.between(caller, |other| &other.transfer));
    }
    let sent = world.app.send(&world.alpha.key, "alpha", &world.paired.agent.slug, b"hello", &[]).await;
    Scene::on(sent.expect(201).text("id"))
}
