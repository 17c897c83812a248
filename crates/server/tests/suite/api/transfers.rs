//! Creating, reading and deleting transfers.

use std::time::Duration;

use agentdrop_domain::plan::RatesPerMinute;
use agentdrop_test_support::app::{Answer, App, Backend, Pair};
use agentdrop_test_support::process;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::form::{Form, send_body};
use super::plans::start_with_free_plan;
use super::raw::RawClient;
use super::{bad_fields, kept};

const LEGACY: &str = "X25519-HKDF-AES-256-GCM";
const CHANNEL: &str = "X25519-CHANNEL-HKDF-AES-256-GCM";
const LARGE: usize = 49 << 20;
const SHARE_REQUIRED: (u16, &str) = (403, "SHARE_REQUIRED");

on_both_backends!(
    a_transfer_is_answered_with_all_that_is_known_of_it,
    fields_and_files_come_in_any_order,
    every_bad_field_is_named_and_nothing_is_kept,
    what_is_missing_is_named,
    a_plan_bounds_how_long_a_transfer_stays,
    modes_that_involve_people_are_not_available,
    each_encryption_layout_takes_exactly_its_own_fields,
    what_a_layout_needs_comes_back_at_the_download,
    several_agents_of_one_name_ask_which_is_meant,
    no_pairing_is_one_answer_whatever_the_reason,
    nothing_is_sent_against_the_direction_of_a_pairing,
    both_ends_need_a_key,
    a_sender_is_an_own_agent_or_any_text_within_the_account,
    file_names_keep_what_is_safe_and_nothing_else,
    files_of_a_transfer_have_names_of_their_own_and_are_at_most_a_hundred,
    an_empty_file_is_a_file,
    the_plans_file_size_is_exact,
    what_is_known_before_the_bytes_is_refused_before_the_bytes,
    a_refused_client_that_sends_everything_first_sees_the_answer,
    curl_sees_the_refusal_of_a_large_body,
    a_client_that_vanishes_leaves_nothing,
    only_the_closing_boundary_ends_an_upload,
    other_bodies_are_not_taken,
    transfers_are_counted_by_the_minute,
    the_sender_lists_what_it_sent,
    the_inbox_holds_what_was_sent_to_an_agent,
    only_the_sender_deletes,
);

async fn file_to_beta(app: &App, pair: &Pair, fields: &[(&str, &str)]) -> Answer {
    Form::between("alpha", "beta").fields(fields).file("a.txt", b"hello").send(app, &pair.a.key).await
}

async fn a_transfer_is_answered_with_all_that_is_known_of_it(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let form = Form::between("alpha", "beta").field("message", "two files").file("a.txt", b"hello");
    let form = form.part("Content-Disposition: form-data; name=\"files\"; filename=\"b\"\r\n", b"more");
    let made = form.send(&app, &pair.alpha.key).await.expect(201);
    let id = made.text("id");
    assert!(id.starts_with("tr_"), "{id}");
    for (field, expected) in [
        ("url", json!(format!("{}/t/{id}", app.url))),
        ("api_url", json!(format!("{}/v1/transfers/{id}/download", app.url))),
        ("status", json!("active")),
        ("mode", json!("agent-to-agent")),
        ("sender", json!("alpha")),
        ("sender_agent_uuid", json!(pair.alpha.id)),
        ("sender_account_id", json!(pair.a.id)),
        ("sender_account_name", json!("ann")),
        ("recipient", json!("beta")),
        ("recipient_agent_uuid", json!(pair.beta.id)),
        ("recipient_account_id", json!(pair.b.id)),
        ("file_count", json!(2)),
        ("total_size", json!(9)),
        ("max_downloads", json!(10)),
        ("downloads", json!(0)),
        ("message", json!("two files")),
        ("auto_delete", json!(false)),
        ("is_encrypted", json!(false)),
        ("encryption_algorithm", Value::Null),
    ] {
        assert_eq!(made[field], expected, "{field}");
    }
    let files = made["files"].as_array().unwrap();
    assert_eq!((&files[0]["name"], &files[1]["name"]), (&json!("a.txt"), &json!("b")));
    assert_eq!(
        (&files[0]["type"], &files[1]["type"]),
        (&json!("text/plain"), &json!("application/octet-stream"))
    );
    assert_eq!((&files[0]["size"], &files[0]["content_type"]), (&json!(5), &json!("text/plain")));
    // `printf hello | sha256sum`
    let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(files[0]["sha256"], sha256);
    let lifetime = moment(&made["expires_at"]) - moment(&made["created_at"]);
    assert_eq!(lifetime.num_hours(), 24);
    for key in [&pair.a.key, &pair.alpha.key, &pair.b.key, &pair.beta.key] {
        assert_eq!(app.get(&format!("/v1/transfers/{id}"), key).await.expect(200).body, made.body);
    }
}

fn moment(value: &Value) -> chrono::DateTime<chrono::FixedOffset> {
    let text = value.as_str().unwrap();
    assert!(text.ends_with('Z'), "{text}");
    chrono::DateTime::parse_from_rfc3339(text).unwrap()
}

