//! What plans limit by count, by bytes and by the month, when many ask at once.

use agentdrop_domain::plan::Plan;
use agentdrop_test_support::app::{Account, Answer, App, Backend, public_key};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::count;
use super::form::{Form, send_body};
use super::plans::{change_free_plan, start_with_free_plan};

const MADE: (u16, &str) = (201, "");
const STORAGE_FULL: (u16, &str) = (413, "STORAGE_LIMIT_REACHED");
const MONTH_FULL: (u16, &str) = (429, "TRANSFER_LIMIT_REACHED");
const CAPPED: (u16, &str) = (403, "PLAN_LIMIT_REACHED");

/// So many ask at once, of whom so many may.
const CROWD: usize = 64;
const ALLOWED: usize = 10;

on_both_backends!(
    storage_is_exact,
    storage_is_exact_for_bytes_that_come_slowly,
    storage_is_freed_when_a_transfer_ends,
    what_is_refused_holds_nothing,
    storage_is_exact_for_prepared_transfers,
    monthly_transfers_are_exact,
    monthly_transfers_are_exact_for_prepared_transfers,
    agents_are_exact,
    keys_are_exact,
    connections_are_exact,
    pairings_are_exact,
    invites_are_exact,
);

async fn start(backend: Backend, change: impl FnOnce(&mut Plan)) -> (App, Account) {
    let app = App::start_configured(
        backend,
        &[("AGENTDROP_CONNECTIONS_INVITES_PER_HOUR", "unlimited")],
        |config| {
            change_free_plan(config, change);
        },
    );
    let app = app.await;
    let ann = app.account_on("ann", Some("free")).await;
    (app, ann)
}

/// A server where `ann` sends to her own agent.
async fn with_agent(backend: Backend, change: impl FnOnce(&mut Plan)) -> (App, Account) {
    let (app, ann) = start(backend, change).await;
    app.agent(&ann, "alpha", 1).await;
    (app, ann)
}

async fn send(app: &App, ann: &Account, bytes: usize) -> Answer {
    Form::between("me", "alpha").file("a.bin", &vec![7; bytes]).send(app, &ann.key).await
}

async fn usage(app: &App, ann: &Account) -> Value {
    app.get("/v1/agents/me", &ann.key).await.expect(200)["plan_usage"].clone()
}

/// Exactly the allowed number succeeded; all others were told why.
fn expect_allowed(answers: &[Answer], refusal: (u16, &str)) {
    let outcomes = (count(answers, MADE), count(answers, refusal));
    assert_eq!(outcomes, (ALLOWED, answers.len() - ALLOWED));
}

async fn storage_is_exact(backend: Backend) {
    const SIZE: usize = 2_000;
    // One byte is missing for one more.
    let limit = ((ALLOWED + 1) * SIZE - 1) as u64;
    let (app, ann) = with_agent(backend, |plan| plan.storage_bytes = Some(limit)).await;
    let answers = join_all((0..CROWD).map(|_| send(&app, &ann, SIZE))).await;
    expect_allowed(&answers, STORAGE_FULL);
    let used = usage(&app, &ann).await;
    assert_eq!(
        (&used["storage_bytes"], &used["transfers_this_month"]),
        (&json!(SIZE * ALLOWED), &json!(ALLOWED))
    );
    assert_eq!(send(&app, &ann, SIZE).await.outcome(), STORAGE_FULL);
    assert_eq!(send(&app, &ann, SIZE - 1).await.outcome(), MADE, "to the last byte");
    assert_eq!(send(&app, &ann, 1).await.outcome(), STORAGE_FULL);
    assert_eq!(send(&app, &ann, 0).await.outcome(), MADE);
}

