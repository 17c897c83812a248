//! kill -9 of the real program at every stage of an upload; after a restart and a sweep nothing is lost and
//! nothing is left over.

use std::time::Duration;

use agentdrop_domain::account::CreateAccount;
use agentdrop_domain::act::{self, Ask, Cx, Ports};
use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::AccountId;
use agentdrop_domain::store::{ReadView, StoreError};
use agentdrop_domain::transfer::Upload;
use agentdrop_server::wiring;
use agentdrop_test_support::app::{Backend, Backing};
use agentdrop_test_support::process::{TestProcess, command};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::stream;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::sync::mpsc;

mod load;
mod points;

const PATIENCE: Duration = Duration::from_secs(60);

on_both_backends! {
    killed_while_bytes_arrive,
    killed_between_store_and_commit,
    killed_after_the_answer,
    killed_before_the_answer_was_read,
}

/// The real program on a backing that outlives it.
struct Node {
    process: TestProcess,
    url: String,
}

impl Node {
    async fn start(backing: &Backing) -> Self {
        Self::start_with(backing, &[]).await
    }

    async fn start_with(backing: &Backing, variables: &[(&str, &str)]) -> Self {
        let mut program = command(env!("CARGO_BIN_EXE_agentdrop-server"));
        program.arg("serve").envs(&backing.environment).envs(variables.iter().copied());
        let process = TestProcess::spawn(program);
        let line = process.wait_for_line("listening on  http", PATIENCE).await;
        let url = line.split_whitespace().last().unwrap().to_owned();
        Self { process, url }
    }

    fn upload(&self, key: &str, form: Form) -> reqwest::RequestBuilder {
        let form = form.text("sender", "one").text("recipient", "two");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.post(format!("{}/v1/transfers", self.url)).bearer_auth(key).multipart(form)
    }

    async fn post(&self, path: &str, key: &str, body: Value) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.post(format!("{}{path}", self.url)).bearer_auth(key).json(&body).send().await;
        answer.unwrap().error_for_status().unwrap().json().await.unwrap()
    }
}

/// A file part whose bytes come when the test says so, and which never ends by itself.
fn held_part(name: &str) -> (mpsc::Sender<Bytes>, Part) {
    let (sender, receiver) = mpsc::channel::<Bytes>(4);
    let body = stream::unfold(receiver, |mut receiver| async move {
        let chunk = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(chunk), receiver))
    });
    let part = Part::stream(reqwest::Body::wrap_stream(body)).file_name(name.to_owned());
    (sender, part)
}

fn whole_part(name: &str, size: usize) -> Part {
    Part::bytes(vec![7; size]).file_name(name.to_owned())
}

/// All rows of uploads, whatever their lease.
struct AllUploads;

#[async_trait]
impl Ask for AllUploads {
    type Output = Vec<Upload>;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Vec<Upload>, StoreError> {
        let far: Timestamp = cx.now + TimeDelta::days(365);
        view.abandoned_uploads(far, 1_000).await
    }
}

async fn objects(ports: &Ports) -> Vec<String> {
    const PAGE: usize = 1_000;
    let mut all: Vec<ObjectKey> = Vec::new();
    loop {
        let listed = ports.blobs.list(all.last(), PAGE).await.unwrap();
        let is_last = listed.len() < PAGE;
        all.extend(listed.into_iter().map(|entry| entry.key));
        if is_last {
            return all.iter().map(ToString::to_string).collect();
        }
    }
}

async fn uploads(ports: &Ports) -> usize {
    act::ask(ports, &AllUploads).await.unwrap().len()
}

