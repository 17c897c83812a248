//! Inviting, accepting, ending and blocking.

use agentdrop_test_support::app::{Account, Answer, App, Backend};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::plans::start_with_free_plan;
use super::{bad_fields, count};

const LIMIT: (u16, &str) = (403, "PLAN_LIMIT_REACHED");

on_both_backends!(
    an_invite_is_seen_on_both_sides_until_it_is_accepted,
    an_invite_is_refused_where_there_is_nothing_to_invite_to,
    an_invite_to_an_unregistered_address_waits_for_its_sign_up,
    of_invites_in_both_directions_at_once_one_wins,
    only_the_invited_side_answers_and_once,
    a_rejected_invite_leaves_no_trace,
    a_revocation_takes_everything_under_it_along,
    a_block_keeps_both_away_until_it_is_taken_back,
    own_invites_count_until_they_are_answered,
    accepted_invites_count_on_the_accepting_side,
    the_plans_number_of_connections_is_exact_at_once,
    invites_are_counted_by_the_hour,
    connections_are_listed_by_status_and_page,
    available_agents_are_those_that_can_be_paired_with,
);

async fn invite(app: &App, account: &Account, email: &str) -> Answer {
    app.post("/v1/connections", &account.key, json!({"email": email})).await
}

async fn answer(app: &App, account: &Account, id: &str, verb: &str) -> Answer {
    app.post(&format!("/v1/connections/{id}/{verb}"), &account.key, json!({})).await
}

async fn revoke(app: &App, account: &Account, id: &str) -> Answer {
    app.delete(&format!("/v1/connections/{id}"), &account.key).await
}

async fn list(app: &App, account: &Account, query: &str) -> Answer {
    app.get(&format!("/v1/connections{query}"), &account.key).await.expect(200)
}

fn ids<'a>(list: &'a Answer, field: &str) -> Vec<&'a str> {
    list[field].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

async fn an_invite_is_seen_on_both_sides_until_it_is_accepted(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let body = json!({"email": " BOB@Example.com ", "message": "let us exchange"});
    let made = app.post("/v1/connections", &ann.key, body).await.expect(201);
    let id = made.text("id");
    assert_eq!((&made["status"], &made["invited_email"]), (&json!("pending"), &json!("bob@example.com")));
    assert_eq!(made["message"], "let us exchange");
    let (of_ann, of_bob) = (list(&app, &ann, "").await, list(&app, &bob, "").await);
    assert_eq!(
        (ids(&of_ann, "pending_outgoing"), ids(&of_ann, "pending_incoming")),
        (vec![id.as_str()], vec![])
    );
    assert_eq!(
        (ids(&of_bob, "pending_outgoing"), ids(&of_bob, "pending_incoming")),
        (vec![], vec![id.as_str()])
    );
    assert_eq!(of_ann["pending_outgoing"][0]["to_email"], "bob@example.com");
    // Whether the address belongs to an account is not told before it is accepted.
    let unknown = json!({"id": null, "name": null, "email": "bob@example.com", "avatar_url": null});
    assert_eq!(of_ann["connections"][0]["other_account"], unknown);
    let from = json!({"id": ann.id, "name": "ann", "email": "ann@example.com", "avatar_url": null});
    assert_eq!(of_bob["pending_incoming"][0]["from"], from);
    assert_eq!(of_bob["pending_incoming"][0]["message"], "let us exchange");

    let accepted = answer(&app, &bob, &id, "accept").await.expect(200);
    assert_eq!(accepted.body, json!({"id": id, "status": "active", "message": "Connection established."}));
    for (account, other) in [(&ann, &bob), (&bob, &ann)] {
        let list = list(&app, account, "").await;
        assert_eq!(
            (ids(&list, "connections"), ids(&list, "pending_incoming"), ids(&list, "pending_outgoing")),
            (vec![id.as_str()], vec![], vec![])
        );
        let row = &list["connections"][0];
        let expected = json!({"id": other.id, "name": other.name, "email": other.email, "avatar_url": null});
        assert_eq!(row["other_account"], expected);
        assert_eq!((&row["status"], &row["invited_by"]), (&json!("active"), &json!(ann.id)));
        assert!(row["accepted_at"].is_string());
        assert_eq!((&row["pairing_count"], &row["pending_pairing_count"]), (&json!(0), &json!(0)));
    }
}

