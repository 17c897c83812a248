#![allow(clippy::unwrap_used, clippy::expect_used)]

use agentdrop_domain::agent::AgentSlug;
use agentdrop_domain::pairing::PairingSide;
use chrono::{TimeZone, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const ONE: &str = "00000000-0000-0000-0000-000000000001";
const TWO: &str = "00000000-0000-0000-0000-000000000002";

fn account(n: u128) -> AccountId {
    AccountId::from(Uuid::from_u128(n))
}

/// Account 1 proposed `send_only` with its agent 11 to agent 22 of account 2.
fn view(status: PairingStatus) -> PairingView {
    let at = Utc.timestamp_opt(1_800_000_000, 0).single().unwrap();
    let card = |n: u128, of: u128| AgentCard {
        id: AgentId::from(Uuid::from_u128(n)),
        account_id: account(of),
        slug: AgentSlug::try_from(format!("agent-{n}").as_str()).unwrap(),
        name: format!("Agent {n}"),
        public_key: None,
        key_version: 3,
    };
    let side = |card: &AgentCard| PairingSide { account: card.account_id, agent: card.id };
    let (proposer_agent, other_agent) = (card(11, 1), card(22, 2));
    let pairing = Pairing {
        id: PairingId::from(Uuid::from_u128(600)),
        connection_id: Uuid::from_u128(500).into(),
        proposer: side(&proposer_agent),
        other: side(&other_agent),
        permission: Permission::SendOnly,
        status,
        version: 4,
        created_at: at,
        confirmed_at: None,
        revoked_at: None,
    };
    PairingView { pairing, proposer_agent, other_agent }
}

fn json_of(body: impl Serialize) -> Value {
    serde_json::to_value(body).unwrap()
}

fn fields_of<T>(refused: Result<T, Invalid>) -> Vec<String> {
    refused.err().unwrap().0.into_iter().map(|error| error.field).collect()
}

#[test]
fn a_listed_pairing_is_told_from_the_callers_side() {
    let view = view(PairingStatus::Active);
    for (viewer, own, permission) in [(1, "agent-11", "send_only"), (2, "agent-22", "receive_only")] {
        let body = json_of(PairingBody::of(&view, account(viewer)));
        assert_eq!(body["agent_a"]["agent_id"], own);
        assert_ne!(body["agent_b"]["agent_id"], own);
        assert_eq!(body["agent_a"]["account_id"], account(viewer).to_string());
        assert_eq!((&body["permission"], &body["raw_permission"]), (&json!(permission), &json!("send_only")));
        assert_eq!(body["proposed_by"], account(1).to_string());
        assert_eq!((&body["version"], &body["agent_b_public_key"]), (&json!(4), &Value::Null));
    }
}

#[test]
fn a_proposal_names_both_agents_from_the_callers_side() {
    let body = json_of(ProposedPairingBody::of(&view(PairingStatus::Pending), account(1)));
    assert_eq!(
        (&body["my_agent"]["name"], &body["their_agent"]["name"]),
        (&json!("Agent 11"), &json!("Agent 22"))
    );
    assert_eq!((&body["status"], &body["permission"]), (&json!("pending"), &json!("send_only")));
}

#[test]
fn changes_are_told_from_the_callers_side() {
    let pending = view(PairingStatus::Pending).pairing;
    let body = json_of(UpdatedPairingBody::of(&pending, account(2)));
    assert_eq!((&body["status"], &body["permission"]), (&json!("pending"), &json!("receive_only")));
    let active = view(PairingStatus::Active).pairing;
    let unchanged = json_of(UpdatedPairingBody::of(&active, account(1)));
    assert_ne!(unchanged["message"], body["message"]);
    let confirmed = json_of(ConfirmedPairingBody::of(&active, account(2)));
    assert_eq!(confirmed["permission"], "receive_only");
}

#[test]
fn a_proposal_names_every_bad_field_at_once() {
    for (body, bad) in [
        (json!({}), vec!["my_agent_id", "their_agent_id"]),
        (json!({"my_agent_id": null, "their_agent_id": 7}), vec!["my_agent_id", "their_agent_id"]),
        (
            json!({"my_agent_id": "agent-11", "their_agent_id": "x", "permission": "all"}),
            vec!["my_agent_id", "their_agent_id", "permission"],
        ),
        (json!({"my_agent_id": ONE, "their_agent_id": TWO, "permission": ["both"]}), vec!["permission"]),
    ] {
        let body: ProposePairingBody = serde_json::from_value(body).unwrap();
        assert_eq!(fields_of(body.into_proposal()), bad);
    }
}

#[test]
fn a_proposal_is_for_both_directions_unless_it_says_otherwise() {
    let ids = |permission: Value| {
        json!({"my_agent_id": ONE, "their_agent_id": TWO,
            "permission": permission, "unknown": true})
    };
    for (permission, expected) in [
        (Value::Null, Permission::Both),
        (json!("both"), Permission::Both),
        (json!("send_only"), Permission::SendOnly),
        (json!("receive_only"), Permission::ReceiveOnly),
    ] {
        let body: ProposePairingBody = serde_json::from_value(ids(permission)).unwrap();
        assert_eq!(body.into_proposal().unwrap().2, expected);
    }
}

#[test]
fn what_the_confirming_side_saw_is_optional_but_never_misread() {
    let saw = |body: Value| serde_json::from_value::<ConfirmPairingBody>(body).unwrap().into_saw();
    assert_eq!(saw(json!({})).unwrap(), Confirmed::default());
    let both = Confirmed { version: Some(3), permission: Some(Permission::SendOnly) };
    assert_eq!(saw(json!({"version": 3, "permission": "send_only"})).unwrap(), both);
    let bad = json!({"version": -1, "permission": "sendonly"});
    assert_eq!(fields_of(saw(bad)), ["version", "permission"]);
    assert_eq!(fields_of(saw(json!({"version": "3"}))), ["version"]);
}
