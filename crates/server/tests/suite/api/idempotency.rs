//! `Idempotency-Key`: the same request under the same key acts once.

use agentdrop_test_support::app::{Account, Answer, App, Backend, Pair};
use bytes::Bytes;
use futures_util::future::join_all;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::form::Form;
use super::plans::start_with_free_plan;
use super::raw::RawClient;
use super::{bad_fields, count, kept};

const KEY: &str = "Idempotency-Key";
const MISMATCH: (u16, &str) = (409, "IDEMPOTENCY_MISMATCH");
const IN_PROGRESS: (u16, &str) = (409, "IDEMPOTENCY_IN_PROGRESS");
const PATIENCE: Duration = Duration::from_secs(20);

on_both_backends!(
    a_repeated_request_is_answered_byte_for_byte_and_acts_once,
    a_transfer_is_prepared_once,
    another_request_under_the_same_key_is_a_mismatch,
    a_key_is_its_credentials_and_its_paths,
    a_refusal_leaves_the_key_free,
    of_64_requests_at_once_one_acts,
    of_64_uploads_at_once_one_is_kept,
    a_form_is_its_fields_and_files,
    a_twin_of_a_running_upload_is_told_so,
    an_upload_that_was_cut_frees_its_key,
    an_answer_that_was_never_read_is_given_again,
    a_replay_needs_no_room_in_the_plan,
    bad_keys_are_named_after_the_credential_was_judged,
    a_revoked_key_gets_no_replay,
    stored_answers_show_no_secret,
);

/// An answer down to its bytes.
#[derive(Debug, PartialEq, Eq)]
struct Raw {
    status: u16,
    replayed: bool,
    body: Bytes,
}

fn replayed(headers: &HeaderMap) -> bool {
    match headers.get("idempotency-replayed") {
        Some(value) => {
            assert_eq!(value, "true");
            true
        }
        None => false,
    }
}

async fn raw(request: RequestBuilder) -> Raw {
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let (status, replayed) = (response.status().as_u16(), replayed(response.headers()));
    Raw { status, replayed, body: response.bytes().await.unwrap() }
}

/// A POST of a JSON body under a key.
fn post(app: &App, path: &str, credential: &str, key: &str, body: &Value) -> RequestBuilder {
    app.request(Method::POST, path, credential).header(KEY, key).json(body)
}

fn form(app: &App, credential: &str, key: &str, form: &Form) -> RequestBuilder {
    let request = app.request(Method::POST, "/v1/transfers", credential).header(KEY, key);
    request.header(CONTENT_TYPE, Form::content_type()).body(form.body())
}

async fn new_key(app: &App, credential: &str, key: &str, name: &str) -> Answer {
    Answer::of(post(app, "/v1/api-keys", credential, key, &json!({ "name": name }))).await
}

async fn total(app: &App, path: &str, credential: &str) -> Value {
    app.get(path, credential).await.expect(200)["total"].clone()
}

/// Sends a request twice and expects the same answer; returns it.
async fn twice(what: &str, status: u16, request: impl Fn() -> RequestBuilder) -> Value {
    let (first, second) = (raw(request()).await, raw(request()).await);
    assert_eq!((first.status, first.replayed), (status, false), "{what}: {first:?}");
    assert_eq!(second, Raw { replayed: true, ..first }, "{what}");
    serde_json::from_slice(&second.body).unwrap()
}

