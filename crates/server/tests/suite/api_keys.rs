//! Account keys and agent keys.

use agentdrop_test_support::app::{App, Backend};
use futures_util::future::join_all;
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<&str> {
    list["keys"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_until_it_is_revoked() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account("ann").await;
        let made = app.post("/v1/api-keys", &ann.key, json!({"name": " ci "})).await.expect(201);
        let (id, key) = (made.text("id"), made.text("api_key"));
        assert!(id.starts_with("key_"), "{id}");
        assert_eq!(made["name"], "ci");
        assert_eq!(made["prefix"], key[..13]);
        assert_eq!((key.len(), &key[..9]), (41, "agd_live_"));

        let list = app.get("/v1/api-keys", &key).await.expect(200);
        assert_eq!(names(&list.body), ["ci", "default"]);
        assert_eq!(list["total"], 2);
        let first = &list["keys"][0];
        assert_eq!((&first["id"], &first["transfer_count"]), (&json!(id), &json!(0)));
        assert!(first.get("api_key").is_none());

        let gone = app.delete(&format!("/v1/api-keys/{id}"), &ann.key).await.expect(200);
        assert_eq!((&gone["id"], &gone["revoked"]), (&json!(id), &json!(true)));
        assert!(gone.text("revoked_at").ends_with('Z'));
        assert_eq!(app.get("/v1/api-keys", &key).await.outcome(), (401, "KEY_REVOKED"));
        let again = app.delete(&format!("/v1/api-keys/{id}"), &ann.key).await;
        assert_eq!(again.outcome(), (404, "NOT_FOUND"));
        assert_eq!(names(&app.get("/v1/api-keys", &ann.key).await.body), ["default"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_not_the_callers_are_not_found() {
    let app = App::start(Backend::Embedded).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let agent = app.agent(&ann, "alpha", 1).await;
    let bobs = app.get("/v1/api-keys", &bob.key).await["keys"][0]["id"].as_str().unwrap().to_owned();
    let own = app.get("/v1/api-keys", &ann.key).await["keys"][0]["id"].as_str().unwrap().to_owned();
    let agents =
        app.get("/v1/agents/alpha/keys", &ann.key).await["keys"][0]["id"].as_str().unwrap().to_owned();
    for id in [bobs.as_str(), agents.as_str(), "key_x", "x"] {
        let refusal = app.delete(&format!("/v1/api-keys/{id}"), &ann.key).await;
        assert_eq!(refusal.outcome(), (404, "NOT_FOUND"), "{id}");
    }
    let own_path = format!("/v1/api-keys/{own}");
    assert_eq!(app.delete(&own_path, &ann.key).await.outcome(), (409, "SELF_REVOKE"));
    assert_eq!(app.delete(&own_path, &agent.key).await.outcome(), (403, "SCOPE_MISMATCH"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_names_are_refused_by_field() {
    let app = App::start(Backend::Embedded).await;
    let ann = app.account("ann").await;
    for body in [
        json!({}),
        json!({"name": null}),
        json!({"name": 7}),
        json!({"name": " "}),
        json!({"name": "x".repeat(129)}),
    ] {
        let refusal = app.post("/v1/api-keys", &ann.key, body.clone()).await;
        assert_eq!(
            (refusal.outcome(), refusal.fields()),
            ((400, "VALIDATION_ERROR"), vec!["name"]),
            "{body}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plans_number_of_keys_holds_under_concurrency_and_is_given_back() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account_on("ann", Some("free")).await;
        let create = || app.post("/v1/api-keys", &ann.key, json!({"name": "more"}));
        // Few enough that the plan's calls a minute are not in the way.
        let answers = join_all((0..8).map(|_| create())).await;
        let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        let refused = answers.iter().filter(|answer| answer.outcome() == (403, "KEY_LIMIT_REACHED")).count();
        assert_eq!((made.len(), refused), (1, 7), "{backend:?}");
        let id = made[0].text("id");
        let _ = app.delete(&format!("/v1/api-keys/{id}"), &ann.key).await.expect(200);
        let _ = create().await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_key_is_made_listed_and_revoked_by_uuid_or_slug() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account("ann").await;
        let agent = app.agent(&ann, "alpha", 1).await;
        let made = app.post("/v1/agents/alpha/keys", &ann.key, json!({})).await.expect(201);
        let key = made.text("api_key");
        assert_eq!((key.len(), &key[..9]), (41, "ada_live_"));
        assert_eq!((&made["name"], &made["scope"]), (&json!("default"), &json!("agent")));
        assert_eq!((&made["agent_id"], &made["agent_uuid"]), (&json!("alpha"), &json!(agent.id)));
        assert_eq!(made["prefix"], key[..13]);

        let list = app.get(&format!("/v1/agents/{}/keys", agent.id), &ann.key).await.expect(200);
        assert_eq!(names(&list.body), ["default", "test"]);
        assert_eq!(names(&app.get("/v1/api-keys", &ann.key).await.body), ["default"]);
        assert_eq!(app.get("/v1/agents/me", &key).await.expect(200)["agent"]["agent_id"], "alpha");

        let path = format!("/v1/agents/alpha/keys/{}", made.text("id"));
        assert_eq!(app.delete(&path, &ann.key).await.expect(200)["revoked"], true);
        assert_eq!(app.delete(&path, &ann.key).await.outcome(), (404, "NOT_FOUND"));
        assert_eq!(app.get("/v1/agents/me", &key).await.outcome(), (401, "KEY_REVOKED"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_has_at_most_fifty_keys_under_concurrency() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account("ann").await;
        // The harness makes the first one.
        app.agent(&ann, "alpha", 1).await;
        let create = || app.post("/v1/agents/alpha/keys", &ann.key, json!({"name": "one more"}));
        let answers = join_all((0..60).map(|_| create())).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        let refused = answers.iter().filter(|answer| answer.outcome() == (403, "KEY_LIMIT_REACHED")).count();
        assert_eq!((made, refused), (49, 11), "{backend:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_keys_manage_no_keys_and_strangers_see_none() {
    let app = App::start(Backend::Embedded).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let agent = app.agent(&ann, "alpha", 1).await;
    let key_id =
        app.get("/v1/agents/alpha/keys", &ann.key).await["keys"][0]["id"].as_str().unwrap().to_owned();
    for (key, agent_path, expected) in [
        (&agent.key, "alpha", (403, "SCOPE_MISMATCH")),
        (&bob.key, "alpha", (404, "NOT_FOUND")),
        (&bob.key, agent.id.as_str(), (404, "NOT_FOUND")),
    ] {
        let keys = format!("/v1/agents/{agent_path}/keys");
        assert_eq!(app.get(&keys, key).await.outcome(), expected);
        assert_eq!(app.post(&keys, key, json!({"name": "x"})).await.outcome(), expected);
        assert_eq!(app.delete(&format!("{keys}/{key_id}"), key).await.outcome(), expected);
    }
    assert_eq!(app.get("/v1/api-keys", &agent.key).await.outcome(), (403, "SCOPE_MISMATCH"));
    assert_eq!(
        app.post("/v1/api-keys", &agent.key, json!({"name": "x"})).await.outcome(),
        (403, "SCOPE_MISMATCH")
    );
}