async fn fields_and_files_come_in_any_order(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let file = |form: Form| form.file("a.txt", b"hello");
    let (sender, recipient) = (("sender", "alpha"), ("recipient", "beta"));
    let forms = [
        file(Form::default()).fields(&[sender, recipient, ("message", "last")]),
        file(Form::default().fields(&[sender])).fields(&[recipient, ("message", "last")]),
        file(Form::default().fields(&[recipient, ("message", "last")]).file("b", b"2")).fields(&[sender]),
        file(Form::default().fields(&[("unknown", "x"), ("message", "last"), sender, recipient])),
        // Of several fields of one name the last counts.
        file(Form::default().fields(&[("message", "first"), sender, recipient])).field("message", "last"),
    ];
    for form in forms {
        let made = form.send(&app, &pair.a.key).await.expect(201);
        assert_eq!(made["message"], "last");
        assert!(app.download(&pair.b.key, &made.text("id")).await.contains(&b"hello".to_vec()));
    }
    // A refusal that comes to light after the bytes leaves nothing of them.
    let before = kept::objects(&app).await.len();
    let late = Form::default().file("a.txt", b"hello").fields(&[sender, ("recipient", "nobody")]);
    assert_eq!(late.send(&app, &pair.a.key).await.outcome(), SHARE_REQUIRED);
    let late = Form::default().file("a.txt", b"hello").fields(&[sender, recipient, ("max_downloads", "0")]);
    assert_eq!(bad_fields(&late.send(&app, &pair.a.key).await), ["max_downloads"]);
    kept::expect_left(&app, before, 0).await;
}

async fn every_bad_field_is_named_and_nothing_is_kept(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let long = "x".repeat(4_097);
    for (name, value) in [
        ("mode", "agent-to-agents"),
        ("message", &long),
        ("is_encrypted", "maybe"),
        ("auto_delete", "1"),
        ("max_downloads", "0"),
        ("max_downloads", "1001"),
        ("max_downloads", "-1"),
        ("max_downloads", "ten"),
        ("expires_in", ""),
        ("expires_in", "0h"),
        ("expires_in", "2w"),
        ("expires_in", "h"),
        ("expires_in", "+1h"),
        ("expires_in", "1.5h"),
        ("expires_in", "366d"),
        ("expires_in", "99999999999999999999d"),
        ("encryption_algorithm", "ROT13"),
        ("encrypted_key", "!"),
        ("encryption_salt", "AAAA"),
        ("channel_id", "x"),
        ("encryption_ivs", "not json"),
        ("sender_signature", "AAAA"),
        ("recipient_account", &long),
    ] {
        let refusal = file_to_beta(&app, &pair, &[(name, value)]).await;
        assert!(bad_fields(&refusal).contains(&name), "{name}={value:.20}: {:#}", refusal.body);
    }
    for (sender, recipient, field) in
        [("", "beta", "sender"), ("alpha", "", "recipient"), ("alpha", &long[..129], "recipient")]
    {
        let refusal = Form::between(sender, recipient).file("a", b"x").send(&app, &pair.a.key).await;
        assert_eq!(bad_fields(&refusal), [field]);
    }
    let many = [("mode", "x"), ("max_downloads", "x"), ("expires_in", "x"), ("auto_delete", "x")];
    let refusal = file_to_beta(&app, &pair, &many).await;
    assert_eq!(bad_fields(&refusal), ["auto_delete", "expires_in", "max_downloads", "mode"]);
    let rows = refusal["error"]["details"].as_array().unwrap();
    let of_mode = rows.iter().find(|row| row["field"] == "mode").unwrap();
    assert!(of_mode["message"].as_str().unwrap().contains("agent-to-human"), "{of_mode}");
    kept::expect_nothing(&app).await;
    let edges = [("message", &long[1..]), ("max_downloads", "1000"), ("expires_in", "365d")];
    let made = file_to_beta(&app, &pair, &edges).await.expect(201);
    assert_eq!((moment(&made["expires_at"]) - moment(&made["created_at"])).num_days(), 365);
}

async fn what_is_missing_is_named(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let key = &pair.a.key;
    assert_eq!(bad_fields(&Form::default().send(&app, key).await), ["files", "recipient", "sender"]);
    assert_eq!(bad_fields(&Form::between("alpha", "beta").send(&app, key).await), ["files"]);
    let lonely = Form::default().file("a", b"x");
    assert_eq!(bad_fields(&lonely.send(&app, key).await), ["recipient", "sender"]);
    let no_sender = Form::default().field("recipient", "beta").file("a", b"x");
    assert_eq!(bad_fields(&no_sender.send(&app, key).await), ["sender"]);
    kept::expect_nothing(&app).await;
}

async fn a_plan_bounds_how_long_a_transfer_stays(backend: Backend) {
    let hours_12 = |plan: &mut agentdrop_domain::plan::Plan| plan.max_retention_seconds = Some(12 * 3_600);
    let app = start_with_free_plan(backend, hours_12).await;
    let ann = app.account_on("ann", Some("free")).await;
    let _ = app.agent(&ann, "alpha", 1).await;
    let send = |expires_in: Option<&'static str>| {
        let form = Form::between("me", "alpha").file("a", b"x");
        let form = expires_in.iter().fold(form, |form, text| form.field("expires_in", text));
        let (app, key) = (&app, &ann.key);
        async move { form.send(app, key).await }
    };
    for allowed in [None, Some("12h")] {
        let made = send(allowed).await.expect(201);
        assert_eq!((moment(&made["expires_at"]) - moment(&made["created_at"])).num_hours(), 12);
    }
    for too_long in ["13h", "1d"] {
        let refusal = send(Some(too_long)).await;
        assert_eq!(bad_fields(&refusal), ["expires_in"]);
        assert!(refusal["error"]["details"][0]["message"].as_str().unwrap().contains("12h"));
    }
    kept::expect_left(&app, 2, 0).await;
}

