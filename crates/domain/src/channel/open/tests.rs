#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::testing::*;
use super::*;
use crate::connection::{Connection, ConnectionView};
use crate::mock::{Fixture, Journal, MockTx, id, slug};
use crate::page::Slice;

fn open(agent: &str, target: &str) -> Open {
    Open { caller: by(ME), agent: agent.to_owned(), target: target.to_owned() }
}

async fn run(act: Open, tx: &mut MockTx) -> Result<Opened, OpenError> {
    act.perform(&Fixture::new().cx(), tx).await
}

/// Agent 22 can be reached, by agent 11.
fn world() -> (MockTx, Journal) {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    knows(&mut tx, &[agent(11), agent(12), agent(22)], &[agent(22)]);
    (tx, journal)
}

fn is_paired(tx: &mut MockTx, found: Option<PairingStatus>) {
    tx.expect_living_pairing()
        .returning(move |_, _| Ok(found.map(|status| pairing(&agent(11), &agent(22), status))));
}

fn has_channel(tx: &mut MockTx, found: Option<Channel>) {
    tx.expect_living_channel().returning(move |_, _| Ok(found.clone()));
}

#[tokio::test]
async fn between_own_agents_a_channel_is_active_at_once() {
    let (mut tx, journal) = world();
    has_channel(&mut tx, None);
    tx.expect_insert_channel().times(1).returning(|_| Ok(()));
    journal.allow_all(&mut tx);

    let opened = run(open("agent-12", "agent-11"), &mut tx).await.unwrap();

    assert!(opened.created);
    assert_eq!(opened.channel.status, ChannelStatus::Active);
    assert_eq!(opened.channel.activated_at, Some(Fixture::new().now));
    assert_eq!((opened.channel.a.agent, opened.channel.b.agent), (id(11), id(12)));
    assert_eq!((opened.mine.agent, opened.theirs.agent), (id(12), id(11)));
    assert_eq!(journal.locked(), [id(ME), id(ME)]);
    assert_eq!(journal.audited(), [("channel.open", opened.channel.id.to_string())]);
}

#[tokio::test]
async fn across_accounts_the_first_side_waits() {
    let uuid = agent(22).id.to_string();
    for target in ["agent-22", uuid.as_str()] {
        let (mut tx, journal) = world();
        is_paired(&mut tx, Some(PairingStatus::Active));
        has_channel(&mut tx, None);
        tx.expect_insert_channel().times(1).returning(|_| Ok(()));
        journal.allow_all(&mut tx);

        let opened = run(open("agent-11", target), &mut tx).await.unwrap();

        assert_eq!((opened.channel.status, opened.channel.activated_at), (ChannelStatus::Pending, None));
        assert_eq!(opened.channel.requested_by, id(ME));
        assert_eq!(opened.theirs.public_key, agent(22).keys.unwrap().public);
        assert_eq!(journal.locked(), [id(ME), id(THEM)]);
    }
}

#[tokio::test]
async fn the_second_side_makes_it_active() {
    let (mut tx, journal) = world();
    is_paired(&mut tx, Some(PairingStatus::Active));
    has_channel(&mut tx, Some(channel(&agent(22), &agent(11), ChannelStatus::Pending)));
    tx.expect_update_channel()
        .withf(|written| written.status == ChannelStatus::Active)
        .times(1)
        .returning(|_| Ok(()));
    journal.allow_all(&mut tx);

    let opened = run(open("agent-11", "agent-22"), &mut tx).await.unwrap();

    assert!(!opened.created);
    assert_eq!(opened.channel.activated_at, Some(Fixture::new().now));
}

#[tokio::test]
async fn asking_twice_changes_nothing() {
    let (mut tx, journal) = world();
    is_paired(&mut tx, Some(PairingStatus::Active));
    let waiting = channel(&agent(11), &agent(22), ChannelStatus::Pending);
    has_channel(&mut tx, Some(waiting.clone()));
    journal.allow_all(&mut tx);
    assert_eq!(run(open("agent-11", "agent-22"), &mut tx).await.unwrap().channel, waiting);
}