async fn storage_is_exact_for_bytes_that_come_slowly(backend: Backend) {
    // Larger than what is counted at once at the end, so that it is held while it comes.
    const SIZE: usize = (2 << 20) + 1;
    let limit = (4 * SIZE) as u64;
    let (app, ann) = with_agent(backend, |plan| plan.storage_bytes = Some(limit)).await;
    let mut answers = join_all((0..24).map(|_| send(&app, &ann, SIZE))).await;
    let chunked = join_all((0..8).map(|_| send_chunked(&app, &ann, SIZE)));
    answers.extend(chunked.await);
    assert_eq!((count(&answers, MADE), count(&answers, STORAGE_FULL)), (4, 28));
    assert_eq!(usage(&app, &ann).await["storage_bytes"], json!(limit));
}

/// Without a Content-Length.
async fn send_chunked(app: &App, ann: &Account, bytes: usize) -> Answer {
    let body = Form::between("me", "alpha").file("a.bin", &vec![7; bytes]).body();
    let chunks: Vec<_> = body.chunks(100_000).map(<[u8]>::to_vec).map(Ok::<_, std::io::Error>).collect();
    let request = app.request(reqwest::Method::POST, "/v1/transfers", &ann.key);
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    Answer::of(request.header("content-type", Form::content_type()).body(body)).await
}

/// Announces a file of so many bytes, with odd numbers in parts.
async fn prepare(app: &App, ann: &Account, n: usize, bytes: usize) -> Answer {
    let (path, mut file) = ("/v1/transfers/presigned", json!({"name": "a.bin", "size": bytes}));
    if n.is_multiple_of(2) {
        return app
            .post(path, &ann.key, json!({"sender": "me", "recipient": "alpha", "files": [file]}))
            .await;
    }
    file["part_size"] = json!(bytes);
    let body = json!({"sender": "me", "recipient": "alpha", "files": [file]});
    app.post(&format!("{path}/multipart"), &ann.key, body).await
}

async fn storage_is_exact_for_prepared_transfers(backend: Backend) {
    const SIZE: usize = 2_000;
    let limit = ((ALLOWED + 1) * SIZE - 1) as u64;
    let (app, ann) = with_agent(backend, |plan| plan.storage_bytes = Some(limit)).await;
    // Half of them bring their bytes along.
    let one = async |n: usize| {
        if n < CROWD / 2 { prepare(&app, &ann, n, SIZE).await } else { send(&app, &ann, SIZE).await }
    };
    let answers = join_all((0..CROWD).map(one)).await;
    expect_allowed(&answers, STORAGE_FULL);
    assert_eq!(usage(&app, &ann).await["storage_bytes"], json!(SIZE * ALLOWED));
    assert_eq!(prepare(&app, &ann, 0, SIZE - 1).await.outcome(), MADE, "to the last byte");
    assert_eq!(prepare(&app, &ann, 1, 1).await.outcome(), STORAGE_FULL);
    // What was announced was counted: its bytes come into a full storage, and again in their own place.
    let prepared = answers.iter().find(|answer| answer["upload_urls"][0].is_object());
    if let Some(prepared) = prepared {
        let url = prepared["upload_urls"][0]["upload_url"].as_str().unwrap();
        for _ in 0..2 {
            let sent = app.request(reqwest::Method::PUT, url, "").body(vec![7; SIZE]);
            let _ = Answer::of(sent).await.expect(200);
        }
    }
    for made in answers.iter().filter(|answer| answer.status == 201) {
        let _ = app.delete(&format!("/v1/transfers/{}", made.text("id")), &ann.key).await.expect(200);
    }
    assert_eq!(usage(&app, &ann).await["storage_bytes"], json!(SIZE - 1));
}