async fn modes_that_involve_people_are_not_available(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    for mode in ["agent-to-human", "human-to-agent"] {
        let first = file_to_beta(&app, &pair, &[("mode", mode)]).await;
        assert_eq!(first.outcome(), (400, "MODE_NOT_AVAILABLE"));
        let last = Form::between("alpha", "beta").file("a", b"x").field("mode", mode);
        assert_eq!(last.send(&app, &pair.a.key).await.outcome(), (400, "MODE_NOT_AVAILABLE"));
    }
    kept::expect_nothing(&app).await;
    let _ = file_to_beta(&app, &pair, &[("mode", "agent-to-agent")]).await.expect(201);
}

/// Fields of the layouts, each with a good value.
struct Material {
    key: String,
    salt: String,
    ivs: String,
    channel: String,
}

impl Material {
    fn of(channel: &str) -> Self {
        let ivs = json!([STANDARD.encode([1_u8; 12])]).to_string();
        let (key, salt) = (STANDARD.encode([3_u8; 60]), STANDARD.encode([2_u8; 32]));
        Self { key, salt, ivs, channel: channel.to_owned() }
    }

    fn field(&self, name: &'static str) -> (&'static str, &str) {
        let value = match name {
            "encrypted_key" => &self.key,
            "encryption_salt" => &self.salt,
            "encryption_ivs" => &self.ivs,
            _ => &self.channel,
        };
        (name, value)
    }
}

async fn active_channel(app: &App, pair: &Pair) -> String {
    let (ours, theirs) = (
        json!({"agent_id": "alpha", "target_agent_id": "beta"}),
        json!({"agent_id": "beta", "target_agent_id": "alpha"}),
    );
    let made = app.post("/v1/channels", &pair.a.key, ours).await.expect(201).text("id");
    let joined = app.post("/v1/channels", &pair.b.key, theirs).await.expect(200);
    assert_eq!((joined.text("id"), joined.text("status")), (made.clone(), "active".to_owned()));
    made
}

const ALL_MATERIAL: [&str; 4] = ["encrypted_key", "encryption_salt", "encryption_ivs", "channel_id"];
const LEGACY_MATERIAL: [&str; 2] = ["encrypted_key", "encryption_ivs"];
const CHANNEL_MATERIAL: [&str; 3] = ["channel_id", "encryption_ivs", "encryption_salt"];

async fn each_encryption_layout_takes_exactly_its_own_fields(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let material = Material::of(&active_channel(&app, &pair).await);
    let send = async |algorithm: Option<&str>, names: &[&'static str]| {
        let mut fields: Vec<_> = names.iter().map(|name| material.field(name)).collect();
        fields.push(("is_encrypted", if algorithm.is_some() { "true" } else { "false" }));
        fields.extend(algorithm.map(|algorithm| ("encryption_algorithm", algorithm)));
        file_to_beta(&app, &pair, &fields).await
    };
    for (algorithm, own) in [
        (None, &[][..]),
        (Some(LEGACY), &LEGACY_MATERIAL),
        (Some("AES-256-GCM"), &LEGACY_MATERIAL),
        (Some(CHANNEL), &CHANNEL_MATERIAL),
    ] {
        let made = send(algorithm, own).await.expect(201);
        assert_eq!(made["is_encrypted"], algorithm.is_some());
        assert_eq!(made["encryption_algorithm"].as_str(), algorithm);
        for left_out in own {
            let rest: Vec<_> = own.iter().copied().filter(|name| name != left_out).collect();
            assert_eq!(bad_fields(&send(algorithm, &rest).await), [*left_out], "{algorithm:?} without");
        }
        for foreign in ALL_MATERIAL.into_iter().filter(|name| !own.contains(name)) {
            let more: Vec<_> = own.iter().copied().chain([foreign]).collect();
            assert_eq!(bad_fields(&send(algorithm, &more).await), [foreign], "{algorithm:?} with");
        }
    }
    let a2h = send(Some("X25519-HKDF-AES-256-GCM-A2H"), &["encrypted_key", "encryption_salt"]).await;
    assert_eq!(bad_fields(&a2h), ["encryption_algorithm"]);
    let undeclared = file_to_beta(&app, &pair, &[("encryption_algorithm", LEGACY)]).await;
    assert_eq!(bad_fields(&undeclared), ["encryption_algorithm"]);
    // Ciphertext whose keys are arranged elsewhere.
    let opaque = file_to_beta(&app, &pair, &[("is_encrypted", "true")]).await.expect(201);
    assert_eq!((&opaque["is_encrypted"], &opaque["encryption_algorithm"]), (&json!(true), &Value::Null));
    lengths_are_checked(&app, &pair, &material).await;
    kept::expect_left(&app, 5, 0).await;
}

async fn lengths_are_checked(app: &App, pair: &Pair, material: &Material) {
    let short = |bytes: usize| STANDARD.encode(vec![1; bytes]);
    let two_ivs = json!([short(12), short(12)]).to_string();
    let short_iv = json!([short(11)]).to_string();
    for (algorithm, name, value, field) in [
        (LEGACY, "encrypted_key", short(59), "encrypted_key"),
        (CHANNEL, "encryption_salt", short(31), "encryption_salt"),
        (CHANNEL, "encryption_ivs", two_ivs, "encryption_ivs"),
        (LEGACY, "encryption_ivs", short_iv, "encryption_ivs[0]"),
        (LEGACY, "encryption_ivs", "[]".to_owned(), "encryption_ivs"),
        (LEGACY, "encryption_ivs", "[1]".to_owned(), "encryption_ivs"),
    ] {
        let own: &[&str] = if algorithm == LEGACY { &LEGACY_MATERIAL } else { &CHANNEL_MATERIAL };
        let mut fields: Vec<_> =
            own.iter().map(|own| material.field(own)).filter(|(own, _)| *own != name).collect();
        fields.extend([("is_encrypted", "true"), ("encryption_algorithm", algorithm), (name, &value)]);
        assert_eq!(bad_fields(&file_to_beta(app, pair, &fields).await), [field], "{value}");
    }
}

