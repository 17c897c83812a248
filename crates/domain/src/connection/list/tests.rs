#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::testing::*;
use super::*;
use crate::account::AccountCard;
use crate::mock::{Fixture, MockTx, id};

fn view(n: u128, status: ConnectionStatus) -> ConnectionView {
    ConnectionView {
        connection: super::super::Connection { id: id(n), ..connection(status) },
        other: Some(AccountCard::from(&Fixture::new().account(INVITEE))),
        active_pairings: 0,
        pending_pairings: 0,
    }
}

/// Five active connections 510…514, three pending ones 520…522, of which 520 is incoming.
fn stored(filter: ConnectionFilter, page: Page) -> Slice<ConnectionView> {
    let range = match (filter.status, filter.incoming) {
        (ConnectionStatus::Active, _) => 510..515,
        (ConnectionStatus::Pending, None) => 520..523,
        (ConnectionStatus::Pending, Some(true)) => 520..521,
        (ConnectionStatus::Pending, Some(false)) => 521..523,
        (ConnectionStatus::Revoked, _) => panic!("revoked connections are never listed"),
    };
    let total = range.end - range.start;
    let rows = range.map(|n| view(n, filter.status));
    let items = rows.skip(page.offset as usize).take(page.limit as usize).collect();
    Slice { items, total: total as u64 }
}

async fn list(wanted: ConnectionsWanted, limit: u32, offset: u64) -> ConnectionList {
    let mut tx = MockTx::new();
    tx.expect_connections().returning(|account, filter, page| {
        assert_eq!(account, id(INVITER));
        Ok(stored(filter, page))
    });
    tx.expect_count_pending_pairings().withf(|of| *of == id(INVITER)).returning(|_| Ok(4));
    let ask = List { caller: by(INVITER), wanted, page: Page { limit, offset } };
    ask.answer(&Fixture::new().cx(), &mut tx).await.unwrap()
}

fn numbers(list: &ConnectionList) -> Vec<u128> {
    list.connections.items.iter().map(|view| view.connection.id.uuid().as_u128()).collect()
}

#[tokio::test]
async fn a_slice_runs_through_the_active_ones_into_the_invites() {
    use ConnectionsWanted::{Active, All, Pending};
    for (wanted, limit, offset, expected, total) in [
        (All, 100, 0, vec![510, 511, 512, 513, 514, 520, 521, 522], 8),
        (All, 3, 0, vec![510, 511, 512], 8),
        (All, 4, 3, vec![513, 514, 520, 521], 8),
        (All, 4, 6, vec![521, 522], 8),
        (All, 4, 9, vec![], 8),
        (Active, 2, 4, vec![514], 5),
        (Pending, 2, 1, vec![521, 522], 3),
    ] {
        let listed = list(wanted, limit, offset).await;
        assert_eq!(numbers(&listed), expected, "{wanted:?} {limit} {offset}");
        assert_eq!(listed.connections.total, total);
    }
}

#[tokio::test]
async fn invites_are_told_apart_whatever_is_wanted() {
    let listed = list(ConnectionsWanted::Active, 1, 0).await;
    assert_eq!((listed.incoming.total, listed.outgoing.total, listed.pending_pairings), (1, 2, 4));
    assert_eq!(listed.outgoing.items.len(), 2);
}

/// All stored connections are the caller's own invites to account 2.
#[tokio::test]
async fn who_was_invited_is_not_known_before_they_accept() {
    let listed = list(ConnectionsWanted::All, 6, 0).await;
    let known = |view: &ConnectionView| view.other.is_some();
    let shown: Vec<bool> = listed.connections.items.iter().map(known).collect();
    assert_eq!(shown, [true, true, true, true, true, false]);
    assert!(!listed.outgoing.items.iter().any(known));
}

#[tokio::test]
async fn who_invites_is_known_at_once() {
    let mut tx = MockTx::new();
    tx.expect_connections().returning(|_, _, _| {
        let other = Some(AccountCard::from(&Fixture::new().account(INVITER)));
        let row = ConnectionView { other, ..view(520, ConnectionStatus::Pending) };
        Ok(Slice { items: vec![row], total: 1 })
    });
    tx.expect_count_pending_pairings().returning(|_| Ok(0));
    let page = Page { limit: 1, offset: 0 };
    let ask = List { caller: by(INVITEE), wanted: ConnectionsWanted::Pending, page };
    let listed = ask.answer(&Fixture::new().cx(), &mut tx).await.unwrap();
    assert_eq!(listed.incoming.items[0].other.as_ref().unwrap().id, id(INVITER));
}

#[tokio::test]
async fn an_agent_key_can_not_list() {
    let page = Page { limit: 1, offset: 0 };
    let ask = List { caller: by_agent_of(INVITER), wanted: ConnectionsWanted::All, page };
    let refused = ask.answer(&Fixture::new().cx(), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(ListError::Denied(Denied::ScopeMismatch { .. }))));
}
