#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::ConnectionStatus;
use super::super::testing::*;
use super::*;
use crate::event::EventName;
use crate::mock::{Fixture, Journal, MockTx, id};

async fn block(caller: Caller, tx: &mut MockTx) -> Result<Blocked, BlockConnectionError> {
    BlockConnection { caller, id: id(500) }.perform(&Fixture::new().cx(), tx).await
}

fn finding(found: Option<Connection>) -> (MockTx, Journal) {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    finds(&mut tx, found);
    (tx, journal)
}

fn has_living(tx: &mut MockTx, living: Option<Connection>) {
    tx.expect_living_connection().times(1).returning(move |_, _| Ok(living.clone()));
}

fn inserts(tx: &mut MockTx) {
    tx.expect_insert_block().times(1).returning(|_| Ok(()));
}

#[tokio::test]
async fn either_side_blocks_the_other_and_all_between_them_ends() {
    for (blocker, blocked) in [(INVITER, INVITEE), (INVITEE, INVITER)] {
        let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Active)));
        inserts(&mut tx);
        has_living(&mut tx, Some(connection(ConnectionStatus::Active)));
        ends_everything_under_it(&mut tx);
        gives_back(&mut tx, &[INVITER, INVITEE]);
        journal.allow_all(&mut tx);

        let done = block(by(blocker), &mut tx).await.unwrap();

        assert_eq!((done.block.blocker, done.block.blocked), (id(blocker), id(blocked)));
        assert_eq!(done.pairings_revoked, 2);
        assert_eq!(journal.locked(), [id(INVITER), id(INVITEE)]);
        assert_eq!(journal.audited(), [("connection.block", id::<ConnectionId>(500).to_string())]);
        assert_eq!(journal.told(), told_of_everything());
    }
}

#[tokio::test]
async fn a_pending_invite_is_ended_and_gives_back_the_inviters_place() {
    let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Pending)));
    inserts(&mut tx);
    has_living(&mut tx, Some(connection(ConnectionStatus::Pending)));
    ends_alone(&mut tx);
    gives_back(&mut tx, &[INVITER]);
    journal.allow_all(&mut tx);
    assert_eq!(block(by(INVITEE), &mut tx).await.unwrap().pairings_revoked, 0);
    assert_eq!(journal.told()[1], (id(INVITEE), EventName::ConnectionRevoked));
}

#[tokio::test]
async fn blocking_by_way_of_an_old_connection_ends_the_new_one() {
    let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Revoked)));
    inserts(&mut tx);
    let newer = Connection { id: id(501), ..connection(ConnectionStatus::Active) };
    has_living(&mut tx, Some(newer));
    tx.expect_update_connection().withf(|written| written.id == id(501)).times(1).returning(|_| Ok(()));
    tx.expect_living_pairings_of_connection()
        .withf(|connection| *connection == id(501))
        .times(1)
        .returning(|_| Ok(Vec::new()));
    tx.expect_living_channels_between().returning(|_, _| Ok(Vec::new()));
    gives_back(&mut tx, &[INVITER, INVITEE]);
    journal.allow_all(&mut tx);
    block(by(INVITER), &mut tx).await.unwrap();
}

#[tokio::test]
async fn with_nothing_living_between_them_only_the_record_is_made() {
    let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Revoked)));
    inserts(&mut tx);
    has_living(&mut tx, None);
    journal.allow_all(&mut tx);
    assert_eq!(block(by(INVITER), &mut tx).await.unwrap().pairings_revoked, 0);
    assert!(journal.told().is_empty());
}

#[tokio::test]
async fn an_agent_key_can_not_block() {
    let refused = block(by_agent_of(INVITER), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(BlockConnectionError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_nothing() {
    for found in [None, Some(connection(ConnectionStatus::Active))] {
        let (mut tx, _) = finding(found);
        let refused = block(by(STRANGER), &mut tx).await;
        assert!(matches!(refused, Err(BlockConnectionError::Denied(Denied::NotFound("Connection")))));
    }
}

#[tokio::test]
async fn an_inviter_can_not_block_before_the_invite_is_accepted_whether_or_not_there_is_an_account() {
    let withdrawn = Connection { accepted_at: None, ..connection(ConnectionStatus::Revoked) };
    for found in [lonely_invite(), connection(ConnectionStatus::Pending), withdrawn] {
        let (mut tx, journal) = finding(Some(found));
        journal.allow_locks(&mut tx);
        let refused = block(by(INVITER), &mut tx).await;
        assert!(matches!(refused, Err(BlockConnectionError::Denied(Denied::Forbidden(_)))));
    }
}

#[tokio::test]
async fn a_second_block_is_refused() {
    let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Revoked)));
    journal.allow_locks(&mut tx);
    tx.expect_insert_block().returning(|_| Err(StoreError::Conflict(UniqueRule::Block)));
    let refused = block(by(INVITER), &mut tx).await;
    assert!(matches!(refused, Err(BlockConnectionError::AlreadyBlocked)));
}
