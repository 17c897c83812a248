#![allow(clippy::unwrap_used)]

use super::super::testing::*;
use super::*;
use crate::agent::AgentStatus;
use crate::channel::{Channel, ChannelSide, ChannelView};
use crate::ids::AgentId;
use crate::mock::{Fixture, MockTx, id, slug};
use crate::pairing::{PairingStatus, Permission};

/// Account 1 with agents 11 and 12; account 2 with agent 22, which agent 11 is paired with.
struct Scene {
    tx: MockTx,
    caller: Caller,
    own: Vec<Agent>,
    foreign: Vec<Agent>,
    pairing: Option<(Permission, PairingStatus)>,
}

impl Scene {
    fn new() -> Self {
        Self {
            tx: MockTx::new(),
            caller: Fixture::new().account_caller(id(ME)),
            own: vec![agent(11), agent(12)],
            foreign: vec![agent(22)],
            pairing: Some((Permission::Both, PairingStatus::Active)),
        }
    }

    async fn send(mut self, sender: &str, recipient: &str) -> Result<Route, RouteError> {
        knows(&mut self.tx, &[self.own.clone(), self.foreign.clone()].concat(), &self.foreign);
        let pairing = self.pairing;
        self.tx.expect_living_pairing().returning(move |from, to| {
            let theirs = agent(to.uuid().as_u128().try_into().unwrap());
            let of_agent_11 = pairing.filter(|_| from == id(11));
            Ok(of_agent_11.map(|(permission, status)| self::pairing(&theirs, permission, status)))
        });
        let ends = Ends { sender, recipient, recipient_account: None };
        find_route(&mut self.tx, &self.caller, &Fixture::new().account(ME), ends).await
    }
}

fn unconnected(n: u8) -> Agent {
    Agent { keys: None, status: AgentStatus::Disconnected, ..agent(n) }
}

#[tokio::test]
async fn a_paired_agent_is_reached_and_both_keys_are_kept() {
    let key = |n: u8| agent(n).keys.map(|keys| KeyAt { public_key: keys.public, version: 1 });
    for sender in ["agent-11".to_owned(), agent(11).id.to_string(), agent(11).id.to_string().to_uppercase()] {
        let route = Scene::new().send(&sender, "agent-22").await.unwrap();
        let from = Sender {
            account: id(ME),
            account_name: "Account 1".to_owned(),
            label: "agent-11".to_owned(),
            agent: Some(id(11)),
            key: key(11),
        };
        let to = Recipient { account: id(THEM), label: "agent-22".to_owned(), agent: id(22), key: key(22) };
        assert_eq!((route.sender, route.recipient), (from, to), "{sender}");
        assert!(route.pairing.is_some());
    }
}

#[tokio::test]
async fn an_own_agent_needs_no_pairing_and_takes_any_sender() {
    for (sender, agent) in [("agent-11", Some(id(11))), ("nightly backup", None), ("nobody", None)] {
        let scene = Scene { pairing: None, ..Scene::new() };
        let route = scene.send(sender, "agent-12").await.unwrap();
        assert_eq!((route.sender.label.as_str(), route.sender.agent), (sender, agent));
        assert_eq!(route.sender.key.is_some(), agent.is_some());
        assert_eq!((route.recipient.agent, route.pairing), (id(12), None));
    }
}

#[tokio::test]
async fn the_uuid_of_a_foreign_agent_is_nothing_but_a_text() {
    let foreign = agent(22).id.to_string();
    let route = Scene::new().send(&foreign, "agent-12").await.unwrap();
    assert_eq!((route.sender.label, route.sender.agent, route.sender.account), (foreign, None, id(ME)));
}

#[tokio::test]
async fn an_agent_key_sends_as_its_agent_only() {
    let scene = || Scene { caller: Fixture::new().agent_caller(&agent(11)), ..Scene::new() };
    for sender in ["agent-11".to_owned(), agent(11).id.to_string(), agent(11).id.to_string().to_uppercase()] {
        assert!(scene().send(&sender, "agent-22").await.is_ok(), "{sender}");
    }
    // Before anything is looked up: nobody is there.
    for sender in ["agent-12", "Agent-11", "nightly backup", &agent(12).id.to_string()] {
        for recipient in ["agent-22", "nobody"] {
            let refusal = scene().send(sender, recipient).await.unwrap_err();
            let RouteError::Denied(Denied::ScopeMismatch { agent, .. }) = refusal else {
                panic!("{refusal:?}")
            };
            assert_eq!(agent, "agent-11");
        }
    }
}

