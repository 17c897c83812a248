#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::ConnectionStatus;
use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, Journal, MockTx, id};

async fn accept(caller: Caller, tx: &mut MockTx) -> Result<Connection, AcceptError> {
    Accept { caller, id: id(500) }.perform(&Fixture::new().cx(), tx).await
}

fn finding(found: Option<Connection>) -> (MockTx, Journal) {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    finds(&mut tx, found);
    (tx, journal)
}

fn counts_up(tx: &mut MockTx, allowed: bool) {
    tx.expect_account().returning(|_| Ok(Some(Fixture::new().account(INVITEE))));
    tx.expect_count_up()
        .withf(|of, counter, limit| {
            (*of, *counter, *limit) == (id(INVITEE), AccountCounter::Connections, Some(3))
        })
        .times(1)
        .returning(move |_, _, _| Ok(allowed));
}

#[tokio::test]
async fn the_invitee_accepts_and_both_are_told() {
    let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Pending)));
    counts_up(&mut tx, true);
    tx.expect_update_connection()
        .withf(|written| written.status == ConnectionStatus::Active)
        .times(1)
        .returning(|_| Ok(()));
    journal.allow_all(&mut tx);

    let active = accept(by(INVITEE), &mut tx).await.unwrap();

    assert_eq!(active.accepted_at, Some(Fixture::new().now));
    assert_eq!(journal.locked(), [id(INVITER), id(INVITEE)]);
    assert_eq!(journal.audited(), [("connection.accept", active.id.to_string())]);
    let told = EventName::ConnectionAccepted;
    assert_eq!(journal.told(), [(id(INVITER), told), (id(INVITEE), told)]);
}

#[tokio::test]
async fn an_agent_key_can_not_accept() {
    let refused = accept(by_agent_of(INVITEE), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(AcceptError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_nothing() {
    for found in [None, Some(connection(ConnectionStatus::Pending)), Some(lonely_invite())] {
        let (mut tx, _) = finding(found);
        let refused = accept(by(STRANGER), &mut tx).await;
        assert!(matches!(refused, Err(AcceptError::Denied(Denied::NotFound("Connection")))));
    }
}

#[tokio::test]
async fn the_inviter_can_not_accept_whatever_the_status() {
    for (status, _) in ConnectionStatus::ALL {
        let (mut tx, journal) = finding(Some(connection(status)));
        journal.allow_locks(&mut tx);
        let refused = accept(by(INVITER), &mut tx).await;
        assert!(matches!(refused, Err(AcceptError::Refused(AnswerRefused::OwnInvite))));
    }
}

#[tokio::test]
async fn only_a_pending_invite_is_accepted() {
    for status in [ConnectionStatus::Active, ConnectionStatus::Revoked] {
        let (mut tx, journal) = finding(Some(connection(status)));
        journal.allow_locks(&mut tx);
        let refused = accept(by(INVITEE), &mut tx).await;
        assert!(
            matches!(refused, Err(AcceptError::Refused(AnswerRefused::AlreadyProcessed(s))) if s == status)
        );
    }
}

#[tokio::test]
async fn the_status_under_the_lock_decides() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    let seen = connection(ConnectionStatus::Pending);
    finds_first_then(&mut tx, seen, Some(connection(ConnectionStatus::Revoked)));
    journal.allow_locks(&mut tx);
    let refused = accept(by(INVITEE), &mut tx).await;
    assert!(matches!(refused, Err(AcceptError::Refused(AnswerRefused::AlreadyProcessed(_)))));
}

#[tokio::test]
async fn an_invite_withdrawn_in_between_is_not_found() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    finds_first_then(&mut tx, connection(ConnectionStatus::Pending), None);
    journal.allow_locks(&mut tx);
    let refused = accept(by(INVITEE), &mut tx).await;
    assert!(matches!(refused, Err(AcceptError::Denied(Denied::NotFound(_)))));
}

#[tokio::test]
async fn the_plan_of_the_accepting_account_refuses() {
    let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Pending)));
    journal.allow_locks(&mut tx);
    counts_up(&mut tx, false);
    let refused = accept(by(INVITEE), &mut tx).await;
    let Err(AcceptError::PlanLimit { plan, limit }) = refused else { panic!("{refused:?}") };
    assert_eq!((plan.as_str(), limit), ("free", 3));
}
