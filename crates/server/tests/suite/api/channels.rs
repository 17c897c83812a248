//! Channels: agreeing on keys, listing, reading, revoking, and sending under them.

use agentdrop_test_support::app::{Account, Answer, App, Backend, Pair, public_key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::form::Form;
use super::{bad_fields, count, kept};

const NOBODY: &str = "9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c";

on_both_backends!(
    own_agents_have_a_channel_at_once,
    across_accounts_both_sides_must_ask,
    both_sides_asking_at_once_make_one_channel,
    the_list_goes_by_slug_and_the_single_channel_by_uuid,
    each_reason_for_no_channel_has_its_own_answer,
    a_slug_that_could_mean_a_stranger_is_never_guessed,
    only_its_parties_read_a_channel,
    a_revoked_channel_stays_readable_and_takes_no_new_transfers,
    a_transfer_names_an_active_channel_of_exactly_its_ends,
    a_channels_keys_never_change,
);

async fn open(app: &App, key: &str, agent: &str, target: &str) -> Answer {
    app.post("/v1/channels", key, json!({"agent_id": agent, "target_agent_id": target})).await
}

/// An active channel of alpha and beta.
async fn active(app: &App, pair: &Pair) -> String {
    let id = open(app, &pair.a.key, "alpha", "beta").await.expect(201).text("id");
    assert_eq!(open(app, &pair.b.key, "beta", "alpha").await.expect(200)["status"], "active");
    id
}

async fn get(app: &App, key: &str, id: &str) -> Answer {
    app.get(&format!("/v1/channels/{id}"), key).await
}

async fn revoke(app: &App, key: &str, id: &str) -> Answer {
    app.delete(&format!("/v1/channels/{id}"), key).await
}

async fn list(app: &App, key: &str) -> Vec<Value> {
    app.get("/v1/channels", key).await.expect(200)["channels"].as_array().unwrap().clone()
}

/// Sends a file from alpha to beta under a channel.
async fn send_under(app: &App, key: &str, channel: &str) -> Answer {
    let form = Form::between("alpha", "beta").file("a", b"ciphertext").fields(&[
        ("is_encrypted", "true"),
        ("encryption_algorithm", "X25519-CHANNEL-HKDF-AES-256-GCM"),
        ("channel_id", channel),
        ("encryption_salt", &STANDARD.encode([1; 32])),
        ("encryption_ivs", &json!([STANDARD.encode([2; 12])]).to_string()),
    ]);
    form.send(app, key).await
}

async fn own_agents_have_a_channel_at_once(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let (one, two) = (app.agent(&ann, "one", 1).await, app.agent(&ann, "two", 2).await);
    let made = open(&app, &ann.key, "one", &two.id).await.expect(201);
    assert_eq!(made["status"], "active");
    assert_eq!(
        (&made["my_public_key"], &made["their_public_key"]),
        (&json!(public_key(1)), &json!(public_key(2)))
    );
    for (agent, target) in [("one", "two"), ("two", "one")] {
        assert_eq!(open(&app, &ann.key, agent, target).await.outcome(), (409, "CHANNEL_EXISTS"));
    }
    assert_eq!(open(&app, &one.key, "one", "two").await.outcome(), (409, "CHANNEL_EXISTS"));
    assert_eq!(open(&app, &one.key, "two", "one").await.outcome(), (403, "FORBIDDEN"));
    // The caller's agent is always side a.
    for (key, header, a, b) in [
        (&two.key, None, "two", "one"),
        (&one.key, None, "one", "two"),
        (&ann.key, Some("two"), "two", "one"),
    ] {
        let request = app.request(Method::GET, "/v1/channels", key);
        let request =
            header.iter().fold(request, |request, agent| request.header("X-AgentDrop-Agent", *agent));
        let list = Answer::of(request).await.expect(200);
        assert_eq!(
            (&list["channels"][0]["agent_a_id"], &list["channels"][0]["agent_b_id"]),
            (&json!(a), &json!(b))
        );
    }
}

async fn across_accounts_both_sides_must_ask(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let first = open(&app, &pair.alpha.key, "alpha", "beta").await.expect(201);
    assert_eq!(first["status"], "pending");
    assert_eq!(
        (&first["my_public_key"], &first["their_public_key"]),
        (&json!(public_key(1)), &json!(public_key(2)))
    );
    let again = open(&app, &pair.a.key, &pair.alpha.id, &pair.beta.id).await.expect(200);
    assert_eq!((&again["id"], &again["status"]), (&first["id"], &json!("pending")));
    let second = open(&app, &pair.beta.key, &pair.beta.id, "alpha").await.expect(200);
    assert_eq!((&second["id"], &second["status"]), (&first["id"], &json!("active")));
    assert_eq!(
        (&second["my_public_key"], &second["their_public_key"]),
        (&json!(public_key(2)), &json!(public_key(1)))
    );
    for (account, agent, target) in [(&pair.a, "alpha", "beta"), (&pair.b, "beta", "alpha")] {
        assert_eq!(open(&app, &account.key, agent, target).await.outcome(), (409, "CHANNEL_EXISTS"));
    }
    let single = get(&app, &pair.a.key, &first.text("id")).await.expect(200);
    assert!(single["activated_at"].is_string() && single["revoked_at"].is_null());
}

async fn both_sides_asking_at_once_make_one_channel(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let calls = (0..20).map(|n| {
        let (key, mine, theirs) =
            if n % 2 == 0 { (&pair.a.key, "alpha", "beta") } else { (&pair.b.key, "beta", "alpha") };
        open(&app, key, mine, theirs)
    });
    let answers = join_all(calls).await;
    let (made, joined) = (count(&answers, (201, "")), count(&answers, (200, "")));
    assert_eq!((made, made + joined + count(&answers, (409, "CHANNEL_EXISTS"))), (1, 20));
    let channels = list(&app, &pair.a.key).await;
    assert_eq!((channels.len(), &channels[0]["status"]), (1, &json!("active")));
}

async fn the_list_goes_by_slug_and_the_single_channel_by_uuid(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let id = active(&app, &pair).await;
    for (key, mine, my_seed, theirs, their_seed) in
        [(&pair.a.key, &pair.alpha, 1, &pair.beta, 2), (&pair.beta.key, &pair.beta, 2, &pair.alpha, 1)]
    {
        let channels = list(&app, key).await;
        assert_eq!(channels.len(), 1);
        for (field, expected) in [
            ("id", json!(id)),
            ("status", json!("active")),
            ("agent_a_id", json!(mine.slug)),
            ("agent_b_id", json!(theirs.slug)),
            ("agent_a_uuid", json!(mine.id)),
            ("agent_b_uuid", json!(theirs.id)),
            ("agent_a_public_key", json!(public_key(my_seed))),
            ("agent_b_public_key", json!(public_key(their_seed))),
        ] {
            assert_eq!(channels[0][field], expected, "{field}");
        }
    }
    // Side a of the single one is that with the smaller UUID, whoever asks.
    let mut sides = [(&pair.alpha, 1), (&pair.beta, 2)];
    sides.sort_by_key(|(agent, _)| &agent.id);
    let [(a, a_seed), (b, b_seed)] = sides;
    for key in [&pair.a.key, &pair.alpha.key, &pair.b.key, &pair.beta.key] {
        let single = get(&app, key, &id).await.expect(200);
        for (field, expected) in [
            ("agent_a_id", json!(a.id)),
            ("agent_b_id", json!(b.id)),
            ("agent_a_slug", json!(a.slug)),
            ("agent_b_slug", json!(b.slug)),
            ("agent_a_public_key", json!(public_key(a_seed))),
            ("agent_b_public_key", json!(public_key(b_seed))),
            ("agent_a_key_version", json!(1)),
            ("agent_b_key_version", json!(1)),
        ] {
            assert_eq!(single[field], expected, "{field}");
        }
    }
}

async fn each_reason_for_no_channel_has_its_own_answer(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let (alpha, beta) = (app.agent(&ann, "alpha", 1).await, app.agent(&bob, "beta", 2).await);
    let key = &ann.key;
    for (body, fields) in [
        (json!({}), &["agent_id", "target_agent_id"][..]),
        (json!({"agent_id": "alpha", "target_agent_id": null}), &["target_agent_id"]),
        (json!({"agent_id": 1, "target_agent_id": "beta"}), &["agent_id"]),
        (json!({"agent_id": "alpha", "target_agent_id": "alpha"}), &["target_agent_id"]),
        (json!({"agent_id": "alpha", "target_agent_id": alpha.id}), &["target_agent_id"]),
    ] {
        assert_eq!(bad_fields(&app.post("/v1/channels", key, body).await), fields);
    }
    for missing in ["nobody", NOBODY, &beta.id] {
        assert_eq!(open(&app, key, missing, "beta").await.outcome(), (404, "NOT_FOUND"), "{missing}");
    }
    // Without a connection it is one answer whether or not there is such an agent.
    for target in ["beta", &beta.id, "nobody", NOBODY] {
        assert_eq!(open(&app, key, "alpha", target).await.outcome(), (403, "NO_CONNECTION"), "{target}");
    }
    let connection = app.connect(&ann, &bob).await;
    for target in ["beta", &beta.id] {
        assert_eq!(open(&app, key, "alpha", target).await.outcome(), (403, "SHARE_REQUIRED"), "{target}");
    }
    let pairing = app.propose(&ann, &connection, &alpha, &beta, "both").await;
    assert_eq!(open(&app, key, "alpha", "beta").await.outcome(), (403, "SHARE_REQUIRED"));
    app.confirm(&bob, &pairing).await;
    let _ = app.agent(&ann, "unpaired", 3).await;
    assert_eq!(open(&app, key, "unpaired", "beta").await.outcome(), (403, "SHARE_REQUIRED"));
    disconnect(&app, &bob, &beta.id).await;
    assert_eq!(open(&app, key, "alpha", "beta").await.outcome(), (404, "NOT_FOUND"));
    let _ = app.post("/v1/agents/register", key, json!({"agent_id": "keyless"})).await.expect(201);
    assert_eq!(open(&app, key, "alpha", "keyless").await.outcome(), (404, "NOT_FOUND"));
    assert_eq!(open(&app, key, "keyless", "alpha").await.outcome(), (404, "NOT_FOUND"));
    assert!(list(&app, key).await.is_empty());
}

async fn disconnect(app: &App, account: &Account, agent: &str) {
    let _ = app.post(&format!("/v1/agents/{agent}/disconnect"), &account.key, json!({})).await.expect(200);
}

async fn a_slug_that_could_mean_a_stranger_is_never_guessed(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let alpha = app.agent(&ann, "alpha", 1).await;
    let mut shared = Vec::new();
    for (name, seed) in [("bob", 2), ("cid", 3)] {
        let other = app.account(name).await;
        let agent = app.agent(&other, "shared", seed).await;
        let connection = app.connect(&ann, &other).await;
        let pairing = app.propose(&ann, &connection, &alpha, &agent, "both").await;
        app.confirm(&other, &pairing).await;
        if name == "bob" {
            let _ = open(&app, &ann.key, "alpha", "shared").await.expect(201);
            assert_eq!(list(&app, &ann.key).await[0]["agent_b_id"], "shared");
        }
        shared.push((other, agent, pairing));
    }
    let refusal = open(&app, &ann.key, "alpha", "shared").await;
    assert_eq!(refusal.outcome(), (400, "AMBIGUOUS_RECIPIENT"));
    assert_eq!(refusal["error"]["candidates"].as_array().unwrap().len(), 2);
    let (_, of_bob, _) = &shared[0];
    let (cid, of_cid, with_cid) = &shared[1];
    let _ = open(&app, &ann.key, "alpha", &of_cid.id).await.expect(201);
    let mut named: Vec<Value> =
        list(&app, &ann.key).await.iter().map(|channel| channel["agent_b_id"].clone()).collect();
    named.sort_by_key(Value::to_string);
    let mut expected = [json!(of_bob.id), json!(of_cid.id)];
    expected.sort_by_key(Value::to_string);
    assert_eq!(named, expected, "a client that goes by slug finds neither");
    assert_eq!(list(&app, &cid.key).await[0]["agent_b_id"], "alpha", "from the other side it is clear");
    let _ = app.delete(&format!("/v1/pairings/{with_cid}"), &cid.key).await.expect(200);
    let left = list(&app, &ann.key).await;
    assert_eq!((left.len(), &left[0]["agent_b_id"]), (1, &json!("shared")));
}

async fn only_its_parties_read_a_channel(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let (sibling, stranger) = (app.agent(&pair.a, "sibling", 3).await, app.account("cid").await);
    let id = active(&app, &pair).await;
    assert_eq!(get(&app, &sibling.key, &id).await.outcome(), (403, "FORBIDDEN"));
    for id in [id.as_str(), NOBODY, "x"] {
        assert_eq!(get(&app, &stranger.key, id).await.outcome(), (404, "NOT_FOUND"));
        assert_eq!(revoke(&app, &stranger.key, id).await.outcome(), (404, "NOT_FOUND"));
    }
    assert!(list(&app, &sibling.key).await.is_empty());
    assert!(list(&app, &stranger.key).await.is_empty());
    let named = app.request(Method::GET, "/v1/channels", &pair.a.key).header("X-AgentDrop-Agent", "nobody");
    assert_eq!(Answer::of(named).await.outcome(), (404, "NOT_FOUND"));
}

async fn a_revoked_channel_stays_readable_and_takes_no_new_transfers(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let id = active(&app, &pair).await;
    let sent = send_under(&app, &pair.a.key, &id).await.expect(201).text("id");
    assert_eq!(revoke(&app, &pair.alpha.key, &id).await.outcome(), (403, "SCOPE_MISMATCH"));
    let revoked = revoke(&app, &pair.b.key, &id).await.expect(200);
    assert_eq!(
        (&revoked["id"], &revoked["status"], revoked["message"].is_string()),
        (&json!(id), &json!("revoked"), true)
    );
    for key in [&pair.a.key, &pair.b.key] {
        assert_eq!(revoke(&app, key, &id).await.outcome(), (400, "ALREADY_REVOKED"));
        assert!(list(&app, key).await.is_empty());
        let single = get(&app, key, &id).await.expect(200);
        assert_eq!((&single["status"], single["revoked_at"].is_string()), (&json!("revoked"), true));
    }
    assert_eq!(send_under(&app, &pair.a.key, &id).await.outcome(), (409, "CHANNEL_REVOKED"));
    kept::expect_left(&app, 1, 0).await;
    let download = app.get(&format!("/v1/transfers/{sent}/download"), &pair.beta.key).await.expect(200);
    assert_eq!(download["channel_id"], id);
    let next = active(&app, &pair).await;
    assert_ne!(next, id);
    let _ = send_under(&app, &pair.a.key, &next).await.expect(201);
}

async fn a_transfer_names_an_active_channel_of_exactly_its_ends(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let _ = app.agent(&pair.a, "sibling", 3).await;
    let of_siblings = open(&app, &pair.a.key, "alpha", "sibling").await.expect(201).text("id");
    let pending = open(&app, &pair.a.key, "alpha", "beta").await.expect(201).text("id");
    let stranger = app.account("cid").await;
    let (_, _) = (app.agent(&stranger, "x", 4).await, app.agent(&stranger, "y", 5).await);
    let foreign = open(&app, &stranger.key, "x", "y").await.expect(201).text("id");
    for channel in [of_siblings.as_str(), &pending, &foreign, NOBODY] {
        assert_eq!(bad_fields(&send_under(&app, &pair.a.key, channel).await), ["channel_id"], "{channel}");
    }
    kept::expect_nothing(&app).await;
    let _ = open(&app, &pair.b.key, "beta", "alpha").await.expect(200);
    let _ = send_under(&app, &pair.a.key, &pending).await.expect(201);
}

async fn a_channels_keys_never_change(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let id = active(&app, &pair).await;
    let before = get(&app, &pair.b.key, &id).await.expect(200).body;
    disconnect(&app, &pair.a, &pair.alpha.id).await;
    let token = app.post("/v1/agents/alpha/connection-token", &pair.a.key, json!({})).await.expect(201);
    let body = json!({"public_key": public_key(9)});
    let back = app.post("/v1/agents/connect", &token.text("connection_token"), body).await.expect(200);
    assert_eq!(back["key_version"], 2);
    let after = get(&app, &pair.b.key, &id).await.expect(200);
    assert_eq!(after["status"], "revoked", "the key that it stood for is gone");
    for side in ["a", "b"] {
        for part in ["public_key", "key_version"] {
            let field = format!("agent_{side}_{part}");
            assert_eq!(after[field.as_str()], before[field.as_str()], "{field}");
        }
    }
    let next = open(&app, &pair.b.key, "beta", "alpha").await.expect(201);
    assert_eq!((&next["their_public_key"], &next["their_key_version"]), (&json!(public_key(9)), &json!(2)));
}
