//! What the tests of connections share: account 1 invited account 2; account 3 is a stranger.

#![allow(clippy::unwrap_used)]

use crate::account::{AccountCounter, Email};
use crate::agent::PublicKey;
use crate::caller::Caller;
use crate::channel::{Channel, ChannelSide, ChannelStatus};
use crate::connection::{Connection, ConnectionStatus};
use crate::event::EventName;
use crate::ids::AccountId;
use crate::mock::{Fixture, MockTx, id};
use crate::pairing::{Pairing, PairingSide, PairingStatus, Permission};

pub(super) const INVITER: u128 = 1;
pub(super) const INVITEE: u128 = 2;
pub(super) const STRANGER: u128 = 3;

pub(super) fn by(n: u128) -> Caller {
    Fixture::new().account_caller(id(n))
}

pub(super) fn by_agent_of(n: u128) -> Caller {
    let fixture = Fixture::new();
    fixture.agent_caller(&fixture.agent(40, id(n)))
}

pub(super) fn email(n: u128) -> Email {
    Fixture::new().account(n).email
}

/// The connection `id(500)` in that status.
pub(super) fn connection(status: ConnectionStatus) -> Connection {
    let fixture = Fixture::new();
    Connection {
        id: id(500),
        inviter: id(INVITER),
        invitee: Some(id(INVITEE)),
        invited_email: email(INVITEE),
        message: None,
        status,
        created_at: fixture.ago(60),
        accepted_at: (status != ConnectionStatus::Pending).then(|| fixture.ago(30)),
        revoked_at: (status == ConnectionStatus::Revoked).then(|| fixture.ago(10)),
    }
}

/// The invite of an address without an account.
pub(super) fn lonely_invite() -> Connection {
    Connection { invitee: None, ..connection(ConnectionStatus::Pending) }
}

/// The pairing `id(n)` of the agents `id(n + 1)` and `id(n + 2)` under the connection `id(500)`.
pub(super) fn pairing(n: u128, status: PairingStatus) -> Pairing {
    Pairing {
        id: id(n),
        connection_id: id(500),
        proposer: PairingSide { account: id(INVITER), agent: id(n + 1) },
        other: PairingSide { account: id(INVITEE), agent: id(n + 2) },
        permission: Permission::SendOnly,
        status,
        version: 1,
        created_at: Fixture::new().ago(20),
        confirmed_at: None,
        revoked_at: None,
    }
}

/// Whatever connection is asked for, this is found.
pub(super) fn finds(tx: &mut MockTx, found: Option<Connection>) {
    tx.expect_connection().returning(move |_| Ok(found.clone()));
}

/// The first look finds one thing, every later one (under the lock) another.
pub(super) fn finds_first_then(tx: &mut MockTx, first: Connection, then: Option<Connection>) {
    tx.expect_connection().times(1).returning(move |_| Ok(Some(first.clone())));
    finds(tx, then);
}

/// These accounts' numbers of connections are lowered, once each, and no other's.
pub(super) fn gives_back(tx: &mut MockTx, accounts: &[u128]) {
    for account in accounts {
        let account: AccountId = id(*account);
        tx.expect_count_down()
            .withf(move |of, counter| *of == account && *counter == AccountCounter::Connections)
            .times(1)
            .returning(|_, _| Ok(()));
    }
}

/// Two pairings and a channel stand under the connection, and are expected to end.
pub(super) fn ends_everything_under_it(tx: &mut MockTx) {
    tx.expect_update_connection()
        .withf(|written| {
            written.status == ConnectionStatus::Revoked && written.revoked_at == Some(Fixture::new().now)
        })
        .times(1)
        .returning(|_| Ok(()));
    tx.expect_living_pairings_of_connection()
        .withf(|connection| *connection == id(500))
        .returning(|_| Ok(vec![pairing(60, PairingStatus::Pending), pairing(70, PairingStatus::Active)]));
    tx.expect_update_pairing()
        .withf(|written| written.status == PairingStatus::Revoked && written.version == 2)
        .times(2)
        .returning(|_| Ok(()));
    tx.expect_count_pairings_down()
        .withf(|connection, by| (*connection, *by) == (id(500), 2))
        .times(1)
        .returning(|_, _| Ok(()));
    tx.expect_living_channels_between().returning(|x, y| Ok(vec![channel(x, y)]));
    tx.expect_update_channel()
        .withf(|written| written.status == ChannelStatus::Revoked)
        .times(1)
        .returning(|_| Ok(()));
}

/// Nothing stands under the connection.
pub(super) fn ends_alone(tx: &mut MockTx) {
    tx.expect_update_connection()
        .withf(|written| written.status == ConnectionStatus::Revoked)
        .times(1)
        .returning(|_| Ok(()));
    tx.expect_living_pairings_of_connection().returning(|_| Ok(Vec::new()));
    tx.expect_living_channels_between().returning(|_, _| Ok(Vec::new()));
}

fn channel(x: AccountId, y: AccountId) -> Channel {
    let side = |account, agent: u8| ChannelSide {
        account,
        agent: id(u128::from(agent)),
        public_key: PublicKey::from_stored([agent; 32]),
        key_version: 1,
    };
    Channel::open(id(90), side(x, 71), side(y, 72), Fixture::new().ago(5))
}

/// What both accounts are told when the connection ends with its two pairings.
pub(super) fn told_of_everything() -> Vec<(AccountId, EventName)> {
    let of = |account: u128| {
        let revoked = [EventName::PairingRevoked, EventName::PairingRevoked, EventName::ConnectionRevoked];
        revoked.map(|name| (id(account), name))
    };
    [of(INVITER), of(INVITEE)].concat()
}