async fn an_invite_is_refused_where_there_is_nothing_to_invite_to(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let long = format!("{}@example.com", "x".repeat(250));
    for (body, field) in [
        (json!({}), "email"),
        (json!({"email": null}), "email"),
        (json!({"email": 1}), "email"),
        (json!({"email": "bob"}), "email"),
        (json!({"email": long}), "email"),
        (json!({"email": "bob@example.com", "message": "x".repeat(501)}), "message"),
        (json!({"email": "bob@example.com", "message": 1}), "message"),
    ] {
        assert_eq!(bad_fields(&app.post("/v1/connections", &ann.key, body).await), [field]);
    }
    assert_eq!(invite(&app, &ann, "ANN@example.com").await.outcome(), (400, "SELF_CONNECTION"));
    let id = invite(&app, &ann, &bob.email).await.expect(201).text("id");
    assert_eq!(invite(&app, &ann, &bob.email).await.outcome(), (409, "INVITE_PENDING"));
    assert_eq!(invite(&app, &bob, &ann.email).await.outcome(), (409, "INVITE_PENDING"));
    let _ = answer(&app, &bob, &id, "accept").await.expect(200);
    assert_eq!(invite(&app, &ann, &bob.email).await.outcome(), (409, "ALREADY_CONNECTED"));
    assert_eq!(invite(&app, &bob, &ann.email).await.outcome(), (409, "ALREADY_CONNECTED"));
}

async fn an_invite_to_an_unregistered_address_waits_for_its_sign_up(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, cid) = (app.account("ann").await, app.account("cid").await);
    let first = invite(&app, &ann, "new@example.com").await.expect(201);
    assert_eq!(invite(&app, &ann, "NEW@example.com").await.outcome(), (409, "INVITE_PENDING"));
    let second = invite(&app, &cid, "new@example.com").await.expect(201);
    let new = app.account("new").await;
    let list = list(&app, &new, "").await;
    let mut waiting = ids(&list, "pending_incoming");
    waiting.sort_unstable();
    let mut expected = [first.text("id"), second.text("id")];
    expected.sort_unstable();
    assert_eq!(waiting, expected);
    let _ = answer(&app, &new, &first.text("id"), "accept").await.expect(200);
    let _ = answer(&app, &new, &second.text("id"), "reject").await.expect(200);
    assert_eq!(invite(&app, &new, &ann.email).await.outcome(), (409, "ALREADY_CONNECTED"));
    let _ = invite(&app, &cid, &new.email).await.expect(201);
}

async fn of_invites_in_both_directions_at_once_one_wins(backend: Backend) {
    let app = App::start_configured(backend, &[], |config| config.settings.invites_per_hour = None).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let invites = (0..20)
        .map(|n| if n % 2 == 0 { invite(&app, &ann, &bob.email) } else { invite(&app, &bob, &ann.email) });
    let answers = join_all(invites).await;
    assert_eq!((count(&answers, (201, "")), count(&answers, (409, "INVITE_PENDING"))), (1, 19));
    // The same to an address without an account.
    let answers = join_all((0..10).map(|_| invite(&app, &ann, "new@example.com"))).await;
    assert_eq!((count(&answers, (201, "")), count(&answers, (409, "INVITE_PENDING"))), (1, 9));
}

async fn only_the_invited_side_answers_and_once(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob, cid) = (app.account("ann").await, app.account("bob").await, app.account("cid").await);
    let id = invite(&app, &ann, &bob.email).await.expect(201).text("id");
    for verb in ["accept", "reject"] {
        assert_eq!(answer(&app, &ann, &id, verb).await.outcome(), (403, "FORBIDDEN"));
        assert_eq!(answer(&app, &cid, &id, verb).await.outcome(), (404, "NOT_FOUND"));
        assert_eq!(answer(&app, &bob, "x", verb).await.outcome(), (404, "NOT_FOUND"));
    }
    let answers = join_all((0..10).map(|_| answer(&app, &bob, &id, "accept"))).await;
    assert_eq!((count(&answers, (200, "")), count(&answers, (409, "ALREADY_PROCESSED"))), (1, 9));
    assert_eq!(answer(&app, &bob, &id, "reject").await.outcome(), (409, "ALREADY_PROCESSED"));
}

