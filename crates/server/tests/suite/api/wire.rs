//! What every request and answer has in common.

use agentdrop_test_support::app::{Answer, App, Backend, public_key};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Value, json};

use super::bad_fields;
use super::raw::RawClient;

on_both_backends!(
    every_answer_names_its_request,
    every_error_has_the_same_shape,
    a_path_that_has_other_methods_says_which,
    a_missing_or_malformed_credential_is_answered_401,
    a_credential_is_judged_before_anything_else,
    json_bodies_are_bounded,
    a_body_is_a_json_object_or_nothing,
    unknown_fields_are_ignored_and_null_is_absent,
    answers_about_accounts_are_not_cached,
    no_list_gives_more_than_a_hundred_rows,
    an_own_agent_is_named_by_slug_or_uuid_in_every_path,
    a_refused_large_body_of_any_kind_shows_its_answer,
    the_page_of_a_transfer_tells_and_spends_nothing,
    the_node_says_that_it_is_alive_and_ready,
);

const NOBODY: &str = "9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c";

async fn every_answer_names_its_request(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let mut seen = Vec::new();
    for (method, path, key) in [
        ("GET", "/v1/agents", ann.key.as_str()),
        ("GET", "/v1/agents", ""),
        ("GET", "/v1/agents?limit=x", &ann.key),
        ("GET", "/v1/nothing", ""),
        ("PUT", "/v1/agents", &ann.key),
        ("POST", "/v1/transfers", ""),
        ("GET", "/blobs/x", ""),
        ("GET", "/healthz", ""),
        ("GET", "/readyz", ""),
        ("GET", "/openapi.json", ""),
        ("GET", "/docs/", ""),
    ] {
        let answer = Answer::of(app.request(method.parse().unwrap(), path, key)).await;
        let id = answer.header("x-request-id").to_owned();
        assert!(id.starts_with("req_") && id.len() == 36, "{method} {path}: {id:?}");
        if answer.status >= 400 {
            assert_eq!(answer["error"]["request_id"], id, "{method} {path}");
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{method} {path}");
        seen.push(id);
    }
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), all);
}

async fn every_error_has_the_same_shape(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let large = json!({"name": "x".repeat(300 << 10)}).to_string();
    let post = |path: &str| app.request(Method::POST, path, &ann.key);
    for (request, status, code, details) in [
        (post("/v1/api-keys").json(&json!({})), 400, "VALIDATION_ERROR", 1),
        (app.request(Method::GET, "/v1/agents", ""), 401, "UNAUTHORIZED", 0),
        (app.request(Method::GET, "/v1/channels/x", &ann.key), 404, "NOT_FOUND", 0),
        (app.request(Method::GET, "/v1/nothing", &ann.key), 404, "NOT_FOUND", 0),
        (app.request(Method::GET, "/", ""), 404, "NOT_FOUND", 0),
        (app.request(Method::GET, "/v1/agents/%FF", &ann.key), 404, "NOT_FOUND", 0),
        (app.request(Method::PUT, "/v1/agents", &ann.key), 405, "METHOD_NOT_ALLOWED", 0),
        (
            post("/v1/api-keys").header(CONTENT_TYPE, "application/json").body(large),
            413,
            "PAYLOAD_TOO_LARGE",
            0,
        ),
        (
            post("/v1/api-keys").header(CONTENT_TYPE, "text/plain").body("{}"),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            0,
        ),
        (
            post("/v1/api-keys").header(CONTENT_ENCODING, "gzip").json(&json!({"name": "x"})),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            0,
        ),
    ] {
        let answer = Answer::of(request).await;
        assert_eq!(answer.outcome(), (status, code), "{:#}", answer.body);
        assert!(answer.header("content-type").starts_with("application/json"));
        let error = answer["error"].as_object().unwrap();
        assert_eq!(error["status"], status);
        assert!(!error["message"].as_str().unwrap().is_empty());
        let rows = error["details"].as_array().unwrap();
        assert_eq!(rows.len(), details, "{rows:?}");
        assert!(rows.iter().all(|row| row["field"].is_string() && row["message"].is_string()));
        let mut names: Vec<&str> = error.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["code", "details", "message", "request_id", "status"]);
    }
}

