//! Proposing, confirming, changing and ending pairings.

use agentdrop_test_support::app::{Account, Answer, App, Backend, Pair, public_key};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::plans::{change_free_plan, start_with_free_plan};
use super::{bad_fields, count};

const NOBODY: &str = "9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c";

on_both_backends!(
    a_proposal_is_answered_from_the_proposers_side,
    every_refusal_of_a_proposal_comes_in_its_turn,
    the_body_of_a_proposal_is_checked_field_by_field,
    agents_and_connections_of_others_are_not_found,
    two_agents_have_one_living_pairing_in_either_order,
    of_fifty_proposals_at_once_one_is_made,
    the_plans_number_of_pairings_is_exact_at_once_and_is_given_back,
    every_answer_tells_the_callers_own_permission,
    nobody_confirms_more_than_they_saw,
    only_the_other_side_confirms_and_only_what_waits,
    a_change_waits_for_the_other_side_and_the_present_value_changes_nothing,
    a_rejection_is_final_and_a_new_proposal_is_allowed,
    a_revocation_is_final_and_ends_the_channel,
    keys_revoke_only_where_the_operator_lets_them,
    pairings_are_listed_newest_first_and_by_page,
);

async fn propose(app: &App, account: &Account, connection: &str, mine: &str, theirs: &str) -> Answer {
    let body = json!({"my_agent_id": mine, "their_agent_id": theirs});
    app.post(&format!("/v1/connections/{connection}/pairings"), &account.key, body).await
}