#[tokio::test]
async fn an_active_channel_refuses_another() {
    let (mut tx, journal) = world();
    journal.allow_locks(&mut tx);
    is_paired(&mut tx, Some(PairingStatus::Active));
    has_channel(&mut tx, Some(channel(&agent(11), &agent(22), ChannelStatus::Active)));
    assert!(matches!(run(open("agent-11", "agent-22"), &mut tx).await, Err(OpenError::Exists)));
}

#[tokio::test]
async fn a_race_that_the_database_decides_is_refused_like_the_rest() {
    let (mut tx, journal) = world();
    journal.allow_locks(&mut tx);
    has_channel(&mut tx, None);
    tx.expect_insert_channel().returning(|_| Err(StoreError::Conflict(UniqueRule::ChannelPair)));
    assert!(matches!(run(open("agent-11", "agent-12"), &mut tx).await, Err(OpenError::Exists)));
}

#[tokio::test]
async fn the_own_agent_must_be_there() {
    let theirs = agent(22).id.to_string();
    for agent in ["agent-22", theirs.as_str(), "nobody", "not a slug"] {
        let refused = run(open(agent, "agent-12"), &mut world().0).await;
        assert!(matches!(refused, Err(OpenError::Denied(Denied::NotFound("Agent")))), "{agent}");
    }
}

#[tokio::test]
async fn an_agent_key_opens_for_its_own_agent_only() {
    let (mut tx, journal) = world();
    has_channel(&mut tx, None);
    tx.expect_insert_channel().returning(|_| Ok(()));
    journal.allow_all(&mut tx);
    let own = Open { caller: by_agent(&agent(11)), ..open("agent-11", "agent-12") };
    assert!(run(own, &mut tx).await.is_ok());

    let sibling = Open { caller: by_agent(&agent(11)), ..open("agent-12", "agent-11") };
    let refused = run(sibling, &mut world().0).await;
    assert!(matches!(refused, Err(OpenError::Denied(Denied::Forbidden(_)))));
}

#[tokio::test]
async fn an_agent_has_no_channel_with_itself() {
    let (mut tx, journal) = world();
    journal.allow_locks(&mut tx);
    let refused = run(open("agent-11", "agent-11"), &mut tx).await;
    let Err(OpenError::Invalid(Invalid(fields))) = refused else { panic!("{refused:?}") };
    assert_eq!(fields[0].field, "target_agent_id");
}

/// Both agents of one slug can be reached: of two other accounts, or an own one and a foreign one.
#[tokio::test]
async fn a_slug_that_several_reachable_agents_bear_is_refused() {
    let twin = Agent { account_id: id(STRANGER), slug: slug("agent-22"), ..agent(33) };
    let own_twin = Agent { slug: slug("agent-22"), ..agent(12) };
    for (agents, paired, accounts) in [
        (vec![agent(11)], vec![agent(22), twin], vec![id(THEM), id(STRANGER)]),
        (vec![agent(11), own_twin], vec![agent(22)], vec![id(ME), id(THEM)]),
    ] {
        let mut tx = MockTx::new();
        knows(&mut tx, &agents, &paired);
        let refused = run(open("agent-11", "agent-22"), &mut tx).await;
        let Err(OpenError::Ambiguous(candidates)) = refused else { panic!("{refused:?}") };
        let named: Vec<_> = candidates.iter().map(|candidate| candidate.account_id).collect();
        assert_eq!(named, accounts);
    }
}