async fn what_a_layout_needs_comes_back_at_the_download(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let material = Material::of(&active_channel(&app, &pair).await);
    let ivs = [STANDARD.encode([7_u8; 12]), STANDARD.encode([8_u8; 12])];
    let signature = STANDARD.encode([9_u8; 64]);
    let form = |fields: &[(&str, &str)]| {
        let form =
            Form::between("alpha", "beta").file("a", b"1").file("b", b"2").field("is_encrypted", "true");
        form.field("encryption_ivs", &json!(ivs).to_string()).fields(fields)
    };
    let legacy = form(&[
        ("encryption_algorithm", LEGACY),
        material.field("encrypted_key"),
        ("sender_signature", &signature),
    ]);
    let channel = form(&[
        ("encryption_algorithm", CHANNEL),
        material.field("channel_id"),
        material.field("encryption_salt"),
    ]);
    for (form, expected) in [
        (
            legacy,
            json!({"encryption_algorithm": LEGACY, "encrypted_key": material.key, "encryption_salt": null, "channel_id": null, "sender_signature": signature}),
        ),
        (
            channel,
            json!({"encryption_algorithm": CHANNEL, "encrypted_key": null, "encryption_salt": material.salt, "channel_id": material.channel, "sender_signature": null}),
        ),
    ] {
        let id = form.send(&app, &pair.alpha.key).await.expect(201).text("id");
        let answer = app.get(&format!("/v1/transfers/{id}/download"), &pair.beta.key).await.expect(200);
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(answer[field.as_str()], *value, "{field}");
        }
        assert_eq!(answer["is_encrypted"], true);
        assert_eq!(answer["sender_public_key"], agentdrop_test_support::app::public_key(1));
        assert_eq!(answer["recipient_public_key"], agentdrop_test_support::app::public_key(2));
        assert_eq!(answer["recipient_key_version"], 1);
        let names: Vec<_> = answer["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| (&file["name"], &file["file_name"], &file["encryption_iv"]))
            .collect();
        assert_eq!(
            names,
            [(&json!("a"), &json!("a"), &json!(ivs[0])), (&json!("b"), &json!("b"), &json!(ivs[1]))]
        );
    }
}

async fn several_agents_of_one_name_ask_which_is_meant(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let alpha = app.agent(&ann, "alpha", 1).await;
    let mut others = Vec::new();
    for (name, seed) in [("robert", 2), ("cy", 3)] {
        let other = app.account(name).await;
        let shared = app.agent(&other, "shared", seed).await;
        let connection = app.connect(&ann, &other).await;
        let pairing = app.propose(&ann, &connection, &alpha, &shared, "both").await;
        app.confirm(&other, &pairing).await;
        others.push((other, shared));
    }
    let send = async |account: Option<&str>| {
        let form = Form::between("alpha", "shared").file("a", b"x");
        let form = account.iter().fold(form, |form, text| form.field("recipient_account", text));
        form.send(&app, &ann.key).await
    };
    for unclear in [None, Some("nobody@example.com"), Some("")] {
        let refusal = send(unclear).await;
        assert_eq!(refusal.outcome(), (400, "AMBIGUOUS_RECIPIENT"));
        let mut candidates = refusal["error"]["candidates"].as_array().unwrap().clone();
        candidates.sort_by_key(|candidate| candidate["account_name"].to_string());
        let expected = json!([
            {"account_id": others[1].0.id, "account_name": "cy", "email_masked": "**@example.com"},
            {"account_id": others[0].0.id, "account_name": "robert", "email_masked": "ro****@example.com"},
        ]);
        assert_eq!(json!(candidates), expected);
    }
    kept::expect_nothing(&app).await;
    let robert = &others[0].0;
    for named in [&robert.id, "robert@example.com", " ROBERT@example.com", "Robert"] {
        assert_eq!(send(Some(named)).await.expect(201)["recipient_account_id"], robert.id, "{named}");
    }
    // The UUID of the agent needs no account; where there is one candidate, the account is not looked at.
    let by_uuid =
        Form::between("alpha", &others[1].1.id).field("recipient_account", &robert.id).file("a", b"x");
    assert_eq!(by_uuid.send(&app, &ann.key).await.expect(201)["recipient_account_id"], others[1].0.id);
    let own = app.agent(&ann, "shared", 4).await;
    assert_eq!(send(None).await.expect(201)["recipient_agent_uuid"], own.id, "an own agent wins");
    assert_eq!(send(Some("robert")).await.expect(201)["recipient_account_id"], robert.id);
}

async fn no_pairing_is_one_answer_whatever_the_reason(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob, cid) = (app.account("ann").await, app.account("bob").await, app.account("cid").await);
    let (alpha, sibling) = (app.agent(&ann, "alpha", 1).await, app.agent(&ann, "sibling", 2).await);
    let (beta, _) = (app.agent(&bob, "beta", 3).await, app.agent(&cid, "gamma", 4).await);
    let to = async |sender: &str, recipient: &str| {
        let refusal = Form::between(sender, recipient).file("a", b"x").send(&app, &ann.key).await;
        assert_eq!(refusal.outcome(), SHARE_REQUIRED, "{sender} to {recipient}");
        refusal["error"]["message"].as_str().unwrap().to_owned()
    };
    let mut messages = vec![to("alpha", "gamma").await, to("alpha", "nobody").await];
    let connection = app.connect(&ann, &bob).await;
    messages.push(to("alpha", "beta").await);
    let pairing = app.propose(&ann, &connection, &alpha, &beta, "both").await;
    messages.push(to("alpha", "beta").await);
    app.confirm(&bob, &pairing).await;
    // Paired, but not with this agent.
    messages.push(to(&sibling.slug, "beta").await);
    messages.push(to("alpha", "unknown-to-bob").await);
    let _ = app.delete(&format!("/v1/pairings/{pairing}"), &bob.key).await.expect(200);
    messages.push(to("alpha", "beta").await);
    messages.push(to("alpha", &beta.id).await);
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
    kept::expect_nothing(&app).await;
}