async fn a_repeated_request_is_answered_byte_for_byte_and_acts_once(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let key = &pair.a.key;
    let (ready, other) = (app.agent(&pair.a, "ready", 3).await, app.agent(&pair.b, "other", 4).await);
    let pairings = format!("/v1/connections/{}/pairings", pair.connection);
    let agent_keys = format!("/v1/agents/{}/keys", pair.alpha.id);
    for (path, status, body) in [
        ("/v1/api-keys", 201, json!({"name": "ci"})),
        ("/v1/agents/register", 201, json!({"agent_id": "waiting"})),
        ("/v1/agents/register", 201, json!({"agent_id": "second", "metadata": {"ü": [1, null]}})),
        ("/v1/agents/waiting/connection-token", 201, json!({})),
        (&agent_keys, 201, json!({"name": "laptop"})),
        ("/v1/connections", 201, json!({"email": "carol@example.com"})),
        (&pairings, 201, json!({"my_agent_id": ready.id, "their_agent_id": other.id})),
        ("/v1/channels", 201, json!({"agent_id": pair.alpha.id, "target_agent_id": pair.beta.id})),
    ] {
        let what = format!("{path} {body}");
        twice(&what, status, || post(&app, path, key, &what, &body)).await;
    }
    let plain = Form::between("alpha", "beta").file("a.txt", b"hello");
    let sent = twice("transfer", 201, || form(&app, key, "t", &plain)).await;
    let download = format!("/v1/transfers/{}/download", sent["id"].as_str().unwrap());
    let granted =
        twice("download", 200, || app.request(Method::GET, &download, &pair.b.key).header(KEY, "d")).await;
    assert_eq!(granted["downloads"], 1);
    let again = app.get(&download, &pair.b.key).await.expect(200);
    assert_eq!(again["downloads"], 2, "the repetition was not counted");
    let url = granted["files"][0]["download_url"].as_str().unwrap();
    assert_eq!(app.request(Method::GET, url, "").send().await.unwrap().bytes().await.unwrap(), "hello");

    let blocked = format!("/v1/connections/{}/block", pair.connection);
    twice("block", 200, || post(&app, &blocked, key, "b", &json!({}))).await;
    for (path, expected) in
        [("/v1/api-keys", 2), ("/v1/agents", 4), (&agent_keys, 2), ("/v1/transfers", 1), ("/v1/blocked", 1)]
    {
        assert_eq!(total(&app, path, key).await, expected, "{path}");
    }
    kept::expect_left(&app, 1, 0).await;
}

async fn a_transfer_is_prepared_once(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    for (path, file) in [
        ("/v1/transfers/presigned", json!({"name": "a.bin", "size": 12 << 20})),
        (
            "/v1/transfers/presigned/multipart",
            json!({"name": "a.bin", "size": 12 << 20, "part_size": 6 << 20}),
        ),
    ] {
        let body = json!({"sender": "alpha", "recipient": "beta", "files": [file]});
        let prepared = twice(path, 201, || post(&app, path, &pair.a.key, "k", &body)).await;
        let id = prepared["id"].as_str().unwrap();
        assert_eq!(app.delete(&format!("/v1/transfers/{id}"), &pair.a.key).await.status, 200);
        let left = app.get("/v1/transfers?status=pending", &pair.a.key).await.expect(200);
        assert_eq!(left["total"], 0, "there was one only");
    }
}

async fn another_request_under_the_same_key_is_a_mismatch(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let body = json!({"name": "ci"});
    let request = || post(&app, "/v1/api-keys", &ann.key, "k", &body);
    let first = raw(request()).await;
    assert_eq!(first.status, 201);
    let other_body = Answer::of(post(&app, "/v1/api-keys", &ann.key, "k", &json!({"name": "cd"}))).await;
    let other_agent = Answer::of(request().header("X-AgentDrop-Agent", "alpha")).await;
    let other_query = Answer::of(post(&app, "/v1/api-keys?x=1", &ann.key, "k", &body)).await;
    for refusal in [other_body, other_agent, other_query] {
        assert_eq!(refusal.outcome(), MISMATCH, "{:#}", refusal.body);
    }
    assert_eq!(raw(request()).await, Raw { replayed: true, ..first });
    assert_eq!(total(&app, "/v1/api-keys", &ann.key).await, 2);
}

