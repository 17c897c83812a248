//! Between the server and S3.

use std::time::Duration;

use agentdrop_server::config::Config;
use agentdrop_test_support::app::{Answer, App, Backend, Backing, Pair};
use agentdrop_test_support::fault::{Direction, Fault, FaultProxy, What};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    PATIENCE, back_again, claim, confirm, content, download_url, expect_outage, fetch_from, prepare, put,
    readiness_follows, send, tells_of_an_outage, transfers,
};
use crate::api::kept;

/// Larger than a piece in which bytes go to S3.
const LARGE: usize = 20 << 20;

/// A server that reaches its store through a proxy, and cleans up soon.
async fn world() -> (App, FaultProxy, Pair) {
    world_with(|_| {}).await
}

async fn world_with(change: impl FnOnce(&mut Config)) -> (App, FaultProxy, Pair) {
    let mut backing = Backing::of(Backend::PostgresS3).await;
    let proxy = backing.store_through_proxy().await;
    let app = App::start_on(backing, |config| {
        config.settings.upload_lease_seconds = 3;
        config.settings.sweep_seconds = 1;
        change(config);
    })
    .await;
    let pair = app.pair().await;
    (app, proxy, pair)
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_tells_of_the_store() {
    let (app, proxy, _) = world().await;
    readiness_follows(&proxy, &app, "storage").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_to_a_store_that_is_down_is_an_outage_and_leaves_nothing() {
    let (app, proxy, pair) = world().await;
    proxy.down();
    let (id, url) = prepare(&app, &pair, 5).await;
    expect_outage(&send(&app, &pair, b"hello").await);
    expect_outage(&put(&app, &url, b"hello").await);
    back_again(&proxy, &app).await;
    kept::expect_left_within(PATIENCE, &app, 0, 0).await;
    let _ = put(&app, &url, b"hello").await.expect(200);
    let _ = confirm(&app, &pair, &id).await.expect(200);
    let sent = send(&app, &pair, b"world").await.expect(201).text("id");
    assert_eq!(app.download(&pair.b.key, &id).await, [b"hello"]);
    assert_eq!(app.download(&pair.b.key, &sent).await, [b"world"]);
}

/// Wherever the store goes away during an upload, its answer is an outage, and nothing is left of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_goes_away_during_an_upload_leaves_nothing() {
    let (app, proxy, pair) = world().await;
    let (small, large) = (content(100_000), content(LARGE));
    for (bytes, direction, after) in [
        (&small, Direction::ToServer, 0),
        (&small, Direction::ToServer, 50_000),
        // The store has it all, and its word of it is lost.
        (&small, Direction::ToClient, 0),
        (&large, Direction::ToServer, 6 << 20),
        (&large, Direction::ToServer, 19 << 20),
    ] {
        proxy.arm(Fault { direction, after, what: What::Down });
        expect_outage(&send(&app, &pair, bytes).await);
        back_again(&proxy, &app).await;
        kept::expect_left_within(PATIENCE, &app, 0, 0).await;
    }
    assert_eq!((proxy.struck(), transfers(&app, &pair, "active").await.len()), (5, 0));
    let id = send(&app, &pair, &large).await.expect(201).text("id");
    assert!(app.download(&pair.b.key, &id).await == [large]);
}

/// One lost connection is not an outage: the request is made again.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_to_the_store_that_breaks_is_replaced_without_a_wrong_answer() {
    let (app, proxy, pair) = world().await;
    let bytes = content(100_000);
    let mut living = 0;
    for direction in [Direction::ToServer, Direction::ToClient] {
        for after in [0, 50, 100] {
            proxy.arm(Fault { direction, after, what: What::Reset });
            let answer = send(&app, &pair, &bytes).await;
            assert!(
                answer.status == 201 || tells_of_an_outage(&answer),
                "{} {:#}",
                answer.status,
                answer.body
            );
            living += usize::from(answer.status == 201);
        }
    }
    assert_eq!(proxy.struck(), 6);
    kept::expect_left_within(PATIENCE, &app, living, 0).await;
    for transfer in transfers(&app, &pair, "active").await {
        assert!(app.download(&pair.b.key, transfer["id"].as_str().unwrap()).await == [bytes.clone()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_from_a_store_that_is_down_is_an_outage_and_goes_on_later() {
    let (app, proxy, pair) = world().await;
    let bytes = content(LARGE);
    let id = send(&app, &pair, &bytes).await.expect(201).text("id");
    proxy.down();
    let claimed = claim(&app, &pair, &id).await.expect(200);
    let (url, etag) =
        (download_url(&claimed), format!("\"{}\"", claimed["files"][0]["sha256"].as_str().unwrap()));
    expect_outage(&app.get(&url, "").await);
    back_again(&proxy, &app).await;

    proxy.arm(Fault { direction: Direction::ToClient, after: 2 << 20, what: What::Down });
    let mut received = fetch_from(&url, 0, &etag).await;
    assert_eq!((received.status, received.whole), (Some(200), false), "a broken stream is told as one");
    assert_eq!(proxy.struck(), 1);
    expect_outage(&app.get(&url, "").await);
    back_again(&proxy, &app).await;
    let rest = fetch_from(&url, received.bytes.len(), &etag).await;
    assert!(rest.whole);
    received.bytes.extend(rest.bytes);
    assert!(received.bytes == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_while_the_store_is_down_is_removed_later() {
    let (app, proxy, pair) = world().await;
    let id = send(&app, &pair, b"goes").await.expect(201).text("id");
    let stays = send(&app, &pair, b"stays").await.expect(201).text("id");
    proxy.down();
    let _ = app.delete(&format!("/v1/transfers/{id}"), &pair.a.key).await.expect(200);
    assert_eq!(claim(&app, &pair, &id).await.outcome(), (410, "GONE"));
    // Long enough for the first attempt to fail.
    tokio::time::sleep(Duration::from_secs(2)).await;
    back_again(&proxy, &app).await;
    kept::expect_left_within(PATIENCE, &app, 1, 0).await;
    assert_eq!(app.download(&pair.b.key, &stays).await, [b"stays"]);
}

/// Direct delivery begins an upload in the store before it acts; who was answered before needs no store.
#[tokio::test(flavor = "multi_thread")]
async fn a_preparation_that_was_answered_is_answered_again_without_the_store() {
    let (app, proxy, pair) = world_with(|config| config.settings.direct_delivery = true).await;
    let file = json!({"name": "a.bin", "size": 10, "part_size": 10});
    let body = json!({"sender": "alpha", "recipient": "beta", "files": [file]});
    let prepare = |body: &Value| {
        let request = app.request(Method::POST, "/v1/transfers/presigned/multipart", &pair.a.key);
        Answer::of(request.header("Idempotency-Key", "once").json(body))
    };
    proxy.down();
    expect_outage(&prepare(&body).await);
    back_again(&proxy, &app).await;
    let first = prepare(&body).await.expect(201);
    proxy.down();
    assert_eq!(prepare(&body).await.expect(201).body, first.body);
    let other = json!({"sender": "alpha", "recipient": "beta", "files": [file], "message": "another"});
    assert_eq!(prepare(&other).await.outcome(), (409, "IDEMPOTENCY_MISMATCH"));
}

/// It is noticed in time: the upload is refused as at any outage, the answer that has begun breaks off.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_to_the_store_that_stalls_is_an_outage_and_goes_on_later() {
    let (app, proxy, pair) = world().await;
    let bytes = content(LARGE);
    proxy.arm(Fault { direction: Direction::ToServer, after: 10 << 20, what: What::Stall });
    expect_outage(&send(&app, &pair, &bytes).await);
    assert_eq!(proxy.struck(), 1);
    kept::expect_left_within(PATIENCE, &app, 0, 0).await;
    let sent = send(&app, &pair, &bytes).await.expect(201).text("id");
    let claimed = claim(&app, &pair, &sent).await.expect(200);
    let (url, etag) =
        (download_url(&claimed), format!("\"{}\"", claimed["files"][0]["sha256"].as_str().unwrap()));
    proxy.arm(Fault { direction: Direction::ToClient, after: 10 << 20, what: What::Stall });
    let mut received = fetch_from(&url, 0, &etag).await;
    assert_eq!((received.whole, proxy.struck()), (false, 2));
    let rest = fetch_from(&url, received.bytes.len(), &etag).await;
    received.bytes.extend(rest.bytes);
    assert!(rest.whole && received.bytes == bytes);
}

/// The steps of direct delivery that ask the store; the bytes themselves go past the proxy.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_down_at_any_step_of_direct_delivery_is_an_outage() {
    let (app, proxy, pair) = world_with(|config| config.settings.direct_delivery = true).await;
    let prepare = async || {
        let files = json!([{"name": "a.bin", "size": 10, "part_size": 5 << 20}]);
        let body = json!({"sender": "alpha", "recipient": "beta", "files": files});
        app.post("/v1/transfers/presigned/multipart", &pair.a.key, body).await
    };
    let upload = async |prepared: &Answer, verb: &str, what: &str, body: Value| {
        let file = &prepared["files"][0];
        let path = format!(
            "/v1/transfers/{}/files/{}/{what}",
            prepared.text("id"),
            file["file_id"].as_str().unwrap()
        );
        match verb {
            "GET" => app.get(&path, &pair.a.key).await,
            _ => app.post(&path, &pair.a.key, body).await,
        }
    };
    proxy.down();
    expect_outage(&prepare().await);
    back_again(&proxy, &app).await;
    let prepared = prepare().await.expect(201);
    let file = &prepared["files"][0];
    let url = file["part_urls"][0]["upload_url"].as_str().unwrap();
    assert_eq!(app.request(Method::PUT, url, "").body("0123456789").send().await.unwrap().status(), 200);

    let named = json!({"upload_id": file["upload_id"], "parts": []});
    for (verb, what, body) in [
        ("GET", "parts", json!({})),
        ("POST", "part-urls", json!({})),
        ("POST", "complete-multipart", named.clone()),
    ] {
        proxy.down();
        expect_outage(&upload(&prepared, verb, what, body.clone()).await);
        back_again(&proxy, &app).await;
        let _ = upload(&prepared, verb, what, body).await.expect(200);
    }
    proxy.down();
    expect_outage(&confirm(&app, &pair, &prepared.text("id")).await);
    back_again(&proxy, &app).await;
    let _ = confirm(&app, &pair, &prepared.text("id")).await.expect(200);

    let given_up = prepare().await.expect(201);
    let named = json!({"upload_id": given_up["files"][0]["upload_id"]});
    proxy.down();
    // What is in the store is removed later.
    let _ = upload(&given_up, "POST", "abort-multipart", named).await.expect(200);
    back_again(&proxy, &app).await;
    kept::expect_left_within(PATIENCE, &app, 1, 0).await;
    let claimed = claim(&app, &pair, &prepared.text("id")).await.expect(200);
    let fetched = app.request(Method::GET, &download_url(&claimed), "").send().await.unwrap();
    assert_eq!(fetched.bytes().await.unwrap(), "0123456789");
}