async fn nothing_is_sent_against_the_direction_of_a_pairing(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair_with("receive_only").await;
    let refusal = file_to_beta(&app, &pair, &[]).await;
    assert_eq!(refusal.outcome(), (403, "PERMISSION_DENIED"));
    assert!(refusal["error"]["message"].as_str().unwrap().contains("receive_only"));
    kept::expect_nothing(&app).await;
    let back = Form::between("beta", "alpha").file("a", b"x");
    let _ = back.send(&app, &pair.b.key).await.expect(201);
    // The change counts as soon as both sides agreed to it, and from then on.
    let path = format!("/v1/pairings/{}", pair.pairing);
    let _ = app.patch(&path, &pair.a.key, json!({"permission": "send_only"})).await.expect(200);
    assert_eq!(back.send(&app, &pair.b.key).await.outcome(), SHARE_REQUIRED);
    app.confirm(&pair.b, &pair.pairing).await;
    assert_eq!(back.send(&app, &pair.b.key).await.outcome(), (403, "PERMISSION_DENIED"));
    let _ = file_to_beta(&app, &pair, &[]).await.expect(201);
}

async fn both_ends_need_a_key(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let disconnect = |id: &str| format!("/v1/agents/{id}/disconnect");
    let _ = app.post(&disconnect(&pair.alpha.id), &pair.a.key, json!({})).await.expect(200);
    assert_eq!(file_to_beta(&app, &pair, &[]).await.outcome(), (400, "AGENT_NOT_CONNECTED"));
    let back = Form::between("beta", "alpha").file("a", b"x");
    assert_eq!(back.send(&app, &pair.b.key).await.outcome(), (400, "TARGET_NOT_CONNECTED"));
    let _ = app.post("/v1/agents/register", &pair.a.key, json!({"agent_id": "keyless"})).await.expect(201);
    let within = Form::between("note", "keyless").file("a", b"x");
    assert_eq!(within.send(&app, &pair.a.key).await.outcome(), (400, "TARGET_NOT_CONNECTED"));
    kept::expect_nothing(&app).await;
}

async fn a_sender_is_an_own_agent_or_any_text_within_the_account(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let second = app.agent(&pair.a, "second", 3).await;
    let send = async |key: &str, sender: &str, recipient: &str| {
        Form::between(sender, recipient).file("a", b"x").send(&app, key).await
    };
    let free = send(&pair.a.key, "nightly job Nº 7", "alpha").await.expect(201);
    assert_eq!((&free["sender"], &free["sender_agent_uuid"]), (&json!("nightly job Nº 7"), &Value::Null));
    let by_uuid = send(&pair.a.key, &pair.alpha.id, "beta").await.expect(201);
    assert_eq!((&by_uuid["sender"], &by_uuid["sender_agent_uuid"]), (&json!("alpha"), &json!(pair.alpha.id)));
    assert_eq!(bad_fields(&send(&pair.a.key, "nightly", "beta").await), ["sender"]);
    assert_eq!(bad_fields(&send(&pair.a.key, "beta", "beta").await), ["sender"]);
    for own in ["alpha", &pair.alpha.id] {
        let _ = send(&pair.alpha.key, own, "beta").await.expect(201);
    }
    for other in ["second", &second.id, "nightly"] {
        let refusal = send(&pair.alpha.key, other, "beta").await;
        assert_eq!(refusal.outcome(), (403, "SCOPE_MISMATCH"), "{other}");
    }
    let siblings = send(&pair.alpha.key, "alpha", "second").await.expect(201);
    assert_eq!(siblings["recipient_account_id"], pair.a.id);
}

async fn file_names_keep_what_is_safe_and_nothing_else(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let send = async |disposition: &str| {
        let head = format!("Content-Disposition: form-data; name=\"files\"; {disposition}\r\n");
        Form::between("alpha", "beta").part(&head, b"x").send(&app, &pair.a.key).await
    };
    let longest = "x".repeat(255);
    for (disposition, name) in [
        ("filename=\"Übersicht 2026 – 日本語 🗂.txt\"", "Übersicht 2026 – 日本語 🗂.txt"),
        ("filename=\"a; b=c.txt\"", "a; b=c.txt"),
        ("filename=plain.txt", "plain.txt"),
        ("filename=\"...\"", "..."),
        ("filename=\"_\"; filename*=UTF-8''%E2%82%AC%20rates.csv", "€ rates.csv"),
        (&format!("filename=\"{longest}\""), &longest),
    ] {
        let made = send(disposition).await.expect(201);
        assert_eq!(made["files"][0]["name"], name, "{disposition}");
        let id = made.text("id");
        let answer = app.get(&format!("/v1/transfers/{id}/download"), &pair.beta.key).await.expect(200);
        assert_eq!(answer["files"][0]["name"], name);
    }
    kept::expect_left(&app, 6, 0).await;
    for bad in ["", ".", "..", "../up", "a/b", "/etc/passwd", "exe\u{202E}fdp", "tab\t", &"x".repeat(256)] {
        let refusal = send(&format!("filename=\"{bad}\"")).await;
        assert_eq!(bad_fields(&refusal), ["files[0]"], "{bad:?}");
    }
    assert_eq!(bad_fields(&send("filename*=UTF-8''..%2Fup").await), ["files[0]"]);
    assert_eq!(bad_fields(&send("filename*=UTF-8''a%5Cb").await), ["files[0]"]);
    assert_eq!(bad_fields(&send("x=y").await), ["files[0]"], "a file without a name");
    let stray = "Content-Disposition: form-data; name=\"attachment\"; filename=\"a\"\r\n";
    let stray = Form::between("alpha", "beta").part(stray, b"x").send(&app, &pair.a.key).await;
    assert_eq!(bad_fields(&stray), ["attachment"]);
    kept::expect_left(&app, 6, 0).await;
}