async fn a_path_that_has_other_methods_says_which(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    for (method, path, allowed) in [
        ("PUT", "/v1/agents", "GET"),
        ("POST", "/v1/agents/me", "GET"),
        ("POST", "/v1/transfers/inbox", "GET"),
        ("POST", "/v1/agents/x", "GET, PATCH, DELETE"),
        ("PUT", "/v1/transfers/x", "GET, DELETE"),
        ("POST", "/v1/blocked/x", "DELETE"),
        ("DELETE", "/healthz", "GET"),
        ("POST", "/blobs/x", "GET, HEAD, PUT"),
    ] {
        let answer = Answer::of(app.request(method.parse().unwrap(), path, &ann.key)).await;
        assert_eq!(
            (answer.outcome(), answer.header("allow")),
            ((405, "METHOD_NOT_ALLOWED"), allowed),
            "{method} {path}"
        );
    }
}

async fn a_missing_or_malformed_credential_is_answered_401(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let with = |value: &str| app.request(Method::GET, "/v1/agents", "").header(AUTHORIZATION, value);
    let swapped = ann.key.replace("agd_", "ada_");
    for value in
        ["", "Bearer", "Bearer ", "Basic YTpi", ann.key.as_str(), &format!("Bearer {swapped}"), "Bearer x"]
    {
        let answer = Answer::of(with(value)).await;
        assert_eq!(answer.outcome(), (401, "UNAUTHORIZED"), "{value:?}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    for value in
        [format!("Bearer {}", ann.key), format!("bearer {}", ann.key), format!("BEARER   {} ", ann.key)]
    {
        assert_eq!(Answer::of(with(&value)).await.status, 200, "{value:.8}");
    }
    let made = app.post("/v1/api-keys", &ann.key, json!({"name": "x"})).await.expect(201);
    let _ = app.delete(&format!("/v1/api-keys/{}", made.text("id")), &ann.key).await.expect(200);
    let revoked = app.get("/v1/agents", &made.text("api_key")).await;
    assert_eq!((revoked.outcome(), revoked.header("www-authenticate")), ((401, "KEY_REVOKED"), "Bearer"));
}

async fn a_credential_is_judged_before_anything_else(backend: Backend) {
    let app = App::start(backend).await;
    for (method, path) in [
        ("GET", "/v1/transfers/x"),
        ("DELETE", "/v1/connections/x"),
        ("POST", "/v1/pairings/x/confirm"),
        ("POST", "/v1/api-keys"),
        ("GET", "/v1/agents?limit=x"),
        ("GET", "/v1/channels?%FF=%FF"),
        ("POST", "/v1/transfers"),
    ] {
        let request = app.request(method.parse().unwrap(), path, "agd_live_unknown");
        let nonsense = request.header(CONTENT_TYPE, "application/json").body("nonsense");
        assert_eq!(Answer::of(nonsense).await.outcome(), (401, "UNAUTHORIZED"), "{method} {path}");
    }
}

async fn json_bodies_are_bounded(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let of_length = |length: usize| {
        let empty = r#"{"name":"x","ignored":""}"#;
        empty.replace(r#":""}"#, &format!(r#":"{}"}}"#, "x".repeat(length - empty.len())))
    };
    for (length, outcome) in [(256 << 10, (201, "")), ((256 << 10) + 1, (413, "PAYLOAD_TOO_LARGE"))] {
        let body = of_length(length);
        assert_eq!(body.len(), length);
        let request =
            app.request(Method::POST, "/v1/api-keys", &ann.key).header(CONTENT_TYPE, "application/json");
        assert_eq!(Answer::of(request.body(body)).await.outcome(), outcome);
    }
}

async fn a_body_is_a_json_object_or_nothing(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let send = |content_type: &str, body: &str| {
        let request = app.request(Method::POST, "/v1/api-keys", &ann.key).header(CONTENT_TYPE, content_type);
        Answer::of(request.body(body.to_owned()))
    };
    for nonsense in ["{", "nonsense", "[]", "1", "null", "\"x\"", "{\"name\":\"\\ud800\"}"] {
        assert_eq!(bad_fields(&send("application/json", nonsense).await), ["body"], "{nonsense}");
    }
    assert_eq!(bad_fields(&send("application/json", "").await), ["name"]);
    assert_eq!(bad_fields(&Answer::of(app.request(Method::POST, "/v1/api-keys", &ann.key)).await), ["name"]);
    for content_type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        assert_eq!(send(content_type, r#"{"name":"x"}"#).await.status, 201, "{content_type}");
    }
    for other in ["text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        assert_eq!(
            send(other, r#"{"name":"x"}"#).await.outcome(),
            (415, "UNSUPPORTED_MEDIA_TYPE"),
            "{other}"
        );
    }
}

async fn unknown_fields_are_ignored_and_null_is_absent(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let body = json!({
        "agent_id": "alpha", "unknown": {"a": [1]}, "name": null, "description": null, "public_key": null,
        "metadata": null, "agent_type": null, "webhook_url": null, "available_for_connections": null,
        "signing_public_key": null,
    });
    let made = app.post("/v1/agents/register", &ann.key, body).await.expect(201);
    assert_eq!((&made["name"], &made["connection_status"]), (&json!("alpha"), &json!("pending")));
    let agent = app.get("/v1/agents/alpha", &ann.key).await.expect(200);
    assert_eq!((&agent["agent_type"], &agent["metadata"]), (&json!("custom"), &json!({})));
    let unknown = app.get("/v1/agents?unknown=1&limit=&offset=", &ann.key).await.expect(200);
    assert_eq!(unknown["limit"], 100);
}

async fn answers_about_accounts_are_not_cached(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let id = app.send(&pair.a.key, "alpha", "beta", b"x", &[]).await.expect(201).text("id");
    let claimed = app.get(&format!("/v1/transfers/{id}/download"), &pair.b.key).await.expect(200);
    let url = claimed["files"][0]["download_url"].as_str().unwrap();
    for (path, key, cached) in [
        ("/v1/agents", pair.a.key.as_str(), false),
        ("/v1/agents", "", false),
        ("/v1/nothing", "", false),
        (url, "", false),
        ("/blobs/x", "", false),
        ("/openapi.json", "", true),
        ("/docs/", "", true),
    ] {
        let answer = app.get(path, key).await;
        assert_eq!(answer.header("cache-control") == "no-store", !cached, "{path}");
    }
}

async fn no_list_gives_more_than_a_hundred_rows(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let of_connection = format!("/v1/connections/{}", pair.connection);
    for (path, field, default) in [
        ("/v1/api-keys", "keys", 100),
        ("/v1/agents", "agents", 100),
        ("/v1/agents/alpha/keys", "keys", 100),
        ("/v1/agents/alpha/inbox", "transfers", 50),
        ("/v1/transfers/inbox?agent_id=alpha&", "transfers", 50),
        ("/v1/transfers", "transfers", 20),
        ("/v1/channels", "channels", 100),
        ("/v1/connections", "connections", 100),
        (&format!("{of_connection}/pairings"), "pairings", 100),
        (&format!("{of_connection}/agents"), "agents", 100),
        ("/v1/blocked", "blocked", 100),
    ] {
        let path = if path.contains('?') { path.to_owned() } else { format!("{path}?") };
        let first = app.get(&path, &pair.a.key).await.expect(200);
        assert!(first[field].is_array(), "{path}");
        assert_eq!((&first["limit"], &first["offset"]), (&json!(default), &json!(0)), "{path}");
        assert_eq!((first["total"].is_u64(), first["has_more"].is_boolean()), (true, true), "{path}");
        let _ = app.get(&format!("{path}limit=100&offset=1000000000"), &pair.a.key).await.expect(200);
        for bad in ["101", "0", "-1", "1.5", "x", "99999999999999999999"] {
            let refusal = app.get(&format!("{path}limit={bad}&offset=-1"), &pair.a.key).await;
            assert_eq!(bad_fields(&refusal), ["limit", "offset"], "{path} {bad}");
        }
        let refusal = app.get(&format!("{path}limit=101"), &pair.a.key).await;
        assert!(refusal["error"]["details"][0]["message"].as_str().unwrap().contains("100"), "{path}");
    }
}

async fn an_own_agent_is_named_by_slug_or_uuid_in_every_path(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let slug = "A.b_c-1";
    let agent = app.agent(&ann, slug, 1).await;
    for name in [slug, &agent.id] {
        let path = format!("/v1/agents/{name}");
        assert_eq!(app.get(&path, &ann.key).await.expect(200)["id"], agent.id);
        let _ = app.patch(&path, &ann.key, json!({"description": name})).await.expect(200);
        for list in ["keys", "inbox"] {
            let _ = app.get(&format!("{path}/{list}"), &ann.key).await.expect(200);
        }
        let made = app.post(&format!("{path}/keys"), &ann.key, json!({})).await.expect(201).text("id");
        let _ = app.delete(&format!("{path}/keys/{made}"), &ann.key).await.expect(200);
        let _ = app.post(&format!("{path}/disconnect"), &ann.key, json!({})).await.expect(200);
        let token = app.post(&format!("{path}/connection-token"), &ann.key, json!({})).await.expect(201);
        let body = json!({"public_key": public_key(2)});
        let _ = app.post("/v1/agents/connect", &token.text("connection_token"), body).await.expect(200);
        assert_eq!(app.get(&path, &bob.key).await.outcome(), (404, "NOT_FOUND"));
    }
    for other in ["a.b_c-1", "A.b_c-", NOBODY, "A.b_c-1%20", &agent.id[1..]] {
        assert_eq!(
            app.get(&format!("/v1/agents/{other}"), &ann.key).await.outcome(),
            (404, "NOT_FOUND"),
            "{other}"
        );
    }
    let _ = app.delete(&format!("/v1/agents/{slug}"), &ann.key).await.expect(200);
}

async fn a_refused_large_body_of_any_kind_shows_its_answer(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let body = vec![b'x'; 49 << 20];
    for (path, content_type, further, status) in [
        ("/v1/api-keys", "application/json", "", 413),
        ("/v1/api-keys", "text/plain", "", 413),
        ("/v1/transfers", "multipart/form-data; boundary=x", "Content-Encoding: gzip\r\n", 415),
        ("/v1/transfers", "application/json", "", 415),
        ("/v1/nothing", "application/json", "", 404),
        ("/v1/agents/me", "application/json", "", 405),
    ] {
        let mut client = RawClient::connect(&app).await;
        let length = format!("Content-Length: {}\r\n{further}", body.len());
        client.head(path, &ann.key, content_type, &length).await;
        client.write(&body).await;
        assert_eq!(client.answer().await.status, status, "{path} {content_type}");
    }
}

async fn the_page_of_a_transfer_tells_and_spends_nothing(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let sent = app.send(&pair.a.key, "alpha", "beta", b"secret", &[]).await.expect(201);
    let id = sent["id"].as_str().unwrap();
    assert_eq!(sent["url"], format!("{}/t/{id}", app.url));
    let page = async |id: &str| {
        let response = app.request(Method::GET, &format!("/t/{id}"), "").send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        response.text().await.unwrap()
    };
    let shown = page(id).await;
    assert!(shown.contains("a transfer between agents") && !shown.contains(id));
    assert_eq!(shown, page(NOBODY).await, "it tells nobody which transfers there are");
    let transfer = app.get(&format!("/v1/transfers/{id}"), &pair.a.key).await.expect(200);
    assert_eq!(transfer["downloads"], 0);
}

async fn the_node_says_that_it_is_alive_and_ready(backend: Backend) {
    let app = App::start(backend).await;
    assert_eq!(app.get("/healthz", "").await.expect(200).body, json!({"status": "ok"}));
    let ready = app.get("/readyz", "").await.expect(200);
    assert_eq!((&ready["database"], &ready["storage"]), (&json!("ok"), &json!("ok")));
    assert_ne!(ready.body, Value::Null);
}