/// The pairing as its list shows it to an account.
async fn listed(app: &App, account: &Account, pair: &Pair, id: &str) -> Value {
    let list =
        app.get(&format!("/v1/connections/{}/pairings", pair.connection), &account.key).await.expect(200);
    let rows = list["pairings"].as_array().unwrap();
    rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no {id} in {rows:#?}")).clone()
}

async fn confirm(app: &App, account: &Account, id: &str, saw: Value) -> Answer {
    app.post(&format!("/v1/pairings/{id}/confirm"), &account.key, saw).await
}

async fn reject(app: &App, account: &Account, id: &str) -> Answer {
    app.post(&format!("/v1/pairings/{id}/reject"), &account.key, json!({})).await
}

async fn change(app: &App, account: &Account, id: &str, body: Value) -> Answer {
    app.patch(&format!("/v1/pairings/{id}"), &account.key, body).await
}

async fn revoke(app: &App, account: &Account, id: &str) -> Answer {
    app.delete(&format!("/v1/pairings/{id}"), &account.key).await
}

async fn a_proposal_is_answered_from_the_proposers_side(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let (alpha, beta) = (app.agent(&ann, "alpha", 1).await, app.agent(&bob, "beta", 2).await);
    let connection = app.connect(&ann, &bob).await;
    // The invited side may propose too.
    let made = propose(&app, &bob, &connection, &beta.id, &alpha.id).await.expect(201);
    for (field, expected) in [
        ("connection_id", json!(connection)),
        ("status", json!("pending")),
        ("my_agent", json!({"id": beta.id, "agent_id": "beta", "name": "beta"})),
        ("their_agent", json!({"id": alpha.id, "agent_id": "alpha", "name": "alpha"})),
        ("permission", json!("both")),
        ("proposed_by", json!(bob.id)),
        ("version", json!(1)),
    ] {
        assert_eq!(made[field], expected, "{field}");
    }
    assert!(made.text("created_at").ends_with('Z'));
}

async fn every_refusal_of_a_proposal_comes_in_its_turn(backend: Backend) {
    let app = start_with_free_plan(backend, |plan| plan.max_pairings_per_connection = Some(1)).await;
    let (ann, bob) = (app.account_on("ann", Some("free")).await, app.account("bob").await);
    let other_agent = app.agent(&ann, "other", 1).await;
    let keyless = async |account: &Account, slug: &str| {
        let made = app.post("/v1/agents/register", &account.key, json!({"agent_id": slug})).await.expect(201);
        (made.text("id"), made.text("connection_token"))
    };
    let (mine, my_token) = keyless(&ann, "mine").await;
    let (theirs, their_token) = keyless(&bob, "theirs").await;
    let connect = async |token: &str, seed: u8| {
        let _ =
            app.post("/v1/agents/connect", token, json!({"public_key": public_key(seed)})).await.expect(200);
    };
    let call = async |key: &str, connection: &str, body: Value, expected: (u16, &str)| {
        let answer = app.post(&format!("/v1/connections/{connection}/pairings"), key, body).await;
        assert_eq!(answer.outcome(), expected, "{:#}", answer.body);
        answer["error"]["message"].as_str().unwrap_or_default().to_owned()
    };
    let body = |mine: &str, theirs: &str| json!({"my_agent_id": mine, "their_agent_id": theirs});

    // Everything is wrong at first; each step puts one thing right.
    let bad = json!({"my_agent_id": "x"});
    call("", NOBODY, bad.clone(), (401, "UNAUTHORIZED")).await;
    call(&other_agent.key, NOBODY, bad, (400, "VALIDATION_ERROR")).await;
    call(&other_agent.key, NOBODY, body(NOBODY, NOBODY), (403, "SCOPE_MISMATCH")).await;
    call(&ann.key, NOBODY, body(NOBODY, NOBODY), (404, "NOT_FOUND")).await;
    let invite =
        app.post("/v1/connections", &bob.key, json!({"email": ann.email})).await.expect(201).text("id");
    call(&ann.key, &invite, body(NOBODY, NOBODY), (400, "CONNECTION_NOT_ACTIVE")).await;
    let _ = app.post(&format!("/v1/connections/{invite}/accept"), &ann.key, json!({})).await.expect(200);
    let message = call(&ann.key, &invite, body(NOBODY, NOBODY), (404, "AGENT_NOT_FOUND")).await;
    assert!(message.contains("my_agent_id"), "{message}");
    let message = call(&ann.key, &invite, body(&mine, NOBODY), (404, "AGENT_NOT_FOUND")).await;
    assert!(message.contains("their_agent_id"), "{message}");
    call(&ann.key, &invite, body(&mine, &theirs), (400, "AGENT_NOT_CONNECTED")).await;
    connect(&my_token, 2).await;
    call(&ann.key, &invite, body(&mine, &theirs), (403, "AGENT_NOT_AVAILABLE")).await;
    let available = json!({"available_for_connections": true});
    let _ = app.patch("/v1/agents/theirs", &bob.key, available).await.expect(200);
    call(&ann.key, &invite, body(&mine, &theirs), (400, "TARGET_NOT_CONNECTED")).await;
    connect(&their_token, 3).await;
    call(&ann.key, &invite, body(&mine, &theirs), (201, "")).await;
    call(&ann.key, &invite, body(&mine, &theirs), (409, "PAIRING_EXISTS")).await;
    call(&ann.key, &invite, body(&other_agent.id, &theirs), (403, "PLAN_LIMIT_REACHED")).await;
    let _ = app.delete(&format!("/v1/connections/{invite}"), &bob.key).await.expect(200);
    call(&ann.key, &invite, body(&mine, &theirs), (400, "CONNECTION_NOT_ACTIVE")).await;
}

async fn the_body_of_a_proposal_is_checked_field_by_field(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let path = format!("/v1/connections/{}/pairings", pair.connection);
    for (body, fields) in [
        (json!({}), &["my_agent_id", "their_agent_id"][..]),
        (json!({"my_agent_id": null, "their_agent_id": pair.beta.id}), &["my_agent_id"]),
        (json!({"my_agent_id": "alpha", "their_agent_id": "beta"}), &["my_agent_id", "their_agent_id"]),
        (
            json!({"my_agent_id": 1, "their_agent_id": [], "permission": "none"}),
            &["my_agent_id", "permission", "their_agent_id"],
        ),
        (json!({"my_agent_id": NOBODY, "their_agent_id": NOBODY, "permission": 1}), &["permission"]),
        (json!({"my_agent_id": NOBODY, "their_agent_id": NOBODY, "permission": "Both"}), &["permission"]),
    ] {
        let refusal = app.post(&path, &pair.a.key, body).await;
        assert_eq!(bad_fields(&refusal), fields);
    }
    let refusal = app.post(&path, &pair.a.key, json!({"permission": "x"})).await;
    let message = refusal["error"]["details"].to_string();
    for word in ["both", "send_only", "receive_only"] {
        assert!(message.contains(word), "{message}");
    }
    // Whatever the path says.
    let refusal = app.post("/v1/connections/x/pairings", &pair.a.key, json!({})).await;
    assert_eq!(bad_fields(&refusal), ["my_agent_id", "their_agent_id"]);
}

async fn agents_and_connections_of_others_are_not_found(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let cid = app.account("cid").await;
    let (gamma, spare) = (app.agent(&cid, "gamma", 3).await, app.agent(&pair.a, "spare", 4).await);
    let with_cid = app.connect(&pair.b, &cid).await;
    for (connection, mine, theirs, code) in [
        (&with_cid, &spare.id, &gamma.id, "NOT_FOUND"),
        (&pair.connection, &spare.id, &gamma.id, "AGENT_NOT_FOUND"),
        (&pair.connection, &gamma.id, &pair.beta.id, "AGENT_NOT_FOUND"),
        (&pair.connection, &pair.beta.id, &spare.id, "AGENT_NOT_FOUND"),
        (&pair.connection, &spare.id, &pair.alpha.id, "AGENT_NOT_FOUND"),
        (&pair.connection, &spare.id, &spare.id, "AGENT_NOT_FOUND"),
    ] {
        let refusal = propose(&app, &pair.a, connection, mine, theirs).await;
        assert_eq!(refusal.outcome(), (404, code));
    }
    let refusal = propose(&app, &pair.a, "x", &spare.id, &pair.beta.id).await;
    assert_eq!(refusal.outcome(), (404, "NOT_FOUND"));
    for path in [format!("/v1/connections/{with_cid}/pairings"), "/v1/connections/x/pairings".to_owned()] {
        assert_eq!(app.get(&path, &pair.a.key).await.outcome(), (404, "NOT_FOUND"));
    }
    for id in [pair.pairing.as_str(), NOBODY, "x"] {
        let permission = json!({"permission": "both"});
        for answer in [
            confirm(&app, &cid, id, json!({})).await,
            reject(&app, &cid, id).await,
            change(&app, &cid, id, permission).await,
            revoke(&app, &cid, id).await,
        ] {
            assert_eq!(answer.outcome(), (404, "NOT_FOUND"), "{id}");
        }
    }
}

async fn two_agents_have_one_living_pairing_in_either_order(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let (alpha, beta) = (app.agent(&ann, "alpha", 1).await, app.agent(&bob, "beta", 2).await);
    let connection = app.connect(&ann, &bob).await;
    let id = propose(&app, &ann, &connection, &alpha.id, &beta.id).await.expect(201).text("id");
    let both_are_refused = async || {
        for (account, mine, theirs) in [(&ann, &alpha, &beta), (&bob, &beta, &alpha)] {
            let refusal = propose(&app, account, &connection, &mine.id, &theirs.id).await;
            assert_eq!(refusal.outcome(), (409, "PAIRING_EXISTS"));
        }
    };
    both_are_refused().await;
    app.confirm(&bob, &id).await;
    both_are_refused().await;
    let _ = change(&app, &bob, &id, json!({"permission": "send_only"})).await.expect(200);
    both_are_refused().await;
    let _ = revoke(&app, &ann, &id).await.expect(200);
    let _ = propose(&app, &bob, &connection, &beta.id, &alpha.id).await.expect(201);
    both_are_refused().await;
}

async fn of_fifty_proposals_at_once_one_is_made(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let (alpha, beta) = (app.agent(&ann, "alpha", 1).await, app.agent(&bob, "beta", 2).await);
    let connection = app.connect(&ann, &bob).await;
    let proposals = (0..50).map(|n| {
        let (account, mine, theirs) = if n % 2 == 0 { (&ann, &alpha, &beta) } else { (&bob, &beta, &alpha) };
        propose(&app, account, &connection, &mine.id, &theirs.id)
    });
    let answers = join_all(proposals).await;
    assert_eq!((count(&answers, (201, "")), count(&answers, (409, "PAIRING_EXISTS"))), (1, 49));
    let list = app.get(&format!("/v1/connections/{connection}/pairings"), &ann.key).await.expect(200);
    assert_eq!(list["total"], 1);
}

async fn the_plans_number_of_pairings_is_exact_at_once_and_is_given_back(backend: Backend) {
    let app = start_with_free_plan(backend, |plan| plan.max_pairings_per_connection = Some(3)).await;
    let (ann, bob) = (app.account_on("ann", Some("free")).await, app.account("bob").await);
    let mut agents = Vec::new();
    for n in 0..20_u8 {
        let body = json!({"agent_id": format!("a{n}"), "public_key": public_key(n), "available_for_connections": true});
        agents.push(app.post("/v1/agents/register", &ann.key, body).await.expect(201).text("id"));
    }
    let beta = app.agent(&bob, "beta", 99).await;
    let connection = app.connect(&ann, &bob).await;
    let answers =
        join_all(agents.iter().map(|agent| propose(&app, &ann, &connection, agent, &beta.id))).await;
    let limit = (403, "PLAN_LIMIT_REACHED");
    assert_eq!((count(&answers, (201, "")), count(&answers, limit)), (3, 17));

    let made: Vec<String> =
        answers.iter().filter(|answer| answer.status == 201).map(|it| it.text("id")).collect();
    let taken: Vec<&Value> = answers.iter().map(|answer| &answer["my_agent"]["id"]).collect();
    let mut free = agents.iter().filter(|agent| !taken.contains(&&json!(agent)));
    let mut next = async || propose(&app, &ann, &connection, free.next().unwrap(), &beta.id).await;
    assert_eq!(next().await.outcome(), limit);
    let _ = revoke(&app, &ann, &made[0]).await.expect(200);
    let _ = next().await.expect(201);
    assert_eq!(next().await.outcome(), limit);
    let _ = reject(&app, &bob, &made[1]).await.expect(200);
    let _ = next().await.expect(201);
    app.confirm(&bob, &made[2]).await;
    assert_eq!(next().await.outcome(), limit, "active ones count like pending ones");
    // It is the proposer's plan that counts.
    let spare = agents.last().unwrap();
    let by_bob = propose(&app, &bob, &connection, &beta.id, spare).await;
    assert!(by_bob.status == 201 || by_bob.outcome() == (409, "PAIRING_EXISTS"), "{:#}", by_bob.body);
}

async fn every_answer_tells_the_callers_own_permission(backend: Backend) {
    for (mine, theirs) in [("both", "both"), ("send_only", "receive_only"), ("receive_only", "send_only")] {
        let app = App::start(backend).await;
        let (ann, bob) = (app.account("ann").await, app.account("bob").await);
        let (alpha, beta) = (app.agent(&ann, "alpha", 1).await, app.agent(&bob, "beta", 2).await);
        let connection = app.connect(&ann, &bob).await;
        let body = json!({"my_agent_id": alpha.id, "their_agent_id": beta.id, "permission": mine});
        let path = format!("/v1/connections/{connection}/pairings");
        let made = app.post(&path, &ann.key, body).await.expect(201);
        assert_eq!(made["permission"], mine);
        let id = made.text("id");
        let seen_by =
            async |account: &Account| app.get(&path, &account.key).await.expect(200)["pairings"][0].clone();
        for (account, own, other, permission) in [(&ann, &alpha, &beta, mine), (&bob, &beta, &alpha, theirs)]
        {
            let row = seen_by(account).await;
            assert_eq!((&row["permission"], &row["raw_permission"]), (&json!(permission), &json!(mine)));
            assert_eq!((&row["agent_a"]["id"], &row["agent_b"]["id"]), (&json!(own.id), &json!(other.id)));
            assert_eq!(row["agent_a"]["account_id"], account.id);
            assert_eq!(row["agent_a_public_key"], own.secret().public_key().to_base64());
            assert_eq!(row["agent_b_public_key"], other.secret().public_key().to_base64());
            assert_eq!(row["proposed_by"], ann.id);
        }
        assert_eq!(confirm(&app, &bob, &id, json!({})).await.expect(200)["permission"], theirs);

        // Bob asks for the same from his own side, so the stored permission turns with the proposer.
        let wanted = if mine == "both" { "send_only" } else { mine };
        let turned = if wanted == "send_only" { "receive_only" } else { "send_only" };
        let changed = change(&app, &bob, &id, json!({"permission": wanted})).await.expect(200);
        assert_eq!((&changed["permission"], &changed["status"]), (&json!(wanted), &json!("pending")));
        for (account, permission) in [(&ann, turned), (&bob, wanted)] {
            let row = seen_by(account).await;
            assert_eq!((&row["permission"], &row["raw_permission"]), (&json!(permission), &json!(wanted)));
            assert_eq!(row["proposed_by"], bob.id);
        }
        assert_eq!(confirm(&app, &ann, &id, json!({})).await.expect(200)["permission"], turned);
    }
}

async fn nobody_confirms_more_than_they_saw(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair_with("send_only").await;
    let (ann, bob, id) = (&pair.a, &pair.b, pair.pairing.as_str());
    let changed = (409, "PAIRING_CHANGED");
    assert_eq!(listed(&app, ann, &pair, id).await["version"], 2, "proposed, confirmed");
    assert_eq!(change(&app, bob, id, json!({"permission": "both", "version": 1})).await.outcome(), changed);
    let by_bob = change(&app, bob, id, json!({"permission": "both", "version": 2})).await.expect(200);
    assert_eq!(by_bob["version"], 3);
    for stale in [
        json!({"version": 2}),
        json!({"version": 4}),
        json!({"permission": "send_only"}),
        json!({"version": 3, "permission": "send_only"}),
        json!({"version": 2, "permission": "both"}),
    ] {
        assert_eq!(confirm(&app, ann, id, stale.clone()).await.outcome(), changed, "{stale}");
    }
    let refusal = confirm(&app, ann, id, json!({"version": "3", "permission": "x"})).await;
    assert_eq!(bad_fields(&refusal), ["permission", "version"]);
    // The permission is told in the confirming side's view.
    let _ = change(&app, bob, id, json!({"permission": "receive_only"})).await.expect(200);
    assert_eq!(confirm(&app, ann, id, json!({"permission": "receive_only"})).await.outcome(), changed);
    let saw = json!({"version": 4, "permission": "send_only"});
    let confirmed = confirm(&app, ann, id, saw).await.expect(200);
    assert_eq!((&confirmed["version"], &confirmed["status"]), (&json!(5), &json!("active")));

    // Of two changes on one version one is made.
    let body = json!({"permission": "both", "version": 5});
    let answers =
        join_all((0..10).map(|n| change(&app, if n % 2 == 0 { ann } else { bob }, id, body.clone()))).await;
    assert_eq!((count(&answers, (200, "")), count(&answers, changed)), (1, 9));
}

async fn only_the_other_side_confirms_and_only_what_waits(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let (alpha, beta) = (app.agent(&ann, "alpha", 1).await, app.agent(&bob, "beta", 2).await);
    let connection = app.connect(&ann, &bob).await;
    let id = propose(&app, &ann, &connection, &alpha.id, &beta.id).await.expect(201).text("id");
    assert_eq!(confirm(&app, &ann, &id, json!({})).await.outcome(), (403, "CANNOT_CONFIRM_OWN"));
    let answers = join_all((0..10).map(|_| confirm(&app, &bob, &id, json!({})))).await;
    let settled = (400, "INVALID_STATUS");
    assert_eq!((count(&answers, (200, "")), count(&answers, settled)), (1, 9));
    let confirmed = answers.iter().find(|answer| answer.status == 200).unwrap();
    assert_eq!(confirmed["message"], "Pairing confirmed. Agents can now exchange files.");
    assert!(confirmed.text("confirmed_at").ends_with('Z'));
    for account in [&ann, &bob] {
        assert_eq!(confirm(&app, account, &id, json!({})).await.outcome(), settled);
        assert_eq!(reject(&app, account, &id).await.outcome(), settled);
    }
}

async fn a_change_waits_for_the_other_side_and_the_present_value_changes_nothing(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair_with("send_only").await;
    let (ann, bob, id) = (&pair.a, &pair.b, pair.pairing.as_str());
    for (account, present) in [(ann, "send_only"), (bob, "receive_only")] {
        let same = change(&app, account, id, json!({"permission": present})).await.expect(200);
        assert_eq!((&same["status"], &same["version"]), (&json!("active"), &json!(2)));
    }
    for bad in [json!({}), json!({"permission": null}), json!({"permission": "all"})] {
        assert_eq!(bad_fields(&change(&app, ann, id, bad).await), ["permission"]);
    }
    let _ = change(&app, bob, id, json!({"permission": "both"})).await.expect(200);
    assert_eq!(confirm(&app, bob, id, json!({})).await.outcome(), (403, "CANNOT_CONFIRM_OWN"));
    // The other side answers with a change of its own, and waits in turn.
    let counter = change(&app, ann, id, json!({"permission": "receive_only"})).await.expect(200);
    assert_eq!((&counter["status"], &counter["version"]), (&json!("pending"), &json!(4)));
    assert_eq!(confirm(&app, ann, id, json!({})).await.outcome(), (403, "CANNOT_CONFIRM_OWN"));
    let confirmed = confirm(&app, bob, id, json!({"permission": "send_only"})).await.expect(200);
    assert_eq!(confirmed["status"], "active");
}

async fn a_rejection_is_final_and_a_new_proposal_is_allowed(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let (ann, bob) = (&pair.a, &pair.b);
    let second = app.agent(ann, "second", 3).await;
    let propose_again =
        async || propose(&app, ann, &pair.connection, &second.id, &pair.beta.id).await.expect(201).text("id");
    let id = propose_again().await;
    assert_eq!(reject(&app, ann, &id).await.outcome(), (403, "FORBIDDEN"));
    let rejected = reject(&app, bob, &id).await.expect(200);
    assert_eq!((&rejected["id"], &rejected["status"]), (&json!(id), &json!("rejected")));
    let over = (400, "INVALID_STATUS");
    assert_eq!(reject(&app, bob, &id).await.outcome(), over);
    assert_eq!(confirm(&app, bob, &id, json!({})).await.outcome(), over);
    assert_eq!(change(&app, ann, &id, json!({"permission": "both"})).await.outcome(), over);
    assert_eq!(revoke(&app, ann, &id).await.outcome(), (400, "ALREADY_REVOKED"));
    assert_eq!(listed(&app, ann, &pair, &id).await["status"], "rejected");
    let again = propose_again().await;
    assert_ne!(again, id);
    app.confirm(bob, &again).await;
}

async fn a_revocation_is_final_and_ends_the_channel(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let (ann, bob, id) = (&pair.a, &pair.b, pair.pairing.as_str());
    let body = json!({"agent_id": "alpha", "target_agent_id": "beta"});
    let channel = app.post("/v1/channels", &ann.key, body).await.expect(201).text("id");
    let revoked = revoke(&app, bob, id).await.expect(200);
    assert_eq!((&revoked["id"], &revoked["status"]), (&json!(id), &json!("revoked")));
    let row = listed(&app, ann, &pair, id).await;
    assert_eq!((&row["status"], row["revoked_at"].is_string()), (&json!("revoked"), true));
    for account in [ann, bob] {
        assert_eq!(revoke(&app, account, id).await.outcome(), (400, "ALREADY_REVOKED"));
        assert_eq!(confirm(&app, account, id, json!({})).await.outcome(), (400, "INVALID_STATUS"));
        assert_eq!(
            change(&app, account, id, json!({"permission": "both"})).await.outcome(),
            (400, "INVALID_STATUS")
        );
    }
    assert_eq!(app.get(&format!("/v1/channels/{channel}"), &ann.key).await.expect(200)["status"], "revoked");
    let refusal = app.send(&ann.key, "alpha", "beta", b"x", &[]).await;
    assert_eq!(refusal.outcome(), (403, "SHARE_REQUIRED"));
    let bad = app.delete(&format!("/v1/pairings/{id}?purge=maybe"), &ann.key).await;
    assert_eq!(bad_fields(&bad), ["purge"]);
}

async fn keys_revoke_only_where_the_operator_lets_them(backend: Backend) {
    for allowed in [true, false] {
        let app = App::start_configured(backend, &[], |config| {
            change_free_plan(config, |_| ());
            config.settings.allow_key_revocation = allowed;
        });
        let app = app.await;
        let pair = app.pair().await;
        let (ann, bob, id) = (&pair.a, &pair.b, pair.pairing.as_str());
        let needs_session = if allowed { (200, "") } else { (403, "SESSION_REQUIRED") };
        let second = app.agent(ann, "second", 3).await;
        let propose_second = async || {
            propose(&app, ann, &pair.connection, &second.id, &pair.beta.id).await.expect(201).text("id")
        };
        // An own proposal is withdrawn by its proposer in any case, and by nobody else.
        let _ = revoke(&app, ann, &propose_second().await).await.expect(200);
        let theirs = propose_second().await;
        assert_eq!(revoke(&app, bob, &theirs).await.outcome(), needs_session);
        if !allowed {
            // Saying no is always possible.
            let _ = reject(&app, bob, &theirs).await.expect(200);
        }
        let _ = change(&app, bob, id, json!({"permission": "send_only"})).await.expect(200);
        app.confirm(ann, id).await;
        assert_eq!(revoke(&app, bob, id).await.outcome(), needs_session);
        if !allowed {
            assert_eq!(revoke(&app, ann, id).await.outcome(), needs_session);
            let _ = app.send(&ann.key, "beta", "alpha", b"x", &[]).await;
            assert_eq!(listed(&app, ann, &pair, id).await["status"], "active", "nothing has changed");
        }
    }
}

async fn pairings_are_listed_newest_first_and_by_page(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let mut ids = vec![pair.pairing.clone()];
    for n in 3..6 {
        let agent = app.agent(&pair.a, &format!("a{n}"), n).await;
        ids.insert(0, app.propose(&pair.a, &pair.connection, &agent, &pair.beta, "both").await);
    }
    let path = format!("/v1/connections/{}/pairings", pair.connection);
    for (query, expected, more) in
        [("", &ids[..], false), ("?limit=2", &ids[..2], true), ("?limit=3&offset=2", &ids[2..], false)]
    {
        let list = app.get(&format!("{path}{query}"), &pair.b.key).await.expect(200);
        let found: Vec<_> =
            list["pairings"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(
            (found, &list["has_more"], &list["total"]),
            (expected.iter().map(String::as_str).collect(), &json!(more), &json!(4))
        );
    }
    assert_eq!(
        bad_fields(&app.get(&format!("{path}?limit=101&offset=-1"), &pair.b.key).await),
        ["limit", "offset"]
    );
}
