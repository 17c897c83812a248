//! Two nodes on one Postgres and one S3 under a mixed load; one is killed in the middle. What was answered holds, and
//! in the end everything agrees.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use agentdrop_domain::transfer::TransferStatus;
use agentdrop_test_support::app::Backend;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{Node, PATIENCE, World};

const CLIENTS: usize = 16;
/// How many operations all clients do together, unless the environment says so.
const OPERATIONS: usize = 1_500;
const VARIABLE: &str = "AGENTDROP_TEST_LOAD_OPERATIONS";

/// The order of acts is a client's own and the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// What all clients share.
struct Load {
    /// The node that will be killed, and the one that stays.
    nodes: [String; 2],
    key: String,
    operations: usize,
    begun: AtomicUsize,
    killed: AtomicUsize,
}

/// What a client was told of its transfers.
#[derive(Default)]
struct Told {
    /// Those that live, with their bytes.
    living: BTreeMap<String, Vec<u8>>,
    /// Those that were deleted, or downloaded as often as they may be.
    ended: Vec<String>,
}

struct LoadClient {
    load: Arc<Load>,
    http: Client,
    random: Random,
    told: Told,
}

impl LoadClient {
    fn new(load: Arc<Load>, number: usize) -> Self {
        let http = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { load, http, random: Random(number as u64), told: Told::default() }
    }

    async fn run(mut self) -> Told {
        while self.load.begun.fetch_add(1, Ordering::Relaxed) < self.load.operations {
            // What got no answer may have happened or not: the client knows nothing of it.
            let _unknown = match self.random.below(10) {
                0..4 => self.send().await,
                4..6 => self.prepare().await,
                6..8 => self.download().await,
                8 => self.delete().await,
                _ => self.list().await,
            };
        }
        self.told
    }

    /// A request to one of the nodes that are said to be there; signed URLs are led there, too.
    fn request(&mut self, method: Method, path: &str) -> RequestBuilder {
        let killed = self.load.killed.load(Ordering::Relaxed);
        let node = if killed > 0 { 1 } else { self.random.below(2) };
        let path = path.find("/blobs/").map_or(path, |at| &path[at..]);
        self.http.request(method, format!("{}{path}", self.load.nodes[node]))
    }

    fn bytes(&mut self) -> Vec<u8> {
        let seed = self.random.below(1 << 30).to_le_bytes();
        let size = 1 + self.random.below(20_000);
        seed.into_iter().cycle().take(size).collect()
    }

    /// The answer, if there is one. Nothing but the node that is killed leaves a request without one.
    async fn answer(&self, request: RequestBuilder) -> Option<Response> {
        match request.bearer_auth(&self.load.key).send().await {
            Ok(answer) => {
                let status = answer.status();
                assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap_or_default());
                Some(answer)
            }
            Err(error) => {
                let to = error.url().map(ToString::to_string).unwrap_or_default();
                assert!(to.starts_with(&self.load.nodes[0]), "{error:?}");
                // It is gone, or about to be.
                tokio::time::sleep(Duration::from_millis(20)).await;
                None
            }
        }
    }

    async fn json(&self, request: RequestBuilder) -> Option<Value> {
        self.answer(request).await?.json().await.ok()
    }

    async fn send(&mut self) -> Option<()> {
        let bytes = self.bytes();
        let form = Form::new().text("sender", "one").text("recipient", "two").text("max_downloads", "1");
        let form = form.part("files", Part::bytes(bytes.clone()).file_name("a.bin"));
        let request = self.request(Method::POST, "/v1/transfers").multipart(form);
        let sent = self.json(request).await?;
        self.told.living.insert(id_of(&sent), bytes);
        Some(())
    }

    async fn prepare(&mut self) -> Option<()> {
        let bytes = self.bytes();
        let files = json!([{"name": "a.bin", "size": bytes.len()}]);
        let body = json!({"sender": "one", "recipient": "two", "max_downloads": 1, "files": files});
        let request = self.request(Method::POST, "/v1/transfers/presigned").json(&body);
        let prepared = self.json(request).await?;
        let url = prepared["upload_urls"][0]["upload_url"].as_str().unwrap();
        let request = self.request(Method::PUT, url).body(bytes.clone());
        let _ = self.json(request).await?;
        let id = id_of(&prepared);
        let request = self.request(Method::POST, &format!("/v1/transfers/{id}/confirm")).json(&json!({}));
        let _ = self.json(request).await?;
        self.told.living.insert(id, bytes);
        Some(())
    }

    /// Takes one of the living out of the list: whatever becomes of the request, it may have ended.
    fn pick(&mut self) -> Option<(String, Vec<u8>)> {
        let count = self.told.living.len();
        let index = self.random.below(count.max(1));
        let id = self.told.living.keys().nth(index)?.clone();
        self.told.living.remove_entry(&id)
    }

    async fn download(&mut self) -> Option<()> {
        let (id, bytes) = self.pick()?;
        let request = self.request(Method::GET, &format!("/v1/transfers/{id}/download"));
        let claimed = self.json(request).await?;
        self.told.ended.push(id);
        let request = self.request(Method::GET, claimed["files"][0]["download_url"].as_str().unwrap());
        let fetched = self.answer(request).await?.bytes().await.ok()?;
        assert!(fetched == bytes, "other bytes than were sent");
        Some(())
    }

    async fn delete(&mut self) -> Option<()> {
        let (id, _) = self.pick()?;
        let request = self.request(Method::DELETE, &format!("/v1/transfers/{id}"));
        let _ = self.json(request).await?;
        self.told.ended.push(id);
        Some(())
    }

    async fn list(&mut self) -> Option<()> {
        let request = self.request(Method::GET, "/v1/transfers?status=active&limit=20");
        self.json(request).await.map(drop)
    }
}

fn id_of(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

fn operations() -> usize {
    std::env::var(VARIABLE).map_or(OPERATIONS, |text| text.parse().expect("a number of operations"))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_under_load_of_which_one_is_killed() {
    let (world, mut first) = World::on_plan(Backend::PostgresS3, "enterprise").await;
    let mut second = Node::start(&world.backing).await;
    let load = Arc::new(Load {
        nodes: [first.url.clone(), second.url.clone()],
        key: world.key.clone(),
        operations: operations(),
        begun: AtomicUsize::new(0),
        killed: AtomicUsize::new(0),
    });
    let clients: Vec<_> =
        (0..CLIENTS).map(|number| tokio::spawn(LoadClient::new(load.clone(), number).run())).collect();
    while load.begun.load(Ordering::Relaxed) < load.operations / 2 {
        assert!(clients.iter().any(|client| !client.is_finished()), "the clients gave up");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.process.kill9();
    load.killed.store(1, Ordering::Relaxed);
    let mut told = Vec::new();
    for client in clients {
        told.push(client.await.unwrap());
    }
    second.process.kill9();

    let transfers = world.expect_agreement("the load").await;
    let status: BTreeMap<String, TransferStatus> =
        transfers.iter().map(|it| (it.id.to_string(), it.status)).collect();
    for id in told.iter().flat_map(|told| told.living.keys()) {
        assert_eq!(status[id], TransferStatus::Active, "{id} was sent and never ended");
    }
    for id in told.iter().flat_map(|told| &told.ended) {
        assert!(status[id] != TransferStatus::Active, "{id} has ended");
    }
    assert!(transfers.len() > load.operations / 4);
}
