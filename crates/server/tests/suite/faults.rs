//! A bad network between the client and the server, the server and Postgres, the server and S3: what was begun
//! leaves nothing, what was answered holds, and all of it works again afterwards, without a restart.

use std::time::Duration;

use agentdrop_test_support::app::{Answer, App, Pair};
use agentdrop_test_support::fault::FaultProxy;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, IF_RANGE, RANGE};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::api::form::Form;

mod client;
mod database;
mod store;

/// How long clean-up may take that waits for leases and for jobs to be tried again.
const PATIENCE: Duration = Duration::from_secs(40);
const UNAVAILABLE: (u16, &str) = (503, "SERVICE_UNAVAILABLE");

/// Bytes that repeat nowhere.
fn content(size: usize) -> Vec<u8> {
    (0_u64..).flat_map(u64::to_le_bytes).take(size).collect()
}

/// Whether the answer is what an outage is told with.
fn tells_of_an_outage(answer: &Answer) -> bool {
    answer.outcome() == UNAVAILABLE && answer.header("retry-after").parse::<u64>().is_ok()
}

#[track_caller]
fn expect_outage(answer: &Answer) {
    assert!(tells_of_an_outage(answer), "{} {:?} {:#}", answer.status, answer.headers, answer.body);
}

/// `/readyz` says which part is away, and that it is back.
async fn readiness_follows(proxy: &FaultProxy, app: &App, part: &str) {
    let ready = app.get("/readyz", "").await.expect(200);
    assert_eq!((&ready["status"], &ready[part]), (&json!("ok"), &json!("ok")));
    for _ in 0..2 {
        proxy.down();
        let red = app.get("/readyz", "").await.expect(503);
        let other = if part == "database" { "storage" } else { "database" };
        assert_eq!((&red["status"], &red[part]), (&json!("unavailable"), &json!("unavailable")));
        assert_eq!(red[other], "ok");
        assert!(red.header("retry-after").parse::<u64>().is_ok());
        let alive = app.get("/healthz", "").await;
        assert_eq!(alive.status, 200, "the process itself is well");
        back_again(proxy, app).await;
    }
}

/// Ends an outage, and waits until the server has noticed: an attempt to connect that began before may still
/// fail.
async fn back_again(proxy: &FaultProxy, app: &App) {
    proxy.up();
    let deadline = Instant::now() + PATIENCE;
    while app.get("/readyz", "").await.status != 200 {
        assert!(Instant::now() < deadline, "not ready again after {PATIENCE:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Sends a file from `alpha` to `beta`.
async fn send(app: &App, pair: &Pair, bytes: &[u8]) -> Answer {
    let body = Form::between("alpha", "beta").file("file.bin", bytes).body();
    let request = app.request(Method::POST, "/v1/transfers", &pair.a.key);
    Answer::of(request.header(CONTENT_TYPE, Form::content_type()).body(body)).await
}

async fn claim(app: &App, pair: &Pair, id: &str) -> Answer {
    app.get(&format!("/v1/transfers/{id}/download"), &pair.b.key).await
}

fn download_url(claimed: &Answer) -> String {
    claimed["files"][0]["download_url"].as_str().unwrap().to_owned()
}

async fn prepare(app: &App, pair: &Pair, size: usize) -> (String, String) {
    let body = json!({"sender": "alpha", "recipient": "beta", "files": [{"name": "file.bin", "size": size}]});
    let prepared = app.post("/v1/transfers/presigned", &pair.a.key, body).await.expect(201);
    let url = prepared["upload_urls"][0]["upload_url"].as_str().unwrap().to_owned();
    (prepared.text("id"), url)
}

async fn put(app: &App, url: &str, bytes: &[u8]) -> Answer {
    Answer::of(app.request(Method::PUT, url, "").body(bytes.to_vec())).await
}

async fn confirm(app: &App, pair: &Pair, id: &str) -> Answer {
    app.post(&format!("/v1/transfers/{id}/confirm"), &pair.a.key, json!({})).await
}

/// The transfers that `ann` sees in the status.
async fn transfers(app: &App, pair: &Pair, status: &str) -> Vec<Value> {
    let path = format!("/v1/transfers?limit=100&status={status}");
    app.get(&path, &pair.a.key).await.expect(200)["transfers"].as_array().unwrap().clone()
}

/// What a fetch brought before it ended.
struct Fetched {
    /// The status; none if the connection ended before the head was over.
    status: Option<u16>,
    bytes: Vec<u8>,
    /// Whether it said itself that this is all.
    whole: bool,
}

/// Fetches what comes after the first `from` bytes, from a URL as it is, on a connection of its own.
async fn fetch_from(url: &str, from: usize, etag: &str) -> Fetched {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    let mut request = client.get(url);
    if from > 0 {
        request = request.header(RANGE, format!("bytes={from}-")).header(IF_RANGE, etag);
    }
    let mut fetched = Fetched { status: None, bytes: Vec::new(), whole: false };
    let Ok(mut response) = request.send().await else { return fetched };
    fetched.status = Some(response.status().as_u16());
    fetched.whole = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => fetched.bytes.extend_from_slice(&chunk),
            end => break end.is_ok(),
        }
    };
    fetched
}