async fn storage_is_freed_when_a_transfer_ends(backend: Backend) {
    let (app, ann) = with_agent(backend, |plan| plan.storage_bytes = Some(1_000)).await;
    let full = async || assert_eq!(send(&app, &ann, 1).await.outcome(), STORAGE_FULL);
    let two_files = Form::between("me", "alpha").file("a", &[1; 400]).file("b", &[2; 600]);
    let made = two_files.clone().field("max_downloads", "2").send(&app, &ann.key).await.expect(201);
    full().await;
    let download = format!("/v1/transfers/{}/download", made.text("id"));
    let _ = app.get(&download, &ann.key).await.expect(200);
    full().await;
    let _ = app.get(&download, &ann.key).await.expect(200);
    assert_eq!(usage(&app, &ann).await["storage_bytes"], 0);
    // It is given back once: deleting what was downloaded gives nothing.
    let next = two_files.send(&app, &ann.key).await.expect(201);
    let _ = app.delete(&format!("/v1/transfers/{}", made.text("id")), &ann.key).await.expect(200);
    full().await;
    let _ = app.delete(&format!("/v1/transfers/{}", next.text("id")), &ann.key).await.expect(200);
    assert_eq!(usage(&app, &ann).await["storage_bytes"], 0);
    assert_eq!(send(&app, &ann, 1_000).await.outcome(), MADE);
}

async fn what_is_refused_holds_nothing(backend: Backend) {
    const SIZE: usize = 3 << 20;
    let (app, ann) = with_agent(backend, |plan| plan.storage_bytes = Some(SIZE as u64)).await;
    let too_large = Form::between("me", "alpha").file("a", &vec![1; SIZE]).file("b", &[2]);
    assert_eq!(too_large.send(&app, &ann.key).await.outcome(), STORAGE_FULL);
    assert_eq!(usage(&app, &ann).await["storage_bytes"], 0, "let go with the refusal");
    // Refused after its bytes, for another reason: they are let go of in the background.
    let bad = Form::between("me", "alpha").file("a", &vec![1; SIZE]).field("max_downloads", "0");
    assert_eq!(bad.send(&app, &ann.key).await.status, 400);
    let cut = Form::between("me", "alpha").file("a", &vec![1; SIZE]).unclosed();
    assert_eq!(send_body(&app, &ann.key, cut).await.outcome(), (400, "UPLOAD_INCOMPLETE"));
    let mut last = send(&app, &ann, SIZE).await;
    for _ in 0..200 {
        if last.outcome() == MADE {
            break;
        }
        assert_eq!(last.outcome(), STORAGE_FULL);
        last = send(&app, &ann, SIZE).await;
    }
    assert_eq!(last.outcome(), MADE);
    assert_eq!(usage(&app, &ann).await["transfers_this_month"], 1, "only what succeeded counts");
}

async fn monthly_transfers_are_exact(backend: Backend) {
    let (app, ann) = with_agent(backend, |plan| plan.transfers_per_month = Some(ALLOWED as u64)).await;
    let bad = Form::between("me", "alpha").file("a", b"x").field("max_downloads", "0");
    assert_eq!(bad.send(&app, &ann.key).await.status, 400);
    let two_files = Form::between("me", "alpha").file("a", b"x").file("b", b"y");
    let answers = join_all((0..CROWD).map(|_| two_files.send(&app, &ann.key))).await;
    expect_allowed(&answers, MONTH_FULL);
    for refusal in answers.iter().filter(|answer| answer.status == 429) {
        let wait: u64 = refusal.header("retry-after").parse().unwrap();
        assert!((1..=31 * 86_400).contains(&wait), "{wait}");
    }
    // Deleting gives no transfer back.
    let made = answers.iter().find(|answer| answer.status == 201).unwrap().text("id");
    let _ = app.delete(&format!("/v1/transfers/{made}"), &ann.key).await.expect(200);
    assert_eq!(two_files.send(&app, &ann.key).await.outcome(), MONTH_FULL);
    assert_eq!(usage(&app, &ann).await["transfers_this_month"], ALLOWED);
}

async fn monthly_transfers_are_exact_for_prepared_transfers(backend: Backend) {
    let (app, ann) = with_agent(backend, |plan| plan.transfers_per_month = Some(ALLOWED as u64)).await;
    let answers = join_all((0..CROWD).map(|n| prepare(&app, &ann, n, 1))).await;
    expect_allowed(&answers, MONTH_FULL);
    assert_eq!(usage(&app, &ann).await["transfers_this_month"], ALLOWED);
}