/// `target` can't be reached; account 1 has an active connection with account 2, or with nobody.
async fn unreachable(target: &str, connected: bool) -> OpenError {
    let mut tx = MockTx::new();
    knows(&mut tx, &[agent(11), agent(22)], &[]);
    let fixture = Fixture::new();
    let connection = Connection {
        id: id(500),
        inviter: id(ME),
        invitee: Some(id(THEM)),
        invited_email: fixture.account(THEM).email,
        message: None,
        status: if connected { ConnectionStatus::Active } else { ConnectionStatus::Pending },
        created_at: fixture.now,
        accepted_at: None,
        revoked_at: None,
    };
    tx.expect_living_connection()
        .returning(move |_, other| Ok((other == id(THEM)).then(|| connection.clone())));
    let no_views: Vec<ConnectionView> = Vec::new();
    tx.expect_connections()
        .withf(|of, filter, _| *of == id(ME) && filter.status == ConnectionStatus::Active)
        .returning(move |_, _, _| Ok(Slice { items: no_views.clone(), total: u64::from(connected) }));
    run(open("agent-11", target), &mut tx).await.unwrap_err()
}

#[tokio::test]
async fn without_an_active_connection_nothing_tells_whether_the_agent_exists() {
    let (existing, missing) = (agent(22).id.to_string(), agent(99).id.to_string());
    for target in [existing.as_str(), missing.as_str(), "agent-22", "nobody", "no slug at all"] {
        assert!(matches!(unreachable(target, false).await, OpenError::NoConnection), "{target}");
    }
    assert!(matches!(unreachable(&missing, true).await, OpenError::NoConnection));
}

#[tokio::test]
async fn with_an_active_connection_a_pairing_is_missing() {
    let existing = agent(22).id.to_string();
    for target in [existing.as_str(), "agent-22", "nobody"] {
        assert!(matches!(unreachable(target, true).await, OpenError::ShareRequired), "{target}");
    }
}

#[tokio::test]
async fn a_pairing_of_a_sibling_or_one_that_is_not_confirmed_does_not_do() {
    for (own, found) in [("agent-12", None), ("agent-11", Some(PairingStatus::Pending))] {
        let (mut tx, journal) = world();
        journal.allow_locks(&mut tx);
        is_paired(&mut tx, found);
        let refused = run(open(own, "agent-22"), &mut tx).await;
        assert!(matches!(refused, Err(OpenError::ShareRequired)));
    }
}

#[tokio::test]
async fn both_agents_need_a_key() {
    for (keyless, n) in [(11, 11), (12, 12)] {
        let (mut tx, journal) = (MockTx::new(), Journal::default());
        let agents = [11, 12].map(|n| if n == keyless { Agent { keys: None, ..agent(n) } } else { agent(n) });
        knows(&mut tx, &agents, &[]);
        journal.allow_locks(&mut tx);
        let refused = run(open("agent-11", "agent-12"), &mut tx).await;
        assert!(matches!(refused, Err(OpenError::NotConnected(of)) if of == id(n)));
    }
}

#[tokio::test]
async fn an_agent_that_becomes_reachable_on_another_account_in_between_repeats_the_act() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_locks(&mut tx);
    let own = agent(11);
    tx.expect_agent_by_slug().returning(move |_, asked| Ok((own.slug == *asked).then(|| own.clone())));
    let row = |n: u8, account: u128| crate::agent::PairedAgent {
        agent: Agent { account_id: id(account), slug: slug("agent-22"), ..agent(n) },
        account: crate::account::AccountCard::from(&Fixture::new().account(account)),
        pairing: pairing(&agent(11), &agent(n), PairingStatus::Active),
    };
    let (first, then) = (row(22, THEM), row(33, STRANGER));
    tx.expect_paired_agents().times(1).returning(move |_, _, _| Ok(vec![first.clone()]));
    tx.expect_paired_agents().returning(move |_, _, _| Ok(vec![then.clone()]));
    let refused = run(open("agent-11", "agent-22"), &mut tx).await;
    let Err(OpenError::Store(error)) = refused else { panic!("{refused:?}") };
    assert!(error.is_contention());
}