async fn a_key_is_its_credentials_and_its_paths(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let second = new_key(&app, &ann.key, "x", "second").await.expect(201).text("api_key");
    let mut made = vec![];
    for credential in [&ann.key, &second, &bob.key] {
        let answer = new_key(&app, credential, "k", "same").await.expect(201);
        assert!(!replayed(&answer.headers), "each credential has its own keys");
        made.push(answer.text("id"));
    }
    made.dedup();
    assert_eq!(made.len(), 3);
    for slug in ["one", "two"] {
        assert_eq!(app.post("/v1/agents/register", &ann.key, json!({"agent_id": slug})).await.status, 201);
        let path = format!("/v1/agents/{slug}/keys");
        let answer = Answer::of(post(&app, &path, &ann.key, "k", &json!({}))).await.expect(201);
        assert_eq!((replayed(&answer.headers), answer["agent_id"].as_str()), (false, Some(slug)));
    }
}

async fn a_refusal_leaves_the_key_free(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    assert_eq!(app.post("/v1/agents/register", &ann.key, json!({"agent_id": "alpha"})).await.status, 201);
    let register = |slug: &str| {
        let body = json!({"agent_id": slug});
        Answer::of(post(&app, "/v1/agents/register", &ann.key, "k", &body))
    };
    for _ in 0..2 {
        assert_eq!(register("alpha").await.outcome(), (409, "AGENT_EXISTS"));
        assert_eq!(bad_fields(&register("no slug").await), ["agent_id"]);
    }
    assert_eq!(app.delete("/v1/agents/alpha", &ann.key).await.status, 200);
    let made = register("alpha").await.expect(201);
    assert!(!replayed(&made.headers));
    assert_eq!(register("other").await.outcome(), MISMATCH, "now it stands for a request");
    assert!(replayed(&register("alpha").await.expect(201).headers));
}

/// The answers of 64 twins: one acted, the others got its answer or were told that it is at work.
fn expect_one_act(answers: &[Answer]) {
    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len() + count(answers, IN_PROGRESS), answers.len(), "{answers:#?}");
    assert_eq!(made.iter().filter(|answer| !replayed(&answer.headers)).count(), 1);
    assert!(made.iter().all(|answer| answer.body == made[0].body));
    for twin in answers.iter().filter(|answer| answer.status == 409) {
        assert_eq!(twin.header("retry-after"), "1");
    }
}

async fn of_64_requests_at_once_one_acts(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let answers = join_all((0..64).map(|_| new_key(&app, &ann.key, "k", "same"))).await;
    expect_one_act(&answers);
    assert_eq!(total(&app, "/v1/api-keys", &ann.key).await, 2);
}

async fn of_64_uploads_at_once_one_is_kept(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let whole = Form::between("alpha", "beta").file("a.bin", &[7; 100_000]);
    let answers = join_all((0..64).map(|_| Answer::of(form(&app, &pair.a.key, "k", &whole)))).await;
    expect_one_act(&answers);
    assert_eq!(total(&app, "/v1/transfers", &pair.a.key).await, 1);
    kept::expect_left(&app, 1, 0).await;
}

