//! What the tests of pairings share: account 1 proposed with its agent 11 to agent 22 of account 2, under the
//! connection 500; account 3 is a stranger.

use crate::agent::Agent;
use crate::caller::Caller;
use crate::channel::{Channel, ChannelSide, ChannelStatus};
use crate::event::EventName;
use crate::ids::AccountId;
use crate::mock::{Fixture, Journal, MockTx, id};
use crate::pairing::{Pairing, PairingSide, PairingStatus, Permission};

pub(super) const PROPOSER: u128 = 1;
pub(super) const OTHER: u128 = 2;
pub(super) const STRANGER: u128 = 3;

pub(super) fn by(n: u128) -> Caller {
    Fixture::new().account_caller(id(n))
}

pub(super) fn by_agent_of(n: u128) -> Caller {
    let fixture = Fixture::new();
    fixture.agent_caller(&fixture.agent(11, id(n)))
}

/// The proposer's agent 11.
pub(super) fn agent_11() -> Agent {
    Fixture::new().agent(11, id(PROPOSER))
}

/// The other side's agent 22.
pub(super) fn agent_22() -> Agent {
    Fixture::new().agent(22, id(OTHER))
}

/// The pairing `id(600)` in that status, `send_only` for its proposer, at version 5.
pub(super) fn pairing(status: PairingStatus) -> Pairing {
    let fixture = Fixture::new();
    Pairing {
        id: id(600),
        connection_id: id(500),
        proposer: PairingSide { account: id(PROPOSER), agent: id(11) },
        other: PairingSide { account: id(OTHER), agent: id(22) },
        permission: Permission::SendOnly,
        status,
        version: 5,
        created_at: fixture.ago(60),
        confirmed_at: (status == PairingStatus::Active).then(|| fixture.ago(30)),
        revoked_at: (!status.is_living()).then(|| fixture.ago(20)),
    }
}

/// Whatever pairing is asked for, this is found.
pub(super) fn finding(found: Option<Pairing>) -> (MockTx, Journal) {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    tx.expect_pairing().returning(move |_| Ok(found.clone()));
    (tx, journal)
}

/// The first look finds one thing, every later one (under the lock) another.
pub(super) fn finding_first_then(first: Pairing, then: Option<Pairing>) -> (MockTx, Journal) {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    tx.expect_pairing().times(1).returning(move |_| Ok(Some(first.clone())));
    tx.expect_pairing().returning(move |_| Ok(then.clone()));
    (tx, journal)
}

/// The pairing is written once, in that status and one version on.
pub(super) fn writes(tx: &mut MockTx, status: PairingStatus) {
    tx.expect_update_pairing()
        .withf(move |written| (written.id, written.status, written.version) == (id(600), status, 6))
        .times(1)
        .returning(|_| Ok(()));
}

/// The pairing's place in its connection is given back once, and the channel of its agents ends.
pub(super) fn gives_back_its_place(tx: &mut MockTx) {
    tx.expect_count_pairings_down()
        .withf(|connection, by| (*connection, *by) == (id(500), 1))
        .times(1)
        .returning(|_, _| Ok(()));
    let side = |agent: &Agent| ChannelSide::of(agent);
    let sides = side(&agent_11()).zip(side(&agent_22()));
    let channel = sides.map(|(a, b)| Channel::open(id(90), a, b, Fixture::new().ago(5)));
    tx.expect_living_channel()
        .withf(|x, y| (*x, *y) == (id(11), id(22)) || (*x, *y) == (id(22), id(11)))
        .returning(move |_, _| Ok(channel.clone()));
    tx.expect_update_channel()
        .withf(|written| (written.id, written.status) == (id(90), ChannelStatus::Revoked))
        .times(1)
        .returning(|_| Ok(()));
}

/// That event in the logs of both accounts.
pub(super) fn both_told(name: EventName) -> Vec<(AccountId, EventName)> {
    vec![(id(PROPOSER), name), (id(OTHER), name)]
}

/// A fact of the event in one account's log.
pub(super) fn fact(journal: &Journal, account: u128, name: &str) -> String {
    let events = journal.events();
    let event = events.iter().find(|event| event.account == id(account));
    let fact = event.and_then(|event| event.facts.iter().find(|(key, _)| *key == name));
    fact.map(|(_, value)| value.clone()).unwrap_or_default()
}
