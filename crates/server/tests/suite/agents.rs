//! Agents: registering, connecting, finding and managing them.

use agentdrop_test_support::app::{Account, Answer, App, Backend, public_key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn register(app: &App, account: &Account, body: Value) -> Answer {
    app.post("/v1/agents/register", &account.key, body).await
}

fn slugs(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|agent| agent["agent_id"].as_str().unwrap()).collect()
}

/// The 44-byte DER form of a raw X25519 key.
fn spki(raw: &str) -> String {
    let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00];
    STANDARD.encode([&prefix[..], &STANDARD.decode(raw).unwrap()].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_brings_its_key_is_connected_at_once() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account("ann").await;
        let body = json!({
            "agent_id": "data-pipeline", "public_key": spki(&public_key(1)), "description": "Sends reports",
            "metadata": {"team": "data"}, "agent_type": "n8n", "webhook_url": null,
        });
        let made = register(&app, &ann, body).await.expect(201);
        let id = made.text("id");
        assert_eq!(made["agent_uuid"], id);
        assert_eq!(made["agent_id"], "data-pipeline");
        assert_eq!(made["name"], "data-pipeline");
        assert_eq!(made["connection_status"], "connected");
        assert_eq!(made["key_version"], 1);
        assert_eq!(made["public_key"], public_key(1), "always raw");
        assert_eq!(made["inbox_url"], format!("{}/v1/agents/{id}/inbox", app.url));
        assert_eq!(made["available_for_connections"], false);
        for absent in ["connection_token", "claim_code", "agent"] {
            assert!(made.body.get(absent).is_none(), "{absent}");
        }
        for path in [format!("/v1/agents/{id}"), "/v1/agents/data-pipeline".to_owned()] {
            let agent = app.get(&path, &ann.key).await.expect(200);
            assert_eq!(agent["id"], id);
            assert_eq!(agent["metadata"], json!({"team": "data"}));
            assert_eq!(agent["agent_type"], "n8n");
            assert_eq!(agent["public_key"], public_key(1));
            assert_eq!(agent["signing_public_key"], Value::Null);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_without_key_connects_with_its_token_once() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account("ann").await;
        let made = register(&app, &ann, json!({"agent_id": "late"})).await.expect(201);
        let (id, token) = (made.text("id"), made.text("connection_token"));
        assert_eq!(made["connection_status"], "pending");
        assert_eq!(made["key_version"], 0);
        assert!(made.body.get("public_key").is_none());
        assert_eq!((token.len(), &token[..4]), (36, "agt_"));
        assert_eq!(made.text("claim_code").len(), 6);
        assert!(made.text("token_expires_at").ends_with('Z'));
        assert_eq!(made["agent"]["id"], id);
        assert_eq!(made["agent"]["connection_status"], "pending");

        // Bad keys don't burn the token.
        let bad = app.post("/v1/agents/connect", &token, json!({"public_key": "AAAA"})).await;
        assert_eq!((bad.outcome(), bad.fields()), ((400, "VALIDATION_ERROR"), vec!["public_key"]));
        let connect = || app.post("/v1/agents/connect", &token, json!({"public_key": public_key(1)}));
        let answers = join_all((0..10).map(|_| connect())).await;
        let connected: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(connected.len(), 1, "{backend:?}");
        assert_eq!(connected[0]["agent_id"], "late");
        assert_eq!(connected[0]["agent_uuid"], id);
        assert_eq!(connected[0]["status"], "connected");
        assert_eq!(connected[0]["key_version"], 1);
        for refused in answers.iter().filter(|answer| answer.status != 200) {
            assert_eq!(refused.outcome(), (401, "UNAUTHORIZED"));
        }
        let issue = format!("/v1/agents/{id}/connection-token");
        assert_eq!(app.post(&issue, &ann.key, json!({})).await.outcome(), (409, "ALREADY_CONNECTED"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_credential_connects_and_a_token_opens_nothing_else() {
    let app = App::start(Backend::Embedded).await;
    let ann = app.account("ann").await;
    let token = register(&app, &ann, json!({"agent_id": "late"})).await.text("connection_token");
    let body = json!({"public_key": public_key(1)});
    for key in ["", "agt_unknown", ann.key.as_str()] {
        let refusal = app.post("/v1/agents/connect", key, body.clone()).await;
        assert_eq!(refusal.outcome(), (401, "UNAUTHORIZED"), "{key}");
        assert_eq!(refusal.header("www-authenticate"), "Bearer");
    }
    assert_eq!(app.get("/v1/agents", &token).await.outcome(), (401, "UNAUTHORIZED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnected_agent_comes_back_with_a_new_token() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account("ann").await;
        let agent = app.agent(&ann, "alpha", 1).await;
        let disconnect = format!("/v1/agents/{}/disconnect", agent.id);
        let left = app.post(&disconnect, &agent.key, json!({})).await.expect(200);
        assert_eq!((&left["agent_id"], &left["status"]), (&json!("alpha"), &json!("disconnected")));
        assert_eq!(app.post(&disconnect, &ann.key, json!({})).await.outcome(), (409, "ALREADY_DISCONNECTED"));
        let wiped = app.get("/v1/agents/alpha", &ann.key).await.expect(200);
        assert_eq!((&wiped["public_key"], &wiped["key_version"]), (&Value::Null, &json!(1)));

        let issue = || app.post("/v1/agents/alpha/connection-token", &ann.key, json!({}));
        let (older, newer) = (issue().await.expect(201), issue().await.expect(201));
        let connect = |token: String| async {
            let token = token;
            app.post("/v1/agents/connect", &token, json!({"public_key": public_key(9)})).await
        };
        assert_eq!(connect(older.text("connection_token")).await.outcome(), (401, "UNAUTHORIZED"));
        let back = connect(newer.text("connection_token")).await.expect(200);
        assert_eq!(back["key_version"], 2);
        let resolved = app.get("/v1/agents/resolve?agent_id=alpha", &ann.key).await.expect(200);
        assert_eq!(resolved["public_key"], public_key(9));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_registration_is_named() {
    let app = App::start(Backend::Embedded).await;
    let ann = app.account("ann").await;
    let wrong_types = json!({
        "agent_id": 1, "name": 2, "metadata": [], "available_for_connections": "yes", "public_key": 3,
    });
    let refusal = register(&app, &ann, wrong_types).await;
    assert_eq!(refusal.outcome(), (400, "VALIDATION_ERROR"));
    let mut fields = refusal.fields();
    fields.sort_unstable();
    assert_eq!(fields, ["agent_id", "available_for_connections", "metadata", "name", "public_key"]);
    let wrong_values = json!({
        "agent_id": "me", "name": "", "description": "x".repeat(1_025), "webhook_url": "http://x.example",
        "agent_type": "robot", "metadata": {"a": "x".repeat(16_384)}, "public_key": STANDARD.encode([0; 32]),
        "public_key_algorithm": "P-256", "signing_public_key": "!", "signing_key_algorithm": "RSA",
    });
    let mut fields: Vec<String> =
        register(&app, &ann, wrong_values).await.fields().into_iter().map(str::to_owned).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "agent_id",
            "agent_type",
            "description",
            "metadata",
            "name",
            "public_key",
            "public_key_algorithm",
            "signing_key_algorithm",
            "signing_public_key",
            "webhook_url",
        ]
    );
    for slug in ["", "..", "a/b", "a b", "ä", "connect", "9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c"] {
        let refusal = register(&app, &ann, json!({"agent_id": slug})).await;
        assert_eq!((refusal.status, refusal.fields()), (400, vec!["agent_id"]), "{slug:?}");
    }
    assert_eq!(register(&app, &ann, json!({})).await.fields(), ["agent_id"]);
    assert_eq!(app.get("/v1/agents", &ann.key).await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_is_unique_within_its_account_under_concurrency() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let (ann, bob) = (app.account("ann").await, app.account("bob").await);
        let answers = join_all((0..20).map(|_| register(&app, &ann, json!({"agent_id": "same"})))).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        let taken = answers.iter().filter(|answer| answer.outcome() == (409, "AGENT_EXISTS")).count();
        assert_eq!((made, taken), (1, 19), "{backend:?}");
        // Case counts, and so does the account.
        let _ = register(&app, &ann, json!({"agent_id": "Same"})).await.expect(201);
        let _ = register(&app, &bob, json!({"agent_id": "same"})).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plans_number_of_agents_holds_under_concurrency_and_is_given_back() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account_on("ann", Some("free")).await;
        let answers =
            join_all((0..20).map(|n| register(&app, &ann, json!({"agent_id": format!("a{n}")})))).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        let refused = answers.iter().filter(|answer| answer.outcome() == (403, "PLAN_LIMIT_REACHED")).count();
        assert_eq!((made, refused), (2, 18), "{backend:?}");
        let first = app.get("/v1/agents", &ann.key).await["agents"][0]["id"].as_str().unwrap().to_owned();
        let _ = app.delete(&format!("/v1/agents/{first}"), &ann.key).await.expect(200);
        let _ = register(&app, &ann, json!({"agent_id": "again"})).await.expect(201);
        assert_eq!(
            register(&app, &ann, json!({"agent_id": "more"})).await.outcome(),
            (403, "PLAN_LIMIT_REACHED")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_listed_oldest_first_and_by_page() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account("ann").await;
        for slug in ["c", "a", "b"] {
            let _ = register(&app, &ann, json!({"agent_id": slug})).await.expect(201);
        }
        let list = app.get("/v1/agents", &ann.key).await.expect(200);
        assert_eq!(slugs(&list["agents"]), ["c", "a", "b"]);
        let first = &list["agents"][0];
        assert_eq!((&first["key_version"], &first["metadata"]), (&json!(0), &json!({})));
        assert_eq!((&first["description"], &first["last_seen_at"]), (&Value::Null, &Value::Null));
        let page = app.get("/v1/agents?limit=1&offset=1", &ann.key).await.expect(200);
        assert_eq!(slugs(&page["agents"]), ["a"]);
        assert_eq!((&page["total"], &page["has_more"]), (&json!(3), &json!(true)));
        let refusal = app.get("/v1/agents?limit=101&offset=-1", &ann.key).await;
        let mut fields = refusal.fields();
        fields.sort_unstable();
        assert_eq!((refusal.status, fields), (400, vec!["limit", "offset"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_changes_what_it_names_and_nothing_else() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account("ann").await;
        let body = json!({"agent_id": "alpha", "public_key": public_key(1), "description": "before",
            "metadata": {"a": 1, "b": 2}});
        let _ = register(&app, &ann, body).await.expect(201);
        let change = json!({"name": "Alpha", "metadata": {"c": 3}, "description": null,
            "available_for_connections": true, "public_key": public_key(2), "agent_id": "other"});
        let changed = app.patch("/v1/agents/alpha", &ann.key, change).await.expect(200);
        assert_eq!(changed["name"], "Alpha");
        assert_eq!(changed["metadata"], json!({"c": 3}));
        assert_eq!(changed["description"], "before");
        assert_eq!(changed["available_for_connections"], true);
        assert_eq!((&changed["agent_id"], &changed["public_key"]), (&json!("alpha"), &json!(public_key(1))));
        let cleared = app.patch("/v1/agents/alpha", &ann.key, json!({"description": ""})).await.expect(200);
        assert_eq!(cleared["description"], Value::Null);
        assert_eq!(app.get("/v1/agents/alpha", &ann.key).await.body, cleared.body);
        let refusal = app.patch("/v1/agents/alpha", &ann.key, json!({"agent_type": "x", "name": ""})).await;
        assert_eq!((refusal.status, refusal.fields()), (400, vec!["name", "agent_type"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_resolved_by_its_own_account_and_by_paired_ones_only() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let pair = app.pair_with("receive_only").await;
        let stranger = app.account("cid").await;
        let by_slug = "/v1/agents/resolve?agent_id=beta";
        let by_uuid = format!("/v1/agents/resolve?agent_id={}", pair.beta.id);
        for path in [by_slug, by_uuid.as_str()] {
            for key in [&pair.a.key, &pair.alpha.key, &pair.b.key] {
                let found = app.get(path, key).await.expect(200);
                assert_eq!(found["agent_id"], "beta");
                assert_eq!(found["id"], pair.beta.id);
                assert_eq!(found["public_key"], public_key(2));
                assert_eq!(found["public_key_algorithm"], "X25519");
                assert_eq!(found["connection_status"], "connected");
                assert_eq!(found["account_name"], "bob");
            }
            assert_eq!(app.get(path, &stranger.key).await.outcome(), (404, "NOT_FOUND"));
        }
        let nobody = app.get("/v1/agents/resolve?agent_id=nobody", &pair.a.key).await;
        assert_eq!(nobody.outcome(), (404, "NOT_FOUND"));
        let missing = app.get("/v1/agents/resolve", &pair.a.key).await;
        assert_eq!((missing.status, missing.fields()), (400, vec!["agent_id"]));
        let _ = app.delete(&format!("/v1/pairings/{}", pair.pairing), &pair.a.key).await.expect(200);
        assert_eq!(app.get(by_slug, &pair.a.key).await.outcome(), (404, "NOT_FOUND"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_that_several_paired_accounts_hold_asks_which_one_is_meant() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let ann = app.account("ann").await;
        let alpha = app.agent(&ann, "alpha", 1).await;
        let mut accounts = Vec::new();
        for (n, name) in ["robert", "cid"].into_iter().enumerate() {
            let other = app.account(name).await;
            let shared = app.agent(&other, "shared", 10 + n as u8).await;
            let connection = app.connect(&ann, &other).await;
            let pairing = app.propose(&ann, &connection, &alpha, &shared, "both").await;
            app.confirm(&other, &pairing).await;
            accounts.push(other);
        }
        let path = "/v1/agents/resolve?agent_id=shared";
        let refusal = app.get(path, &ann.key).await;
        assert_eq!(refusal.outcome(), (400, "AMBIGUOUS_RECIPIENT"));
        let candidates = refusal["error"]["candidates"].as_array().unwrap();
        let mut masked: Vec<_> = candidates.iter().map(|c| c["email_masked"].as_str().unwrap()).collect();
        masked.sort_unstable();
        assert_eq!(masked, ["ci*@example.com", "ro****@example.com"]);
        assert!(!refusal.body.to_string().contains("robert@"));
        for named in [accounts[1].id.as_str(), "cid@example.com", "CID"] {
            let found = app.get(&format!("{path}&account={named}"), &ann.key).await.expect(200);
            assert_eq!(found["account_id"], accounts[1].id, "{named}");
        }
        let _ = app.agent(&ann, "shared", 30).await;
        assert_eq!(app.get(path, &ann.key).await.expect(200)["own"], true);
        let found = app.get(&format!("{path}&account=robert"), &ann.key).await.expect(200);
        assert_eq!(found["account_id"], accounts[0].id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sendable_lists_those_that_may_receive() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let pair = app.pair_with("send_only").await;
        let _ = register(&app, &pair.a, json!({"agent_id": "waiting"})).await.expect(201);
        let from_a = app.get("/v1/agents/sendable", &pair.a.key).await.expect(200);
        assert_eq!(slugs(&from_a["agents"]), ["alpha", "beta"]);
        let (own, other) = (&from_a["agents"][0], &from_a["agents"][1]);
        assert_eq!(own["own"], true);
        assert!(own.get("account_name").is_none());
        assert_eq!((&other["own"], &other["account_name"]), (&json!(false), &json!("bob")));
        let from_b = app.get("/v1/agents/sendable", &pair.b.key).await.expect(200);
        assert_eq!(slugs(&from_b["agents"]), ["beta"]);

        let sibling = app.agent(&pair.a, "sibling", 3).await;
        let of_sibling = app.get("/v1/agents/sendable", &sibling.key).await.expect(200);
        assert_eq!(slugs(&of_sibling["agents"]), ["alpha", "sibling"]);

        let path = format!("/v1/agents/{}/disconnect", pair.beta.id);
        let _ = app.post(&path, &pair.b.key, json!({})).await.expect(200);
        let from_a = app.get("/v1/agents/sendable", &pair.a.key).await.expect(200);
        assert_eq!(slugs(&from_a["agents"]), ["alpha", "sibling"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_startup_profile_says_everything_at_once() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let pair = app.pair().await;
        let sent = app.send(&pair.b.key, "beta", "alpha", b"hello", &[("message", "hi")]).await.expect(201);
        let profile = app.get("/v1/agents/me", &pair.alpha.key).await.expect(200);
        assert_eq!(profile["agent"]["agent_id"], "alpha");
        assert_eq!(profile["agent"]["public_key_algorithm"], "X25519");
        assert!(profile["agent"]["last_seen_at"].is_string());
        assert_eq!(
            profile["account"],
            json!({
                "id": pair.a.id, "name": "ann", "email": "ann@example.com", "plan": "enterprise",
            })
        );
        assert_eq!(profile["plan_limits"]["transfers_per_month"], -1);
        assert_eq!(
            profile["connections"],
            json!({
                "active": 1, "pending_incoming": 0, "pending_outgoing": 0, "paired_agents": ["beta"],
            })
        );
        assert_eq!(profile["inbox"]["unread_transfers"], 1);
        let recent = &profile["inbox"]["recent"][0];
        assert_eq!((&recent["id"], &recent["sender"]), (&sent["id"], &json!("beta")));
        assert_eq!((&recent["message"], &recent["file_count"]), (&json!("hi"), &json!(1)));
        assert_eq!(profile["broadcasts"], json!({"unread_count": 0, "urgent": []}));
        assert_eq!(profile["sdk"]["latest_versions"]["python"], "0.3.5");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_key_chooses_whose_profile_it_reads() {
    let app = App::start(Backend::Embedded).await;
    let ann = app.account_on("ann", Some("builder")).await;
    assert_eq!(app.get("/v1/agents/me", &ann.key).await.outcome(), (404, "NOT_FOUND"));
    let _ = register(&app, &ann, json!({"agent_id": "pending"})).await.expect(201);
    let first = app.agent(&ann, "first", 1).await;
    let second = app.agent(&ann, "second", 2).await;
    let profile = app.get("/v1/agents/me", &ann.key).await.expect(200);
    assert_eq!(profile["agent"]["agent_id"], "first");
    assert_eq!(profile["plan_limits"]["max_file_size"], 500 << 20);
    let named = |name: String, key: String| {
        let request = app.request("GET".parse().unwrap(), "/v1/agents/me", &key);
        Answer::of(request.header("X-AgentDrop-Agent", name))
    };
    for name in ["second", second.id.as_str()] {
        let profile = named(name.to_owned(), ann.key.clone()).await.expect(200);
        assert_eq!(profile["agent"]["agent_id"], "second");
        assert_eq!(named(name.to_owned(), first.key.clone()).await.outcome(), (403, "SCOPE_MISMATCH"));
    }
    assert_eq!(named("nobody".to_owned(), ann.key.clone()).await.outcome(), (404, "NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_an_agent_goes_with_it() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let pair = app.pair().await;
        let body = json!({"agent_id": "alpha", "target_agent_id": "beta"});
        let channel = app.post("/v1/channels", &pair.a.key, body).await.expect(201).text("id");
        let to_beta = app.send(&pair.a.key, "alpha", "beta", b"to beta", &[]).await.expect(201).text("id");
        let from_beta =
            app.send(&pair.b.key, "beta", "alpha", b"from beta", &[]).await.expect(201).text("id");

        let gone = app.delete(&format!("/v1/agents/{}", pair.beta.id), &pair.b.key).await.expect(200);
        assert_eq!(gone["message"], "Agent deleted");
        assert_eq!(app.delete("/v1/agents/beta", &pair.b.key).await.outcome(), (404, "NOT_FOUND"));
        assert_eq!(app.get("/v1/agents/me", &pair.beta.key).await.outcome(), (401, "KEY_REVOKED"));
        assert_eq!(app.get(&format!("/v1/agents/{}", pair.beta.id), &pair.b.key).await.status, 404);
        assert_eq!(app.get("/v1/agents/resolve?agent_id=beta", &pair.a.key).await.status, 404);

        let pairings = app.get(&format!("/v1/connections/{}/pairings", pair.connection), &pair.a.key).await;
        assert_eq!(pairings["pairings"][0]["status"], "revoked");
        let channel = app.get(&format!("/v1/channels/{channel}"), &pair.a.key).await.expect(200);
        assert_eq!(channel["status"], "revoked");
        let download = app.get(&format!("/v1/transfers/{to_beta}/download"), &pair.b.key).await;
        assert_ne!(download.status, 200, "a transfer to it is deleted");
        assert_eq!(app.download(&pair.a.key, &from_beta).await, [b"from beta"], "one that it sent stays");
        // The slug is free again, and a new agent inherits nothing.
        let again = app.agent(&pair.b, "beta", 5).await;
        assert_ne!(again.id, pair.beta.id);
        let inbox = app.get(&format!("/v1/agents/{}/inbox", again.id), &pair.b.key).await.expect(200);
        assert_eq!(inbox["total"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_key_reads_its_own_agent_and_manages_nothing() {
    let app = App::start(Backend::Embedded).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let (alpha, sibling) = (app.agent(&ann, "alpha", 1).await, app.agent(&ann, "sibling", 2).await);
    let foreign = app.agent(&bob, "foreign", 3).await;
    assert_eq!(app.get("/v1/agents/alpha", &alpha.key).await.status, 200);
    for (id, expected) in [(&sibling.id, (403, "FORBIDDEN")), (&foreign.id, (404, "NOT_FOUND"))] {
        let path = format!("/v1/agents/{id}");
        assert_eq!(app.get(&path, &alpha.key).await.outcome(), expected);
        let disconnect = app.post(&format!("{path}/disconnect"), &alpha.key, json!({})).await;
        assert_eq!(disconnect.outcome(), expected);
    }
    let scope = (403, "SCOPE_MISMATCH");
    for id in [&alpha.id, &sibling.id] {
        let path = format!("/v1/agents/{id}");
        assert_eq!(app.patch(&path, &alpha.key, json!({"name": "x"})).await.outcome(), scope);
        assert_eq!(app.delete(&path, &alpha.key).await.outcome(), scope);
        let issue = app.post(&format!("{path}/connection-token"), &alpha.key, json!({})).await;
        assert_eq!(issue.outcome(), scope);
    }
    assert_eq!(app.get("/v1/agents", &alpha.key).await.outcome(), scope);
    let register = app.post("/v1/agents/register", &alpha.key, json!({"agent_id": "x"})).await;
    assert_eq!(register.outcome(), scope);
    assert_eq!(
        app.post(&format!("/v1/agents/{}/disconnect", alpha.id), &alpha.key, json!({})).await.status,
        200
    );
}