async fn a_rejected_invite_leaves_no_trace(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let id = invite(&app, &ann, &bob.email).await.expect(201).text("id");
    let rejected = answer(&app, &bob, &id, "reject").await.expect(200);
    assert_eq!(rejected.body, json!({"id": id, "status": "rejected"}));
    for account in [&ann, &bob] {
        let list = list(&app, account, "").await;
        for field in ["connections", "pending_incoming", "pending_outgoing"] {
            assert_eq!(list[field], json!([]), "{field}");
        }
        assert_eq!(revoke(&app, account, &id).await.outcome(), (404, "NOT_FOUND"));
    }
    let _ = invite(&app, &bob, &ann.email).await.expect(201);
}

async fn a_revocation_takes_everything_under_it_along(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let second = app.agent(&pair.a, "second", 3).await;
    let _ = app.propose(&pair.a, &pair.connection, &second, &pair.beta, "both").await;
    let row = list(&app, &pair.b, "").await["connections"][0].clone();
    assert_eq!((&row["pairing_count"], &row["pending_pairing_count"]), (&json!(1), &json!(1)));
    assert_eq!(list(&app, &pair.b, "").await["pending_pairings_count"], 1);
    assert_eq!(list(&app, &pair.a, "").await["pending_pairings_count"], 0);
    let body = json!({"agent_id": "alpha", "target_agent_id": "beta"});
    let channel = app.post("/v1/channels", &pair.a.key, body.clone()).await.expect(201).text("id");

    let revoked = revoke(&app, &pair.b, &pair.connection).await.expect(200);
    assert_eq!(revoked.body, json!({"id": pair.connection, "status": "revoked", "pairings_revoked": 2}));
    for account in [&pair.a, &pair.b] {
        assert_eq!(list(&app, account, "").await["connections"], json!([]));
        assert_eq!(revoke(&app, account, &pair.connection).await.outcome(), (409, "ALREADY_REVOKED"));
    }
    let pairings =
        app.get(&format!("/v1/connections/{}/pairings", pair.connection), &pair.a.key).await.expect(200);
    assert!(pairings["pairings"].as_array().unwrap().iter().all(|row| row["status"] == "revoked"));
    assert_eq!(
        app.get(&format!("/v1/channels/{channel}"), &pair.a.key).await.expect(200)["status"],
        "revoked"
    );
    assert_eq!(app.post("/v1/channels", &pair.a.key, body).await.outcome(), (403, "NO_CONNECTION"));
    let refusal = app.send(&pair.a.key, "alpha", "beta", b"x", &[]).await;
    assert_eq!(refusal.outcome(), (403, "SHARE_REQUIRED"));
    // A new connection brings nothing of it back.
    let _ = app.connect(&pair.b, &pair.a).await;
    let refusal = app.send(&pair.a.key, "alpha", "beta", b"x", &[]).await;
    assert_eq!(refusal.outcome(), (403, "SHARE_REQUIRED"));
}

async fn a_block_keeps_both_away_until_it_is_taken_back(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let (ann, bob) = (&pair.a, &pair.b);
    let blocked = answer(&app, ann, &pair.connection, "block").await.expect(200);
    assert_eq!((&blocked["blocked_account_id"], &blocked["pairings_revoked"]), (&json!(bob.id), &json!(1)));
    assert_eq!(blocked["connection_revoked"], true);
    assert_eq!(answer(&app, ann, &pair.connection, "block").await.outcome(), (409, "ALREADY_BLOCKED"));
    for (from, to) in [(ann, bob), (bob, ann)] {
        assert_eq!(invite(&app, from, &to.email).await.outcome(), (403, "BLOCKED"));
    }
    assert_eq!(app.send(&ann.key, "alpha", "beta", b"x", &[]).await.outcome(), (403, "SHARE_REQUIRED"));
    let of_ann = app.get("/v1/blocked", &ann.key).await.expect(200);
    let account = json!({"id": bob.id, "name": "bob", "email": "bob@example.com"});
    assert_eq!((&of_ann["total"], &of_ann["blocked"][0]["account"]), (&json!(1), &account));
    assert_eq!(app.get("/v1/blocked", &bob.key).await.expect(200)["total"], 0);

    // The other side may block as well; then both must take it back.
    let _ = answer(&app, bob, &pair.connection, "block").await.expect(200);
    let unblock = |id: String, account: &Account| {
        let (app, key) = (&app, account.key.clone());
        async move { app.delete(&format!("/v1/blocked/{id}"), &key).await }
    };
    let block_id = blocked.text("id");
    assert_eq!(unblock(block_id.clone(), bob).await.outcome(), (404, "NOT_FOUND"));
    let unblocked = unblock(block_id.clone(), ann).await.expect(200);
    assert_eq!(unblocked["unblocked_account_id"], bob.id);
    assert_eq!(unblock(block_id, ann).await.outcome(), (404, "NOT_FOUND"));
    assert_eq!(invite(&app, ann, &bob.email).await.outcome(), (403, "BLOCKED"));
    let of_bob =
        app.get("/v1/blocked", &bob.key).await.expect(200)["blocked"][0]["id"].as_str().unwrap().to_owned();
    let _ = unblock(of_bob, bob).await.expect(200);
    assert_eq!(list(&app, ann, "").await["connections"], json!([]), "nothing is restored");
    let id = invite(&app, bob, &ann.email).await.expect(201).text("id");
    assert_eq!(answer(&app, bob, &id, "block").await.outcome(), (403, "FORBIDDEN"), "nobody has accepted");
    let _ = answer(&app, ann, &id, "block").await.expect(200);
    assert_eq!(list(&app, bob, "").await["pending_outgoing"], json!([]));
}