async fn files_of_a_transfer_have_names_of_their_own_and_are_at_most_a_hundred(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let twins = Form::between("alpha", "beta").file("a", b"1").file("b", b"2").file("a", b"3");
    assert_eq!(bad_fields(&twins.send(&app, &pair.a.key).await), ["files[2]"]);
    kept::expect_nothing(&app).await;
    let hundred = (0..100).fold(Form::between("alpha", "beta"), |form, n| form.file(&format!("f{n}"), b"x"));
    assert_eq!(bad_fields(&hundred.clone().file("f100", b"x").send(&app, &pair.a.key).await), ["files"]);
    kept::expect_nothing(&app).await;
    let made = hundred.send(&app, &pair.a.key).await.expect(201);
    assert_eq!((&made["file_count"], &made["files"][99]["name"]), (&json!(100), &json!("f99")));
}

async fn an_empty_file_is_a_file(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let form = Form::between("alpha", "beta").file("empty", b"").file("not", b"x").file("empty too", b"");
    let made = form.send(&app, &pair.a.key).await.expect(201);
    let sizes: Vec<_> =
        made["files"].as_array().unwrap().iter().map(|file| file["size"].as_u64().unwrap()).collect();
    assert_eq!((sizes, &made["total_size"]), (vec![0, 1, 0], &json!(1)));
    // `printf '' | sha256sum`
    let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(made["files"][0]["sha256"], sha256);
    let files = app.download(&pair.b.key, &made.text("id")).await;
    assert_eq!(files, [b"".to_vec(), b"x".to_vec(), b"".to_vec()]);
}

async fn the_plans_file_size_is_exact(backend: Backend) {
    let app = start_with_free_plan(backend, |plan| plan.max_file_bytes = Some(100_000)).await;
    let ann = app.account_on("ann", Some("free")).await;
    let _ = app.agent(&ann, "alpha", 1).await;
    let (fits, exceeds) = (vec![7; 100_000], vec![7; 100_001]);
    let sent = Form::between("alpha", "alpha").file("a", &fits).file("b", &fits);
    assert_eq!(sent.send(&app, &ann.key).await.expect(201)["total_size"], 200_000);
    for form in [
        Form::between("alpha", "alpha").file("a", &exceeds),
        Form::between("alpha", "alpha").file("a", &fits).file("b", &exceeds),
        Form::default().file("a", &exceeds).fields(&[("sender", "alpha"), ("recipient", "alpha")]),
    ] {
        let refusal = form.send(&app, &ann.key).await;
        assert_eq!(refusal.outcome(), (413, "FILE_TOO_LARGE"));
        assert!(refusal["error"]["message"].as_str().unwrap().contains("100000"));
    }
    kept::expect_left(&app, 2, 0).await;
}

async fn what_is_known_before_the_bytes_is_refused_before_the_bytes(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair_with("send_only").await;
    let to_beta = || Form::between("alpha", "beta");
    let (a, b) = (pair.a.key.as_str(), pair.b.key.as_str());
    for (key, form, outcome) in [
        ("agd_live_unknown", to_beta(), (401, "UNAUTHORIZED")),
        (a, to_beta().field("max_downloads", "0"), (400, "VALIDATION_ERROR")),
        (a, to_beta().field("mode", "agent-to-human"), (400, "MODE_NOT_AVAILABLE")),
        (a, Form::between("alpha", "nobody"), SHARE_REQUIRED),
        (b, Form::between("beta", "alpha"), (403, "PERMISSION_DENIED")),
        (&pair.beta.key, Form::between("alpha", "beta"), (403, "SCOPE_MISMATCH")),
        (
            a,
            to_beta().part("Content-Disposition: form-data; name=\"files\"; filename=\"..\"\r\n", b"x"),
            (400, "VALIDATION_ERROR"),
        ),
    ] {
        let mut client = RawClient::begin_upload(&app, key, LARGE).await;
        client.write(&form.up_to_a_file()).await;
        // The file has only just begun.
        let answer = client.answer().await;
        assert_eq!(answer.outcome(), outcome, "{:#}", answer.body);
        assert!(answer.head.contains("connection: close"), "{}", answer.head);
        assert_eq!(kept::objects(&app).await, []);
        assert_eq!(kept::uploads(&app).await, 0);
    }
}