/// Looks again and again until something holds.
async fn eventually<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    let all = async {
        while !check().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// A backing with two agents of one account; `key` may send as either.
struct World {
    backing: Backing,
    ports: Ports,
    account: AccountId,
    key: String,
}

impl World {
    /// Its plan has limits, so that storage is counted ahead.
    async fn new(backend: Backend) -> (Self, Node) {
        Self::on_plan(backend, "builder").await
    }

    async fn on_plan(backend: Backend, plan: &str) -> (Self, Node) {
        Self::on_plan_with(backend, plan, &[]).await
    }

    async fn on_plan_with(backend: Backend, plan: &str, settings: &[(&str, &str)]) -> (Self, Node) {
        let mut backing = Backing::of(backend).await;
        for (name, value) in [&[("UPLOAD_LEASE_SECONDS", "5"), ("SWEEP_SECONDS", "1")], settings].concat() {
            backing.environment.insert(format!("AGENTDROP_{name}"), value.to_owned());
        }
        let node = Node::start(&backing).await;
        let ports = wiring::open(&backing.config()).await.unwrap().ports;
        let create =
            CreateAccount { email: "a@example.com".into(), name: "A".into(), plan: Some(plan.into()) };
        let created = act::perform(&ports, &create).await.unwrap();
        let (account, key) = (created.account.id, created.key.token.reveal().to_owned());
        for (slug, seed) in [("one", 1), ("two", 2)] {
            let public_key = agentdrop_test_support::app::public_key(seed);
            node.post("/v1/agents/register", &key, json!({"agent_id": slug, "public_key": public_key})).await;
        }
        (Self { backing, ports, account, key }, node)
    }

    /// Kills the node, starts another on the same backing, and waits until nothing is left but what `live`
    /// transfers need.
    async fn kill_and_restart(&self, mut node: Node, live: usize) -> Node {
        node.process.kill9();
        let node = Node::start(&self.backing).await;
        eventually("no upload is left", || async { uploads(&self.ports).await == 0 }).await;
        let left = objects(&self.ports).await;
        assert_eq!(left.len(), live, "objects in the store: {left:?}");
        node
    }
}

async fn killed_while_bytes_arrive(backend: Backend) {
    let (world, node) = World::new(backend).await;
    let (bytes, part) = held_part("half.bin");
    let request = tokio::spawn(node.upload(&world.key, Form::new().part("files", part)).send());
    bytes.send(vec![1; 3 << 20].into()).await.unwrap();
    eventually("an upload row", || async { uploads(&world.ports).await == 1 }).await;
    world.kill_and_restart(node, 0).await;
    assert!(request.await.unwrap().is_err());
}

async fn killed_between_store_and_commit(backend: Backend) {
    let (world, node) = World::new(backend).await;
    let (bytes, part) = held_part("second.bin");
    let form = Form::new().part("files", whole_part("first.bin", 2 << 20)).part("files", part);
    let request = tokio::spawn(node.upload(&world.key, form).send());
    bytes.send(vec![1; 1 << 10].into()).await.unwrap();
    eventually("the first file is stored", || async { objects(&world.ports).await.len() == 1 }).await;
    world.kill_and_restart(node, 0).await;
    assert!(request.await.unwrap().is_err());
}

async fn killed_after_the_answer(backend: Backend) {
    let (world, node) = World::new(backend).await;
    let form = Form::new().part("files", whole_part("whole.bin", 3 << 20));
    let answer = node.upload(&world.key, form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let id = answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let node = world.kill_and_restart(node, 1).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1/transfers/{id}/download", node.url);
    let grant: Value = client.get(url).bearer_auth(&world.key).send().await.unwrap().json().await.unwrap();
    let url = grant["files"][0]["download_url"].as_str().unwrap();
    let fetched = client.get(url).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(fetched, vec![7; 3 << 20]);
}

/// What a lost answer looks like from outside: the act is there, and nobody knows.
async fn killed_before_the_answer_was_read(backend: Backend) {
    let (world, mut node) = World::new(backend).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = |node: &Node| {
        let request = client.post(format!("{}/v1/api-keys", node.url)).bearer_auth(&world.key);
        request.header("Idempotency-Key", "k").json(&json!({"name": "lost"})).send()
    };
    // The bytes are compared here; the client is taken to have never seen them.
    let lost = ask(&node).await.unwrap().bytes().await.unwrap();
    node.process.kill9();
    let node = Node::start(&world.backing).await;
    let again = ask(&node).await.unwrap();
    assert_eq!(
        (again.status().as_u16(), &again.headers()["idempotency-replayed"]),
        (201, &"true".parse().unwrap())
    );
    assert_eq!(again.bytes().await.unwrap(), lost);
    let keys = client.get(format!("{}/v1/api-keys", node.url)).bearer_auth(&world.key).send().await.unwrap();
    assert_eq!(keys.json::<Value>().await.unwrap()["total"], 2);
}