async fn own_invites_count_until_they_are_answered(backend: Backend) {
    let app = start_with_free_plan(backend, |plan| plan.max_connections = Some(2)).await;
    let ann = app.account_on("ann", Some("free")).await;
    let (bob, cid) = (app.account("bob").await, app.account("cid").await);
    let to = |email: &'static str| invite(&app, &ann, email);
    let to_bob = to("bob@example.com").await.expect(201).text("id");
    let to_cid = to("cid@example.com").await.expect(201).text("id");
    assert_eq!(to("x@example.com").await.outcome(), LIMIT);
    let _ = answer(&app, &bob, &to_bob, "reject").await.expect(200);
    let to_x = to("x@example.com").await.expect(201).text("id");
    assert_eq!(to("y@example.com").await.outcome(), LIMIT);
    let _ = revoke(&app, &ann, &to_x).await.expect(200);
    let _ = answer(&app, &cid, &to_cid, "accept").await.expect(200);
    let to_y = to("y@example.com").await.expect(201).text("id");
    assert_eq!(to("z@example.com").await.outcome(), LIMIT, "an accepted one is counted once");
    let _ = revoke(&app, &cid, &to_cid).await.expect(200);
    let again = to("bob@example.com").await.expect(201).text("id");
    assert_eq!(to("z@example.com").await.outcome(), LIMIT);
    let _ = answer(&app, &bob, &again, "block").await.expect(200);
    let _ = revoke(&app, &ann, &to_y).await.expect(200);
    for email in ["v@example.com", "w@example.com"] {
        let _ = to(email).await.expect(201);
    }
    assert_eq!(to("z@example.com").await.outcome(), LIMIT, "every place was given back once");
}

async fn accepted_invites_count_on_the_accepting_side(backend: Backend) {
    let app = start_with_free_plan(backend, |plan| plan.max_connections = Some(1)).await;
    let ann = app.account_on("ann", Some("free")).await;
    let mut invites = Vec::new();
    for name in ["bob", "cid", "dan"] {
        let other = app.account(name).await;
        invites.push((invite(&app, &other, &ann.email).await.expect(201).text("id"), other));
    }
    let answers = join_all(invites.iter().map(|(id, _)| answer(&app, &ann, id, "accept"))).await;
    assert_eq!((count(&answers, (200, "")), count(&answers, LIMIT)), (1, 2));
    assert_eq!(invite(&app, &ann, "x@example.com").await.outcome(), LIMIT);
    let accepted = answers.iter().position(|answer| answer.status == 200).unwrap();
    let (id, other) = &invites[accepted];
    let _ = revoke(&app, other, id).await.expect(200);
    let waiting = &invites[(accepted + 1) % 3].0;
    let _ = answer(&app, &ann, waiting, "accept").await.expect(200);
}

async fn the_plans_number_of_connections_is_exact_at_once(backend: Backend) {
    let app = start_with_free_plan(backend, |plan| plan.max_connections = Some(3)).await;
    let ann = app.account_on("ann", Some("free")).await;
    let emails: Vec<String> = (0..9).map(|n| format!("x{n}@example.com")).collect();
    let answers = join_all(emails.iter().map(|email| invite(&app, &ann, email))).await;
    assert_eq!((count(&answers, (201, "")), count(&answers, LIMIT)), (3, 6));
    assert_eq!(list(&app, &ann, "").await["pending_outgoing"].as_array().unwrap().len(), 3);
}