async fn a_form_is_its_fields_and_files(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let between = || Form::between("alpha", "beta");
    let send = |sent: Form| {
        let request = form(&app, &pair.a.key, "k", &sent);
        raw(request)
    };
    let first = send(between().field("message", "m").file("a", b"hello").file("b", b"more")).await;
    assert_eq!((first.status, first.replayed), (201, false), "{first:?}");
    let again = Raw { replayed: true, ..first };
    // Another order of fields and files, other framing: the same request.
    let mixed = Form::default().file("a", b"hello").fields(&[("sender", "alpha"), ("recipient", "beta")]);
    assert_eq!(send(mixed.file("b", b"more").field("message", "m")).await, again);
    let boundary = reqwest::multipart::Form::new()
        .text("sender", "alpha")
        .text("recipient", "beta")
        .text("message", "m")
        .part("files", text_part("a", "hello"))
        .part("files", text_part("b", "more"));
    let request = app.request(Method::POST, "/v1/transfers", &pair.a.key).header(KEY, "k");
    assert_eq!(raw(request.multipart(boundary)).await, again);
    for other in [
        between().field("message", "n").file("a", b"hello").file("b", b"more"),
        between().file("a", b"hello").file("b", b"more"),
        between().field("message", "m").file("a", b"hellO").file("b", b"more"),
        between().field("message", "m").file("a", b"hello").file("c", b"more"),
        between().field("message", "m").file("b", b"more").file("a", b"hello"),
        between().field("message", "m").file("a", b"hello"),
        between().field("message", "m").file("a", b"hello").file("b", b"more").file("c", b""),
    ] {
        let refusal = Answer::of(form(&app, &pair.a.key, "k", &other)).await;
        assert_eq!(refusal.outcome(), MISMATCH, "{:#}", refusal.body);
    }
    let cut = app.request(Method::POST, "/v1/transfers", &pair.a.key).header(KEY, "k");
    let cut = cut.header(CONTENT_TYPE, Form::content_type()).body(between().file("a", b"hello").unclosed());
    assert_eq!(Answer::of(cut).await.outcome(), (400, "UPLOAD_INCOMPLETE"));
    kept::expect_left(&app, 2, 0).await;
    assert_eq!(total(&app, "/v1/transfers", &pair.a.key).await, 1);
}

fn text_part(name: &'static str, content: &'static str) -> reqwest::multipart::Part {
    reqwest::multipart::Part::bytes(content.as_bytes()).file_name(name).mime_str("text/plain").unwrap()
}

/// Begins an upload under the key `k` and sends half of it.
async fn half_an_upload(app: &App, pair: &Pair, body: &[u8]) -> RawClient {
    let mut client = RawClient::connect(app).await;
    let further = format!("{KEY}: k\r\nContent-Length: {}\r\n", body.len());
    client.head("/v1/transfers", &pair.a.key, &Form::content_type(), &further).await;
    client.write(&body[..body.len() / 2]).await;
    kept::expect_an_upload(app).await;
    client
}

async fn a_twin_of_a_running_upload_is_told_so(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let whole = Form::between("alpha", "beta").file("a.bin", &vec![7; 3 << 20]);
    let body = whole.body();
    let mut client = half_an_upload(&app, &pair, &body).await;
    let twin = || Answer::of(form(&app, &pair.a.key, "k", &whole));
    assert_eq!(twin().await.outcome(), IN_PROGRESS);
    client.write(&body[body.len() / 2..]).await;
    let made = client.answer().await;
    assert_eq!(made.status, 201, "{made:?}");
    let again = twin().await.expect(201);
    assert!(replayed(&again.headers));
    assert_eq!(again.body, made.body);
    kept::expect_left(&app, 1, 0).await;
}

async fn an_upload_that_was_cut_frees_its_key(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let whole = Form::between("alpha", "beta").file("a.bin", &vec![7; 3 << 20]);
    drop(half_an_upload(&app, &pair, &whole.body()).await);
    kept::expect_nothing(&app).await;
    let made = unless_in_progress(|| Answer::of(form(&app, &pair.a.key, "k", &whole))).await.expect(201);
    assert!(!replayed(&made.headers));
    kept::expect_left(&app, 1, 0).await;
}

/// Asks until no twin is at work any more.
async fn unless_in_progress<F: Future<Output = Answer>>(ask: impl Fn() -> F) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask().await;
        if answer.outcome() != IN_PROGRESS {
            return answer;
        }
        assert!(Instant::now() < deadline, "the twin never ends");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn an_answer_that_was_never_read_is_given_again(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let body = json!({"name": "lost"}).to_string();
    let mut client = RawClient::connect(&app).await;
    let further = format!("{KEY}: k\r\nContent-Length: {}\r\n", body.len());
    client.head("/v1/api-keys", &ann.key, "application/json", &further).await;
    client.write(body.as_bytes()).await;
    let deadline = Instant::now() + PATIENCE;
    while total(&app, "/v1/api-keys", &ann.key).await != 2 {
        assert!(Instant::now() < deadline, "the key is never made");
    }
    drop(client);
    let again = app.request(Method::POST, "/v1/api-keys", &ann.key).header(KEY, "k");
    let again = Answer::of(again.header(CONTENT_TYPE, "application/json").body(body)).await.expect(201);
    assert!(replayed(&again.headers));
    assert_eq!(total(&app, "/v1/api-keys", &again.text("api_key")).await, 2, "the answer's key works");
}

