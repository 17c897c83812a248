#![allow(clippy::unwrap_used, clippy::expect_used)]

use agentdrop_domain::agent::{AgentSlug, PublicKey};
use agentdrop_domain::channel::Channel;
use chrono::{TimeZone, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

fn side(n: u8) -> ChannelSide {
    ChannelSide {
        account: Uuid::from_u128(u128::from(n) / 10).into(),
        agent: Uuid::from_u128(u128::from(n)).into(),
        public_key: PublicKey::from_stored([n; 32]),
        key_version: u32::from(n),
    }
}

fn channel() -> Channel {
    let at = Utc.timestamp_opt(1_800_000_000, 0).single().unwrap();
    Channel::open(Uuid::from_u128(90).into(), side(22), side(11), at)
}

fn slug(n: u8) -> AgentSlug {
    AgentSlug::try_from(format!("agent-{n}").as_str()).unwrap()
}

fn uuid(n: u8) -> Value {
    json!(Uuid::from_u128(u128::from(n)).to_string())
}

fn listed(theirs_is_clear: bool) -> Value {
    let listed_side = |n, slug_is_clear| ListedSide { side: side(n), slug: slug(n), slug_is_clear };
    let listed = ListedChannel {
        channel: channel(),
        mine: listed_side(22, true),
        theirs: listed_side(11, theirs_is_clear),
    };
    serde_json::to_value(ListedChannelBody::from(&listed)).unwrap()
}

#[test]
fn a_list_names_slugs_with_the_callers_side_first() {
    let body = listed(true);
    assert_eq!((&body["agent_a_id"], &body["agent_b_id"]), (&json!("agent-22"), &json!("agent-11")));
    assert_eq!((&body["agent_a_uuid"], &body["agent_b_uuid"]), (&uuid(22), &uuid(11)));
    assert_eq!(body["agent_a_public_key"], wire::base64(&[22; 32]));
    assert_eq!(body["agent_b_public_key"], wire::base64(&[11; 32]));
    assert_eq!((&body["agent_a_key_version"], &body["agent_b_key_version"]), (&json!(22), &json!(11)));
}

#[test]
fn a_list_names_a_uuid_where_the_slug_could_mean_another_agent() {
    let body = listed(false);
    assert_eq!((&body["agent_a_id"], &body["agent_b_id"]), (&json!("agent-22"), &uuid(11)));
}

#[test]
fn a_single_channel_names_uuids_in_canonical_order() {
    let view = ChannelView { channel: channel(), a_slug: slug(11), b_slug: slug(22) };
    let body = serde_json::to_value(ChannelBody::from(&view)).unwrap();
    assert_eq!((&body["agent_a_id"], &body["agent_b_id"]), (&uuid(11), &uuid(22)));
    assert_eq!((&body["agent_a_slug"], &body["agent_b_slug"]), (&json!("agent-11"), &json!("agent-22")));
    assert_eq!(body["agent_a_public_key"], wire::base64(&[11; 32]));
}

#[test]
fn both_agents_are_required() {
    use agentdrop_domain::caller::Credential;
    let credential = Credential::AccountKey(Uuid::from_u128(7).into());
    let caller = Caller { account: Uuid::from_u128(1).into(), credential, named_agent: None };
    let body: OpenChannelBody = serde_json::from_value(json!({"agent_id": 7})).unwrap();
    let refused = body.into_act(caller).unwrap_err();
    let fields: Vec<_> = refused.0.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["agent_id", "target_agent_id"]);
}