async fn a_refused_client_that_sends_everything_first_sees_the_answer(backend: Backend) {
    let app = start_with_free_plan(backend, |plan| plan.max_file_bytes = Some(1 << 20)).await;
    let pair = app.pair().await;
    let small = app.account_on("small", Some("free")).await;
    let _ = app.agent(&small, "alpha", 5).await;
    let large = vec![b'x'; LARGE];
    let (sender, to_beta, to_nobody) = (("sender", "alpha"), ("recipient", "beta"), ("recipient", "nobody"));
    for (key, form, outcome) in [
        ("agd_live_unknown", Form::between("alpha", "beta").file("a", &large), (401, "UNAUTHORIZED")),
        (&pair.a.key, Form::between("alpha", "nobody").file("a", &large), SHARE_REQUIRED),
        (&pair.a.key, Form::default().file("a", &large).fields(&[sender, to_nobody]), SHARE_REQUIRED),
        (&small.key, Form::between("alpha", "alpha").file("a", &large), (413, "FILE_TOO_LARGE")),
        (
            &pair.a.key,
            Form::default().fields(&[to_beta, ("mode", "x")]).file("a", &large),
            (400, "VALIDATION_ERROR"),
        ),
    ] {
        let body = form.body();
        let mut client = RawClient::begin_upload(&app, key, body.len()).await;
        client.write(&body).await;
        assert_eq!(client.answer().await.outcome(), outcome);
    }
    kept::expect_nothing(&app).await;
}

async fn curl_sees_the_refusal_of_a_large_body(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vec![b'x'; LARGE]).unwrap();
    for (key, status, code) in
        [("agd_live_unknown", "401", "UNAUTHORIZED"), (ann.key.as_str(), "403", "SHARE_REQUIRED")]
    {
        let mut curl = process::command("curl");
        curl.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60"]);
        curl.args(["--write-out", "\n%{http_code}", "--header", &format!("Authorization: Bearer {key}")]);
        // As in the documentation's examples, the file comes first.
        curl.args(["--form", &format!("files=@{};filename=large.bin", file.path().display())]);
        curl.args([
            "--form",
            "sender=alpha",
            "--form",
            "recipient=nobody",
            &format!("{}/v1/transfers", app.url),
        ]);
        let finished = process::run(curl, Duration::from_secs(90)).await.expect_success();
        assert!(finished.stdout.contains(code), "{}", finished.stdout);
        assert!(finished.stdout.trim_end().ends_with(status), "{}", finished.stdout);
    }
    kept::expect_nothing(&app).await;
}

async fn a_client_that_vanishes_leaves_nothing(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let whole =
        Form::between("alpha", "beta").file("first", &[1; 100_000]).file("second", &vec![2; 12 << 20]).body();
    for sent in [300, 90_000, 150_000, whole.len() / 2, whole.len() - 3] {
        let mut client = RawClient::begin_upload(&app, &pair.a.key, whole.len()).await;
        client.write(&whole[..sent]).await;
        if sent > 300 {
            kept::expect_an_upload(&app).await;
        }
        drop(client);
        kept::expect_nothing(&app).await;
    }
    let sent = app.get("/v1/transfers", &pair.a.key).await.expect(200);
    assert_eq!(sent["total"], 0);
}

async fn only_the_closing_boundary_ends_an_upload(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let form = Form::between("alpha", "beta").file("a", &[7; 100_000]);
    let closing = form.body().len() - form.unclosed().len();
    for missing in [closing, closing - 1, 3, 4] {
        let mut cut = form.body();
        cut.truncate(cut.len() - missing);
        let refusal = send_body(&app, &pair.a.key, cut).await;
        assert_eq!(refusal.outcome(), (400, "UPLOAD_INCOMPLETE"), "{missing}: {:#}", refusal.body);
    }
    for nonsense in [b"".to_vec(), b"no form at all".to_vec(), vec![b'x'; 2 << 20]] {
        let refusal = send_body(&app, &pair.a.key, nonsense).await;
        assert_eq!(refusal.outcome(), (400, "UPLOAD_INCOMPLETE"), "{:#}", refusal.body);
    }
    // A half-closed connection is no closing boundary either.
    let body = form.body();
    let mut client = RawClient::begin_upload(&app, &pair.a.key, body.len()).await;
    client.write(&body[..body.len() / 2]).await;
    client.close_writing().await;
    kept::expect_nothing(&app).await;
    assert_eq!(app.get("/v1/transfers", &pair.a.key).await.expect(200)["total"], 0);
}

async fn other_bodies_are_not_taken(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let post = || app.request(Method::POST, "/v1/transfers", &pair.a.key);
    let form = Form::between("alpha", "beta").file("a", b"x");
    let encoded = post().header(CONTENT_TYPE, Form::content_type()).header("content-encoding", "gzip");
    for request in [
        encoded.body(form.body()),
        post().header(CONTENT_TYPE, "multipart/form-data").body(form.body()),
        post().header(CONTENT_TYPE, "text/plain").body("x"),
        post().json(&json!({"sender": "alpha", "recipient": "beta"})),
        post(),
    ] {
        assert_eq!(Answer::of(request).await.outcome(), (415, "UNSUPPORTED_MEDIA_TYPE"));
    }
    kept::expect_nothing(&app).await;
}

async fn transfers_are_counted_by_the_minute(backend: Backend) {
    let rates = RatesPerMinute { create_transfer: Some(2), ..RatesPerMinute::default() };
    let app = start_with_free_plan(backend, |plan| plan.rates = rates).await;
    let ann = app.account_on("ann", Some("free")).await;
    let _ = app.agent(&ann, "alpha", 1).await;
    let form = Form::between("alpha", "alpha").file("a", b"x");
    for left in ["1", "0"] {
        let made = form.send(&app, &ann.key).await.expect(201);
        assert_eq!((made.header("ratelimit-limit"), made.header("ratelimit-remaining")), ("2", left));
    }
    let refusal = form.send(&app, &ann.key).await;
    assert_eq!(refusal.outcome(), (429, "RATE_LIMITED"));
    let wait: u64 = refusal.header("retry-after").parse().unwrap();
    assert!((1..=31).contains(&wait), "{wait}");
    kept::expect_left(&app, 2, 0).await;
}