async fn a_replay_needs_no_room_in_the_plan(backend: Backend) {
    let app = start_with_free_plan(backend, |plan| {
        plan.max_api_keys = Some(2);
        plan.rates.api_keys = Some(10);
    })
    .await;
    let ann = app.account_on("ann", Some("free")).await;
    assert_eq!(new_key(&app, &ann.key, "k", "last").await.status, 201);
    assert_eq!(new_key(&app, &ann.key, "l", "last").await.outcome(), (403, "KEY_LIMIT_REACHED"));
    let again = new_key(&app, &ann.key, "k", "last").await.expect(201);
    assert!(replayed(&again.headers));
    assert_eq!(again.header("ratelimit-remaining"), "7", "it is a call like any other");
}

async fn bad_keys_are_named_after_the_credential_was_judged(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let (long, longest) = ("x".repeat(256), "x".repeat(255));
    for bad in [&long, "", "a\tb"] {
        let refusal = new_key(&app, &pair.a.key, bad, "ci").await;
        assert_eq!(bad_fields(&refusal), [KEY]);
        assert!(refusal.body["error"]["details"][0]["message"].as_str().unwrap().contains("255"));
        let refusal = Answer::of(form(&app, &pair.a.key, bad, &Form::between("alpha", "beta"))).await;
        assert_eq!(bad_fields(&refusal), [KEY]);
        assert_eq!(new_key(&app, "agd_live_unknown", bad, "ci").await.outcome(), (401, "UNAUTHORIZED"));
    }
    let both = post(&app, "/v1/api-keys", &pair.a.key, "k", &json!({"name": "ci"})).header(KEY, "l");
    assert_eq!(bad_fields(&Answer::of(both).await), [KEY]);
    assert_eq!(new_key(&app, &pair.a.key, &longest, "ci").await.status, 201);
    assert!(replayed(&new_key(&app, &pair.a.key, &longest, "ci").await.expect(201).headers));
}

async fn a_revoked_key_gets_no_replay(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let second = app.post("/v1/api-keys", &ann.key, json!({"name": "second"})).await.expect(201);
    let (id, second) = (second.text("id"), second.text("api_key"));
    assert_eq!(new_key(&app, &second, "k", "third").await.status, 201);
    assert_eq!(app.delete(&format!("/v1/api-keys/{id}"), &ann.key).await.status, 200);
    assert_eq!(new_key(&app, &second, "k", "third").await.outcome(), (401, "KEY_REVOKED"));
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

async fn secrets_of(app: &App, ann: &Account) -> Vec<String> {
    let key = new_key(app, &ann.key, "a key for a key", "ci").await.expect(201);
    let body = json!({"agent_id": "alpha"});
    let agent = Answer::of(post(app, "/v1/agents/register", &ann.key, "another", &body)).await.expect(201);
    let kept = app.kept_bytes().await;
    assert!(contains(&kept, &key.text("prefix")), "what is meant to be kept is found");
    vec![ann.key.clone(), key.text("api_key"), agent.text("connection_token")]
}

async fn stored_answers_show_no_secret(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let secrets = secrets_of(&app, &ann).await;
    let kept = app.kept_bytes().await;
    for secret in &secrets {
        let random = &secret[secret.len() - 12..];
        assert!(!contains(&kept, random), "{random} can be read in the database");
    }
    assert!(!contains(&kept, "a key for a key"), "nor can the idempotency key");
}