#[tokio::test]
async fn a_recipient_that_nobody_can_reach_is_refused_before_the_sender_is_looked_at() {
    for sender in ["agent-11", "nobody"] {
        for recipient in ["nobody", "agent-33", &agent(33).id.to_string()] {
            let refusal = Scene::new().send(sender, recipient).await.unwrap_err();
            assert!(matches!(refusal, RouteError::ShareRequired), "{sender} {recipient}: {refusal:?}");
        }
    }
}

#[tokio::test]
async fn several_recipients_are_ambiguous_with_candidates() {
    let twin = Agent { slug: slug("agent-22"), ..agent(33) };
    let scene = Scene { foreign: vec![agent(22), twin], ..Scene::new() };
    let refusal = scene.send("nobody", "agent-22").await.unwrap_err();
    let RouteError::AmbiguousRecipient(candidates) = refusal else { panic!("{refusal:?}") };
    let accounts: Vec<_> = candidates.iter().map(|candidate| candidate.account_id).collect();
    assert_eq!(accounts, [id(THEM), id(STRANGER)]);
}

#[tokio::test]
async fn across_accounts_the_sender_must_be_an_own_agent() {
    for sender in ["nobody", "nightly backup", "agent-22", &agent(22).id.to_string()] {
        let refusal = Scene::new().send(sender, "agent-22").await.unwrap_err();
        let RouteError::Invalid(invalid) = refusal else { panic!("{sender}: {refusal:?}") };
        assert_eq!(fields(&invalid), ["sender"]);
    }
}

#[tokio::test]
async fn exactly_these_two_must_be_paired_and_actively() {
    // Agent 12's account can reach it, agent 12 can't.
    let refusal = Scene::new().send("agent-12", "agent-22").await.unwrap_err();
    assert!(matches!(refusal, RouteError::ShareRequired), "{refusal:?}");
    let others = [PairingStatus::Pending, PairingStatus::Rejected, PairingStatus::Revoked];
    for pairing in others.map(|status| Some((Permission::Both, status))).into_iter().chain([None]) {
        let refusal = Scene { pairing, ..Scene::new() }.send("agent-11", "agent-22").await.unwrap_err();
        assert!(matches!(refusal, RouteError::ShareRequired), "{pairing:?}: {refusal:?}");
    }
}

#[tokio::test]
async fn the_three_reasons_to_share_first_read_the_same() {
    let unknown = Scene::new().send("agent-11", "nobody").await.unwrap_err();
    let unpaired = Scene::new().send("agent-12", "agent-22").await.unwrap_err();
    let scene = Scene { pairing: Some((Permission::Both, PairingStatus::Pending)), ..Scene::new() };
    let pending = scene.send("agent-11", "agent-22").await.unwrap_err();
    assert_eq!(unknown.to_string(), unpaired.to_string());
    assert_eq!(unknown.to_string(), pending.to_string());
}

#[tokio::test]
async fn the_pairings_direction_is_kept_and_comes_before_the_keys() {
    for (permission, allowed) in [(Permission::SendOnly, true), (Permission::ReceiveOnly, false)] {
        let scene = Scene { pairing: Some((permission, PairingStatus::Active)), ..Scene::new() };
        assert_eq!(scene.send("agent-11", "agent-22").await.is_ok(), allowed, "{permission:?}");
    }
    let scene = Scene {
        pairing: Some((Permission::ReceiveOnly, PairingStatus::Active)),
        own: vec![unconnected(11)],
        foreign: vec![unconnected(22)],
        ..Scene::new()
    };
    let refusal = scene.send("agent-11", "agent-22").await.unwrap_err();
    assert!(matches!(refusal, RouteError::PermissionDenied(_)), "{refusal:?}");
}

#[tokio::test]
async fn both_need_a_key_the_sender_first() {
    let scene = Scene { own: vec![unconnected(11)], foreign: vec![unconnected(22)], ..Scene::new() };
    let refusal = scene.send("agent-11", "agent-22").await.unwrap_err();
    assert!(matches!(refusal, RouteError::SenderNotConnected), "{refusal:?}");
    let scene = Scene { foreign: vec![unconnected(22)], ..Scene::new() };
    let refusal = scene.send("agent-11", "agent-22").await.unwrap_err();
    assert!(matches!(refusal, RouteError::RecipientNotConnected), "{refusal:?}");
    let scene = Scene { own: vec![agent(11), unconnected(12)], ..Scene::new() };
    let refusal = scene.send("agent-11", "agent-12").await.unwrap_err();
    assert!(matches!(refusal, RouteError::RecipientNotConnected), "{refusal:?}");
}