fn ids(list: &Answer) -> Vec<String> {
    list["transfers"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

async fn the_sender_lists_what_it_sent(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let second = app.agent(&pair.a, "second", 3).await;
    let mut sent = Vec::new();
    for sender in ["alpha", "second", "alpha"] {
        let recipient = if sender == "alpha" { "beta" } else { "alpha" };
        let made = app.send(&pair.a.key, sender, recipient, b"x", &[("max_downloads", "1")]).await;
        sent.insert(0, made.expect(201).text("id"));
    }
    let list = app.get("/v1/transfers", &pair.a.key).await.expect(200);
    assert_eq!((ids(&list), &list["total"], &list["limit"]), (sent.clone(), &json!(3), &json!(20)));
    assert_eq!((&list["offset"], &list["has_more"]), (&json!(0), &json!(false)));
    let page = app.get("/v1/transfers?limit=1&offset=1", &pair.a.key).await.expect(200);
    assert_eq!((ids(&page), &page["has_more"]), (vec![sent[1].clone()], &json!(true)));
    let of_agent = app.get("/v1/transfers", &second.key).await.expect(200);
    assert_eq!(ids(&of_agent), [sent[1].clone()]);
    let received = app.get("/v1/transfers", &pair.b.key).await.expect(200);
    assert_eq!(received["total"], 0, "what was received is in the inbox");

    let _ = app.download(&pair.b.key, &sent[0]).await;
    let _ = app.delete(&format!("/v1/transfers/{}", sent[2]), &pair.a.key).await.expect(200);
    for (query, expected) in [
        ("status=active", &sent[1..2]),
        ("status=downloaded", &sent[..1]),
        ("status=deleted", &sent[2..]),
        ("status=expired", &[]),
        ("mode=agent-to-agent&status=active", &sent[1..2]),
        ("mode=agent-to-human", &[]),
    ] {
        let list = app.get(&format!("/v1/transfers?{query}"), &pair.a.key).await.expect(200);
        assert_eq!((ids(&list), &list["total"]), (expected.to_vec(), &json!(expected.len())), "{query}");
    }
    let refusal = app.get("/v1/transfers?status=x&mode=x&limit=0&offset=x", &pair.a.key).await;
    assert_eq!(bad_fields(&refusal), ["limit", "mode", "offset", "status"]);
}

async fn the_inbox_holds_what_was_sent_to_an_agent(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let mut sent = Vec::new();
    for n in 0..3 {
        let made = app.send(&pair.a.key, "alpha", "beta", &[n], &[("max_downloads", "1")]).await.expect(201);
        sent.insert(0, made.text("id"));
    }
    let by_header =
        app.request(Method::GET, "/v1/transfers/inbox", &pair.b.key).header("X-AgentDrop-Agent", "beta");
    let by_header = Answer::of(by_header).await.expect(200);
    assert_eq!((ids(&by_header), &by_header["limit"]), (sent.clone(), &json!(50)));
    assert_eq!((&by_header["agent_id"], &by_header["agent_uuid"]), (&json!("beta"), &json!(pair.beta.id)));
    let own = format!("/v1/agents/{}/inbox", pair.beta.id);
    for (path, key) in [
        (own.as_str(), &pair.b.key),
        (&own, &pair.beta.key),
        ("/v1/agents/beta/inbox", &pair.b.key),
        ("/v1/transfers/inbox", &pair.beta.key),
        ("/v1/transfers/inbox?agent_id=beta", &pair.b.key),
        (&format!("/v1/transfers/inbox?agent_id={}", pair.beta.id), &pair.b.key),
    ] {
        assert_eq!(app.get(path, key).await.expect(200).body, by_header.body, "{path}");
    }
    let unnamed = app.get("/v1/transfers/inbox", &pair.b.key).await;
    assert_eq!(bad_fields(&unnamed), ["agent_id"]);
    let _ = app.download(&pair.beta.key, &sent[1]).await;
    let _ = app.delete(&format!("/v1/transfers/{}", sent[2]), &pair.a.key).await.expect(200);
    for (query, expected) in [
        ("", &sent[..1]),
        ("?status=active", &sent[..1]),
        ("?status=downloaded", &sent[1..2]),
        ("?status=deleted", &sent[2..]),
    ] {
        assert_eq!(
            ids(&app.get(&format!("{own}{query}"), &pair.beta.key).await.expect(200)),
            expected,
            "{query}"
        );
    }
    let refusal = app.get(&format!("{own}?status=x&limit=101"), &pair.beta.key).await;
    assert_eq!(bad_fields(&refusal), ["limit", "status"]);
}

async fn only_the_sender_deletes(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let id = app.send(&pair.a.key, "alpha", "beta", b"x", &[]).await.expect(201).text("id");
    let path = format!("/v1/transfers/{id}");
    assert_eq!(app.delete(&path, &pair.b.key).await.outcome(), (403, "FORBIDDEN"));
    assert_eq!(app.delete(&path, &pair.beta.key).await.outcome(), (403, "FORBIDDEN"));
    let gone = app.delete(&path, &pair.alpha.key).await.expect(200);
    assert_eq!((&gone["id"], &gone["status"]), (&json!(id), &json!("deleted")));
    let _ = moment(&gone["deleted_at"]);
    for key in [&pair.a.key, &pair.alpha.key] {
        assert_eq!(app.delete(&path, key).await.outcome(), (404, "NOT_FOUND"));
    }
    for key in [&pair.a.key, &pair.b.key] {
        assert_eq!(app.get(&path, key).await.outcome(), (404, "NOT_FOUND"));
    }
    let download = app.get(&format!("{path}/download"), &pair.b.key).await;
    assert_eq!(download.outcome(), (410, "GONE"));
    kept::expect_nothing(&app).await;
}