async fn invites_are_counted_by_the_hour(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let emails: Vec<String> = (0..15).map(|n| format!("x{n}@example.com")).collect();
    let answers = join_all(emails.iter().map(|email| invite(&app, &ann, email))).await;
    assert_eq!((count(&answers, (201, "")), count(&answers, (429, "RATE_LIMITED"))), (10, 5));
    for refusal in answers.iter().filter(|answer| answer.status == 429) {
        let wait: u64 = refusal.header("retry-after").parse().unwrap();
        assert!((3_500..=3_601).contains(&wait), "{wait}");
    }
    // Withdrawing gives none back, or the limit would be none.
    let made = answers.iter().find(|answer| answer.status == 201).unwrap().text("id");
    let _ = revoke(&app, &ann, &made).await.expect(200);
    assert_eq!(invite(&app, &ann, "again@example.com").await.outcome(), (429, "RATE_LIMITED"));
}

async fn connections_are_listed_by_status_and_page(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let mut active = Vec::new();
    for name in ["bob", "cid", "dan"] {
        active.insert(0, app.connect(&ann, &app.account(name).await).await);
    }
    let pending = invite(&app, &ann, "x@example.com").await.expect(201).text("id");
    let all: Vec<String> = active.iter().cloned().chain([pending.clone()]).collect();
    for (query, expected, total) in [
        ("", &all[..], 4),
        ("?status=all", &all, 4),
        ("?status=active", &active, 3),
        ("?status=pending", &all[3..], 1),
        ("?limit=2", &all[..2], 4),
        ("?limit=2&offset=2", &all[2..], 4),
    ] {
        let list = list(&app, &ann, query).await;
        assert_eq!(
            (ids(&list, "connections"), &list["total"]),
            (expected.iter().map(String::as_str).collect(), &json!(total)),
            "{query}"
        );
    }
    let refusal = app.get("/v1/connections?status=revoked&limit=101", &ann.key).await;
    assert_eq!(bad_fields(&refusal), ["limit", "status"]);
}

async fn available_agents_are_those_that_can_be_paired_with(backend: Backend) {
    let app = App::start(backend).await;
    let (ann, bob) = (app.account("ann").await, app.account("bob").await);
    let alpha = app.agent(&ann, "alpha", 1).await;
    let (beta, gamma) = (app.agent(&bob, "beta", 2).await, app.agent(&bob, "gamma", 3).await);
    let _ = app
        .post(
            "/v1/agents/register",
            &bob.key,
            json!({"agent_id": "keyless", "available_for_connections": true}),
        )
        .await
        .expect(201);
    let hidden = app.agent(&bob, "hidden", 4).await;
    let _ = app
        .patch(&format!("/v1/agents/{}", hidden.id), &bob.key, json!({"available_for_connections": false}))
        .await
        .expect(200);
    let id = invite(&app, &ann, &bob.email).await.expect(201).text("id");
    let path = format!("/v1/connections/{id}/agents");
    assert_eq!(app.get(&path, &ann.key).await.outcome(), (400, "CONNECTION_NOT_ACTIVE"));
    let _ = answer(&app, &bob, &id, "accept").await.expect(200);
    let statuses = async || {
        let list = app.get(&path, &ann.key).await.expect(200);
        list["agents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["agent_id"].clone(), row["pairing_status"].clone()))
            .collect::<Vec<(Value, Value)>>()
    };
    let of_gamma = (json!("gamma"), Value::Null);
    assert_eq!(statuses().await, [(json!("beta"), Value::Null), of_gamma.clone()]);
    let pairing = app.propose(&ann, &id, &alpha, &beta, "both").await;
    assert_eq!(statuses().await, [(json!("beta"), json!("pending")), of_gamma.clone()]);
    app.confirm(&bob, &pairing).await;
    assert_eq!(statuses().await, [(json!("beta"), json!("active")), of_gamma]);
    let page = app.get(&format!("{path}?limit=1&offset=1"), &ann.key).await.expect(200);
    assert_eq!((&page["agents"][0]["id"], &page["total"]), (&json!(gamma.id), &json!(2)));
    let others = app.get(&path, &bob.key).await.expect(200);
    assert_eq!(others["agents"][0]["agent_id"], "alpha");
}
