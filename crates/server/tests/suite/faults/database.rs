//! Between the server and Postgres.

use agentdrop_test_support::app::{Answer, App, Backend, Backing, Pair};
use agentdrop_test_support::fault::{Direction, Fault, FaultProxy, What};
use reqwest::Method;
use serde_json::json;

use super::{
    PATIENCE, back_again, claim, confirm, content, download_url, expect_outage, fetch_from, prepare, put,
    readiness_follows, send, tells_of_an_outage, transfers,
};
use crate::api::kept;

/// A server that reaches its database through a proxy, and cleans up soon.
async fn world() -> (App, FaultProxy, Pair) {
    let mut backing = Backing::of(Backend::PostgresS3).await;
    let proxy = backing.database_through_proxy().await;
    let app = App::start_on(backing, |config| {
        config.settings.upload_lease_seconds = 3;
        config.settings.sweep_seconds = 1;
    })
    .await;
    let pair = app.pair().await;
    (app, proxy, pair)
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_tells_of_the_database() {
    let (app, proxy, _) = world().await;
    readiness_follows(&proxy, &app, "database").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_every_operation_is_an_outage_and_afterwards_works() {
    let (app, proxy, pair) = world().await;
    let id = send(&app, &pair, b"hello").await.expect(201).text("id");
    let fetched = download_url(&claim(&app, &pair, &id).await.expect(200));
    let (prepared, url) = prepare(&app, &pair, 5).await;
    let _ = put(&app, &url, b"world").await.expect(200);
    let (_, waiting) = prepare(&app, &pair, 5).await;

    proxy.down();
    let pairings = format!("/v1/connections/{}/pairings", pair.connection);
    for path in ["/v1/agents", "/v1/transfers", "/v1/connections", &pairings, "/v1/api-keys"] {
        expect_outage(&app.get(path, &pair.a.key).await);
        expect_outage(&app.get(path, &pair.alpha.key).await);
    }
    expect_outage(&app.get(&format!("/v1/transfers/{id}"), &pair.a.key).await);
    expect_outage(&app.get(&format!("/v1/agents/{}/inbox", pair.beta.id), &pair.beta.key).await);
    expect_outage(&send(&app, &pair, b"never").await);
    expect_outage(&claim(&app, &pair, &id).await);
    expect_outage(&confirm(&app, &pair, &prepared).await);
    expect_outage(&put(&app, &waiting, b"never").await);
    expect_outage(&Answer::of(app.request(Method::GET, &fetched, "")).await);
    expect_outage(&app.post("/v1/agents/register", &pair.a.key, json!({"agent_id": "never"})).await);
    expect_outage(&app.delete(&format!("/v1/transfers/{id}"), &pair.a.key).await);

    back_again(&proxy, &app).await;
    let transfer = app.get(&format!("/v1/transfers/{id}"), &pair.a.key).await.expect(200);
    assert_eq!((&transfer["status"], &transfer["downloads"]), (&json!("active"), &json!(1)));
    assert!(fetch_from(&fetched, 0, "").await.bytes == b"hello");
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
    let _ = put(&app, &waiting, b"later").await.expect(200);
    assert_eq!(app.download(&pair.b.key, &prepared).await, [b"world"]);
    let agents = app.get("/v1/agents", &pair.a.key).await.expect(200);
    assert_eq!(agents["total"], 1);
    kept::expect_left_within(PATIENCE, &app, 3, 0).await;
}

/// The byte positions of what an operation tells the database, and of what it is told, at which the
/// connection is lost.
fn everywhere() -> impl Iterator<Item = Fault> {
    let positions = (0..6).map(|n| n * 150).chain((3..12).map(|n| n * 400));
    positions.flat_map(|after| {
        [Direction::ToServer, Direction::ToClient].map(|direction| Fault {
            direction,
            after,
            what: What::Reset,
        })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_anywhere_in_a_send_makes_no_wrong_answer() {
    let (app, proxy, pair) = world().await;
    let bytes = content(10_000);
    let mut sent = Vec::new();
    for fault in everywhere() {
        proxy.arm(fault);
        let answer = send(&app, &pair, &bytes).await;
        if answer.status == 201 {
            sent.push(answer.text("id"));
        } else {
            assert!(tells_of_an_outage(&answer), "{fault:?}: {} {:#}", answer.status, answer.body);
        }
    }
    assert!(proxy.struck() > 20, "{}", proxy.struck());
    proxy.arm(Fault { direction: Direction::ToServer, after: u64::MAX, what: What::Reset });
    let living = transfers(&app, &pair, "active").await;
    // A commit whose answer was lost may have happened.
    assert!(living.len() >= sent.len());
    kept::expect_left_within(PATIENCE, &app, living.len(), 0).await;
    for id in &sent {
        assert!(living.iter().any(|transfer| transfer["id"] == id.as_str()), "{id} was answered");
    }
    for transfer in &living {
        assert!(app.download(&pair.b.key, transfer["id"].as_str().unwrap()).await == [bytes.clone()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_anywhere_in_a_download_call_counts_it_once_or_not_at_all() {
    let (app, proxy, pair) = world().await;
    let id = app.send(&pair.a.key, "alpha", "beta", b"x", &[("max_downloads", "100")]).await;
    let id = id.expect(201).text("id");
    let (mut answered, mut unknown) = (0, 0);
    for fault in everywhere() {
        proxy.arm(fault);
        let answer = claim(&app, &pair, &id).await;
        if answer.status == 200 {
            answered += 1;
        } else {
            assert!(tells_of_an_outage(&answer), "{fault:?}: {} {:#}", answer.status, answer.body);
            unknown += 1;
        }
    }
    assert!(unknown > 5, "{unknown}");
    proxy.arm(Fault { direction: Direction::ToServer, after: u64::MAX, what: What::Reset });
    let transfer = app.get(&format!("/v1/transfers/{id}"), &pair.a.key).await.expect(200);
    let downloads = transfer["downloads"].as_u64().unwrap();
    assert!((answered..=answered + unknown).contains(&downloads), "{answered} {downloads} {unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_anywhere_in_an_upload_and_its_confirmation_only_means_to_try_again() {
    let (app, proxy, pair) = world().await;
    let bytes = content(10_000);
    let mut confirmed = 0;
    for fault in everywhere() {
        let (id, url) = prepare(&app, &pair, bytes.len()).await;
        proxy.arm(fault);
        loop {
            let stored = put(&app, &url, &bytes).await;
            if stored.status == 200 {
                break;
            }
            assert!(tells_of_an_outage(&stored), "{fault:?}: {} {:#}", stored.status, stored.body);
        }
        loop {
            let answer = confirm(&app, &pair, &id).await;
            match answer.outcome() {
                (200, _) => break,
                // It happened, and its answer was lost.
                (409, "ALREADY_CONFIRMED") => break,
                _ => assert!(tells_of_an_outage(&answer), "{fault:?}: {} {:#}", answer.status, answer.body),
            }
        }
        confirmed += 1;
        assert!(app.download(&pair.b.key, &id).await == [bytes.clone()]);
    }
    assert!(proxy.struck() > 5, "{}", proxy.struck());
    kept::expect_left_within(PATIENCE, &app, confirmed, 0).await;
    assert_eq!(transfers(&app, &pair, "active").await.len(), confirmed);
}
