#![allow(clippy::unwrap_used, clippy::expect_used)]

use agentdrop_domain::caller::Credential;
use agentdrop_domain::ids::AccountId;
use chrono::{TimeZone, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

fn invite(body: Value) -> Result<Invite, Vec<String>> {
    let credential = Credential::AccountKey(Uuid::from_u128(7).into());
    let caller = Caller { account: Uuid::from_u128(1).into(), credential, named_agent: None };
    let body: InviteBody = serde_json::from_value(body).unwrap();
    body.into_act(caller).map_err(|invalid| invalid.0.into_iter().map(|error| error.field).collect())
}

#[test]
fn an_invite_names_every_bad_field_at_once() {
    let long = "x".repeat(501);
    for (body, bad) in [
        (json!({}), vec!["email"]),
        (json!({"email": "nobody", "message": long}), vec!["email", "message"]),
        (json!({"email": null, "message": 7}), vec!["email", "message"]),
        (json!({"email": ["a@b.c"]}), vec!["email"]),
        (json!({"email": format!("{}@b.c", "a".repeat(253))}), vec!["email"]),
    ] {
        assert_eq!(invite(body).unwrap_err(), bad);
    }
}

#[test]
fn an_invite_needs_no_message() {
    for message in [Value::Null, json!(""), json!("  \n")] {
        let act = invite(json!({"email": " Bob@Example.com ", "message": message})).unwrap();
        assert_eq!((act.email.as_str(), act.message), ("bob@example.com", None));
    }
    let act = invite(json!({"email": "bob@example.com", "message": "hi", "unknown": 1})).unwrap();
    assert_eq!(act.message.unwrap().to_string(), "hi");
}

fn view(other: Option<AccountCard>) -> ConnectionView {
    let at = Utc.timestamp_opt(1_800_000_000, 0).single().unwrap();
    let connection = Connection {
        id: Uuid::from_u128(500).into(),
        inviter: Uuid::from_u128(1).into(),
        invitee: Some(Uuid::from_u128(2).into()),
        invited_email: Email::try_from("bob@example.com").unwrap(),
        message: None,
        status: ConnectionStatus::Pending,
        created_at: at,
        accepted_at: None,
        revoked_at: None,
    };
    ConnectionView { connection, other, active_pairings: 1, pending_pairings: 2 }
}

#[test]
fn of_an_account_that_may_not_be_known_only_the_invited_address_is_shown() {
    let body = serde_json::to_value(ConnectionBody::from(&view(None))).unwrap();
    let expected = json!({"id": null, "name": null, "email": "bob@example.com", "avatar_url": null});
    assert_eq!(body["other_account"], expected);
}

#[test]
fn a_known_account_is_shown_with_its_own_address() {
    let id: AccountId = Uuid::from_u128(1).into();
    let card = AccountCard { id, name: "Ann".to_owned(), email: Email::try_from("ann@example.com").unwrap() };
    let view = view(Some(card));
    let expected =
        json!({"id": id.to_string(), "name": "Ann", "email": "ann@example.com", "avatar_url": null});
    let body = serde_json::to_value(ConnectionBody::from(&view)).unwrap();
    assert_eq!(body["other_account"], expected);
    assert_eq!((&body["pairing_count"], &body["pending_pairing_count"]), (&json!(1), &json!(2)));
    assert_eq!(serde_json::to_value(IncomingBody::from(&view)).unwrap()["from"], expected);
}
