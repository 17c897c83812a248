//! Calls a minute, and failed authentications.

use agentdrop_domain::plan::RatesPerMinute;
use agentdrop_test_support::app::{Answer, App, Backend};
use reqwest::Method;
use serde_json::json;

use super::plans::start_with_free_plan;

const LIMITED: (u16, &str) = (429, "RATE_LIMITED");

on_both_backends!(
    a_plan_limits_calls_by_the_minute_and_says_so,
    groups_of_operations_are_counted_apart,
    a_plan_without_limits_shows_none,
    failed_authentications_are_limited_and_good_keys_never_are,
    the_limit_of_failed_authentications_can_be_switched_off,
);

fn standing(answer: &Answer) -> (&str, &str) {
    (answer.header("ratelimit-limit"), answer.header("ratelimit-remaining"))
}

fn expect_a_wait(refusal: &Answer, longest: u64) {
    assert_eq!(refusal.outcome(), LIMITED, "{:#}", refusal.body);
    let wait: u64 = refusal.header("retry-after").parse().unwrap();
    assert!((1..=longest).contains(&wait), "{wait}");
}

async fn a_plan_limits_calls_by_the_minute_and_says_so(backend: Backend) {
    let rates = RatesPerMinute { other: Some(3), ..RatesPerMinute::default() };
    let app = start_with_free_plan(backend, |plan| plan.rates = rates).await;
    let (ann, bob) = (app.account_on("ann", Some("free")).await, app.account_on("bob", Some("free")).await);
    let answers = [
        app.get("/v1/agents", &ann.key).await.expect(200),
        app.get("/v1/connections", &ann.key).await.expect(200),
        app.post("/v1/connections", &ann.key, json!({})).await.expect(400),
    ];
    for (answer, left) in answers.iter().zip(["2", "1", "0"]) {
        assert_eq!(standing(answer), ("3", left));
        let reset: u64 = answer.header("ratelimit-reset").parse().unwrap();
        assert!((1..=60).contains(&reset), "{reset}");
        assert_eq!(answer.header("retry-after"), "");
    }
    for path in ["/v1/agents", "/v1/blocked"] {
        let refusal = app.get(path, &ann.key).await;
        expect_a_wait(&refusal, 21);
        assert_eq!(standing(&refusal), ("3", "0"));
    }
    let other_account = app.get("/v1/agents", &bob.key).await.expect(200);
    assert_eq!(standing(&other_account), ("3", "2"));
}

async fn groups_of_operations_are_counted_apart(backend: Backend) {
    let rates = RatesPerMinute {
        create_transfer: Some(11),
        read_transfer: Some(12),
        download: Some(13),
        delete_transfer: Some(14),
        api_keys: Some(15),
        other: Some(16),
    };
    let app = start_with_free_plan(backend, |plan| plan.rates = rates).await;
    let ann = app.account_on("ann", Some("free")).await;
    for (method, path, limit, left) in [
        ("POST", "/v1/transfers", "11", "10"),
        ("GET", "/v1/transfers", "12", "11"),
        ("GET", "/v1/transfers/x", "12", "11"),
        ("GET", "/v1/transfers/y", "12", "10"),
        ("GET", "/v1/transfers/x/download", "13", "12"),
        ("DELETE", "/v1/transfers/x", "14", "13"),
        ("POST", "/v1/api-keys", "15", "14"),
        ("DELETE", "/v1/api-keys/x", "15", "14"),
        ("GET", "/v1/api-keys", "16", "15"),
        ("GET", "/v1/transfers/inbox", "16", "14"),
        ("GET", "/v1/agents/me", "16", "13"),
    ] {
        let answer = Answer::of(app.request(method.parse().unwrap(), path, &ann.key)).await;
        assert_eq!(standing(&answer), (limit, left), "{method} {path}");
    }
}

async fn a_plan_without_limits_shows_none(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let answer = app.get("/v1/agents", &ann.key).await.expect(200);
    for name in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"] {
        assert_eq!(answer.header(name), "");
    }
}

async fn failed_authentications_are_limited_and_good_keys_never_are(backend: Backend) {
    let app = App::start_with(backend, &[("AGENTDROP_AUTH_FAILURES_PER_MINUTE", "4")]).await;
    let ann = app.account("ann").await;
    let made = app.post("/v1/api-keys", &ann.key, json!({"name": "x"})).await.expect(201);
    let _ = app.delete(&format!("/v1/api-keys/{}", made.text("id")), &ann.key).await.expect(200);
    // A missing or malformed header is no guess.
    for _ in 0..6 {
        assert_eq!(app.get("/v1/agents", "").await.status, 401);
        let malformed = app.request(Method::GET, "/v1/agents", "").header("authorization", "Basic YTpi");
        assert_eq!(Answer::of(malformed).await.status, 401);
    }
    let connect = || app.post("/v1/agents/connect", "agt_unknown", json!({}));
    assert_eq!(app.get("/v1/agents", "agd_live_unknown").await.status, 401);
    assert_eq!(app.get("/v1/agents", &made.text("api_key")).await.outcome(), (401, "KEY_REVOKED"));
    assert_eq!(app.get("/v1/blocked", "ada_live_unknown").await.status, 401);
    assert_eq!(connect().await.status, 401);
    for refusal in [app.get("/v1/agents", "agd_live_other").await, connect().await] {
        expect_a_wait(&refusal, 16);
    }
    for _ in 0..3 {
        let _ = app.get("/v1/agents", &ann.key).await.expect(200);
    }
    assert_eq!(app.get("/v1/agents", "").await.status, 401);
}

async fn the_limit_of_failed_authentications_can_be_switched_off(backend: Backend) {
    let app = App::start_with(backend, &[("AGENTDROP_AUTH_FAILURES_PER_MINUTE", "0")]).await;
    for _ in 0..310 {
        assert_eq!(app.get("/v1/agents", "agd_live_unknown").await.status, 401);
    }
}