async fn agents_are_exact(backend: Backend) {
    let (app, ann) = start(backend, |plan| plan.max_agents = Some(ALLOWED as u64)).await;
    let register = |n: usize| {
        let body = json!({"agent_id": format!("agent-{n}"), "public_key": public_key(1)});
        app.post("/v1/agents/register", &ann.key, body)
    };
    let answers = join_all((0..CROWD).map(register)).await;
    expect_allowed(&answers, CAPPED);
    let made = answers.iter().find(|answer| answer.status == 201).unwrap().text("id");
    let _ = app.delete(&format!("/v1/agents/{made}"), &ann.key).await.expect(200);
    assert_eq!((register(100).await.outcome(), register(101).await.outcome()), (MADE, CAPPED));
}

async fn keys_are_exact(backend: Backend) {
    // With the one that the account began with.
    let (app, ann) = start(backend, |plan| plan.max_api_keys = Some(ALLOWED as u64 + 1)).await;
    let make = || app.post("/v1/api-keys", &ann.key, json!({"name": "key"}));
    let full = (403, "KEY_LIMIT_REACHED");
    let answers = join_all((0..CROWD).map(|_| make())).await;
    expect_allowed(&answers, full);
    let made = answers.iter().find(|answer| answer.status == 201).unwrap().text("id");
    let _ = app.delete(&format!("/v1/api-keys/{made}"), &ann.key).await.expect(200);
    assert_eq!((make().await.outcome(), make().await.outcome()), (MADE, full));
}

async fn connections_are_exact(backend: Backend) {
    let (app, ann) = start(backend, |plan| plan.max_connections = Some(ALLOWED as u64)).await;
    let invite =
        |n: usize| app.post("/v1/connections", &ann.key, json!({"email": format!("guest-{n}@example.com")}));
    let answers = join_all((0..CROWD).map(invite)).await;
    expect_allowed(&answers, CAPPED);
    let made = answers.iter().find(|answer| answer.status == 201).unwrap().text("id");
    let _ = app.delete(&format!("/v1/connections/{made}"), &ann.key).await.expect(200);
    assert_eq!((invite(100).await.outcome(), invite(101).await.outcome()), (MADE, CAPPED));
}

async fn pairings_are_exact(backend: Backend) {
    let (app, ann) = start(backend, |plan| plan.max_pairings_per_connection = Some(ALLOWED as u64)).await;
    let bob = app.account("bob").await;
    let connection = app.connect(&ann, &bob).await;
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    for n in 0..8 {
        own.push(app.agent(&ann, &format!("own-{n}"), 1).await.id);
        theirs.push(app.agent(&bob, &format!("their-{n}"), 2).await.id);
    }
    let path = format!("/v1/connections/{connection}/pairings");
    let propose = |n: usize| {
        let body = json!({"my_agent_id": own[n / 8], "their_agent_id": theirs[n % 8]});
        app.post(&path, &ann.key, body)
    };
    let answers = join_all((0..CROWD).map(propose)).await;
    expect_allowed(&answers, CAPPED);
    let refused = answers.iter().position(|answer| answer.status == 403).unwrap();
    let made = answers.iter().find(|answer| answer.status == 201).unwrap().text("id");
    let _ = app.delete(&format!("/v1/pairings/{made}"), &ann.key).await.expect(200);
    assert_eq!(propose(refused).await.outcome(), MADE);
}

async fn invites_are_exact(backend: Backend) {
    let app = start_with_free_plan(backend, |_| {}).await;
    let ann = app.account_on("ann", Some("free")).await;
    let invite =
        |n: usize| app.post("/v1/connections", &ann.key, json!({"email": format!("guest-{n}@example.com")}));
    let answers = join_all((0..CROWD).map(invite)).await;
    expect_allowed(&answers, (429, "RATE_LIMITED"));
}