#[tokio::test]
async fn an_outage_is_not_taken_for_absence() {
    let mut tx = MockTx::new();
    tx.expect_paired_agents().return_once(|_, _, _| Err(unavailable()));
    let ends = Ends { sender: "agent-11", recipient: "agent-22", recipient_account: None };
    let caller = Fixture::new().account_caller(id(ME));
    let refusal = find_route(&mut tx, &caller, &Fixture::new().account(ME), ends).await.unwrap_err();
    assert!(matches!(refusal, RouteError::Store(StoreError::Unavailable { .. })), "{refusal:?}");
}

/// The route from agent 11 to agent 22, checked against a channel of two agents.
async fn check(x: u8, y: u8, status: ChannelStatus, sender: Option<AgentId>) -> Result<(), RouteError> {
    let mut route = Scene::new().send("agent-11", "agent-22").await.unwrap();
    route.sender.agent = sender;
    let side = |n| ChannelSide::of(&agent(n)).unwrap();
    let channel = Channel { status, ..Channel::open(id(90), side(x), side(y), Fixture::new().now) };
    let view = ChannelView { channel, a_slug: slug("a"), b_slug: slug("b") };
    let mut tx = MockTx::new();
    tx.expect_channel().withf(|asked| *asked == id(90)).return_once(|_| Ok(Some(view)));
    check_channel(&mut tx, Some(id(90)), &route).await
}

fn names_channel(outcome: &Result<(), RouteError>) -> bool {
    matches!(outcome, Err(RouteError::Invalid(invalid)) if fields(invalid) == ["channel_id"])
}

#[tokio::test]
async fn an_active_channel_of_exactly_the_two_will_do_in_both_orders() {
    for (x, y) in [(11, 22), (22, 11)] {
        assert!(check(x, y, ChannelStatus::Active, Some(id(11))).await.is_ok());
    }
}

#[tokio::test]
async fn another_channel_or_one_that_is_not_active_is_a_bad_field() {
    for (x, y) in [(12, 22), (11, 33), (22, 33), (11, 12)] {
        let outcome = check(x, y, ChannelStatus::Active, Some(id(11))).await;
        assert!(names_channel(&outcome), "{x} {y}: {outcome:?}");
        // Of others' channels nobody learns that they are revoked.
        let outcome = check(x, y, ChannelStatus::Revoked, Some(id(11))).await;
        assert!(names_channel(&outcome), "{x} {y}: {outcome:?}");
    }
    assert!(names_channel(&check(11, 22, ChannelStatus::Pending, Some(id(11))).await));
    assert!(names_channel(&check(11, 22, ChannelStatus::Active, None).await), "a free-form sender has none");
}

#[tokio::test]
async fn an_own_revoked_channel_says_so() {
    let outcome = check(11, 22, ChannelStatus::Revoked, Some(id(11))).await;
    assert!(matches!(outcome, Err(RouteError::ChannelRevoked)), "{outcome:?}");
}

#[tokio::test]
async fn a_missing_channel_is_a_bad_field_and_none_is_none() {
    let route = Scene::new().send("agent-11", "agent-22").await.unwrap();
    let mut tx = MockTx::new();
    tx.expect_channel().return_once(|_| Ok(None));
    assert!(names_channel(&check_channel(&mut tx, Some(id(90)), &route).await));
    assert!(check_channel(&mut MockTx::new(), None, &route).await.is_ok());
}

#[tokio::test]
async fn plaintext_goes_only_where_nobody_refuses_it() {
    let route = Scene::new().send("agent-11", "agent-22").await.unwrap();
    for (strict_agent, strict_account, refusal) in [
        (None, None, None),
        (Some(11), None, Some("the sender")),
        (None, Some(ME), Some("the sender")),
        (Some(22), None, Some("the recipient")),
        (None, Some(THEM), Some("the recipient")),
        (Some(12), Some(STRANGER), None),
    ] {
        for is_encrypted in [false, true] {
            let mut tx = MockTx::new();
            tx.expect_agent().returning(move |of| {
                let n = u8::try_from(of.uuid().as_u128()).unwrap();
                Ok(Some(Agent { require_encryption: strict_agent == Some(n), ..agent(n) }))
            });
            tx.expect_account().returning(move |of| {
                let n = of.uuid().as_u128();
                let require_encryption = strict_account == Some(n);
                Ok(Some(Account { require_encryption, ..Fixture::new().account(n) }))
            });
            let refused = match check_encryption(&mut tx, is_encrypted, &route).await {
                Ok(()) => None,
                Err(RouteError::EncryptionRequired(who)) => Some(who),
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(refused, refusal.filter(|_| !is_encrypted));
        }
    }
}
