//! Who accepts encrypted transfers only, and what the disk keeps back.

use agentdrop_domain::account::SetPolicy;
use agentdrop_domain::act;
use agentdrop_test_support::app::{Answer, App, Backend, Pair};
use reqwest::Method;
use serde_json::json;

use super::form::Form;

const REQUIRED: (u16, &str) = (400, "ENCRYPTION_REQUIRED");

on_both_backends!(
    an_agent_may_refuse_plaintext,
    an_account_may_refuse_plaintext,
    plaintext_is_refused_before_its_bytes,
    prepared_plaintext_is_refused_at_first_and_at_last,
    the_disk_reserve_is_left_alone,
);

async fn plain(app: &App, pair: &Pair) -> (u16, String) {
    let answer = app.send(&pair.a.key, "alpha", "beta", b"x", &[]).await;
    (answer.status, answer.outcome().1.to_owned())
}

async fn encrypted(app: &App, pair: &Pair) -> u16 {
    app.send(&pair.a.key, "alpha", "beta", b"x", &[("is_encrypted", "true")]).await.status
}

async fn an_agent_may_refuse_plaintext(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    for (account, agent) in [(&pair.a, &pair.alpha), (&pair.b, &pair.beta)] {
        let path = format!("/v1/agents/{}", agent.id);
        let shown = app.get(&path, &account.key).await.expect(200);
        assert_eq!(shown["require_encryption"], false);
        assert_eq!(plain(&app, &pair).await.0, 201);
        let changed = app.patch(&path, &account.key, json!({"require_encryption": true})).await.expect(200);
        assert_eq!(changed["require_encryption"], true);
        let listed = app.get("/v1/agents", &account.key).await.expect(200);
        assert_eq!(listed["agents"][0]["require_encryption"], true);
        assert_eq!(plain(&app, &pair).await, (REQUIRED.0, REQUIRED.1.to_owned()));
        assert_eq!(encrypted(&app, &pair).await, 201);
        let _ = app.patch(&path, &account.key, json!({"require_encryption": false})).await.expect(200);
    }
    let body = json!({"agent_id": "strict", "require_encryption": true});
    let made = app.post("/v1/agents/register", &pair.a.key, body).await.expect(201);
    assert_eq!(made["require_encryption"], true);
    let bad = app.patch("/v1/agents/strict", &pair.a.key, json!({"require_encryption": "yes"})).await;
    assert_eq!(super::bad_fields(&bad), ["require_encryption"]);
}

async fn an_account_may_refuse_plaintext(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    for account in [&pair.a, &pair.b] {
        let set = async |require_encryption| {
            let policy = SetPolicy { account: account.email.clone(), require_encryption };
            let changed = act::perform(&app.running.ports, &policy).await.unwrap();
            assert_eq!(changed.require_encryption, require_encryption);
        };
        assert_eq!(plain(&app, &pair).await.0, 201);
        set(true).await;
        assert_eq!(plain(&app, &pair).await, (REQUIRED.0, REQUIRED.1.to_owned()));
        assert_eq!(encrypted(&app, &pair).await, 201);
        set(false).await;
    }
}

async fn plaintext_is_refused_before_its_bytes(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let _ = app.patch("/v1/agents/beta", &pair.b.key, json!({"require_encryption": true})).await.expect(200);
    let form = Form::between("alpha", "beta").field("is_encrypted", "false");
    let head = "Content-Disposition: form-data; name=\"files\"; filename=\"a\"\r\n";
    let refusal = form.part(head, b"x").part(head, b"y").send(&app, &pair.a.key).await;
    assert_eq!(refusal.outcome(), REQUIRED, "before the second file of the same name: {:#}", refusal.body);
    // What has not been said may still come.
    let late = Form::between("alpha", "beta").file("a", b"x").field("is_encrypted", "true");
    assert_eq!(late.send(&app, &pair.a.key).await.status, 201);
    let never = Form::between("alpha", "beta").file("a", b"x");
    assert_eq!(never.send(&app, &pair.a.key).await.outcome(), REQUIRED);
}

async fn prepared_plaintext_is_refused_at_first_and_at_last(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let strict = async |yes: bool| {
        let body = json!({"require_encryption": yes});
        let _ = app.patch("/v1/agents/beta", &pair.b.key, body).await.expect(200);
    };
    let prepare = async |path: &str, is_encrypted: bool| {
        let file = match path.ends_with("multipart") {
            true => json!({"name": "a", "size": 0, "part_size": 5 << 20}),
            false => json!({"name": "a", "size": 0}),
        };
        let body =
            json!({"sender": "alpha", "recipient": "beta", "is_encrypted": is_encrypted, "files": [file]});
        app.post(path, &pair.a.key, body).await
    };
    let put = async |prepared: &Answer| {
        let url = prepared["upload_urls"][0]["upload_url"].as_str().unwrap();
        assert_eq!(app.request(Method::PUT, url, "").send().await.unwrap().status(), 200);
    };
    let confirm = async |prepared: &Answer| {
        app.post(&format!("/v1/transfers/{}/confirm", prepared.text("id")), &pair.a.key, json!({})).await
    };
    let before = prepare("/v1/transfers/presigned", false).await.expect(201);
    put(&before).await;
    strict(true).await;
    for path in ["/v1/transfers/presigned", "/v1/transfers/presigned/multipart"] {
        let refused = prepare(path, false).await;
        assert_eq!(refused.outcome(), REQUIRED, "{path}: {:#}", refused.body);
    }
    assert_eq!(confirm(&before).await.outcome(), REQUIRED, "what was prepared before");
    let encrypted = prepare("/v1/transfers/presigned", true).await.expect(201);
    put(&encrypted).await;
    let _ = confirm(&encrypted).await.expect(200);
    strict(false).await;
    let _ = confirm(&before).await.expect(200);
}

async fn the_disk_reserve_is_left_alone(backend: Backend) {
    let app = App::start_with(backend, &[("AGENTDROP_DISK_RESERVE", "1000000TB")]).await;
    let pair = app.pair().await;
    let answer = app.send(&pair.a.key, "alpha", "beta", b"x", &[]).await;
    let expected = match backend {
        Backend::Embedded => (507, "INSUFFICIENT_STORAGE"),
        Backend::PostgresS3 | Backend::PostgresExternalS3 => (201, ""),
    };
    assert_eq!(answer.outcome(), expected, "{:#}", answer.body);
}
