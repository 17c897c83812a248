#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::ConnectionStatus;
use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, Journal, MockTx, id};

async fn reject(caller: Caller, tx: &mut MockTx) -> Result<(), RejectError> {
    Reject { caller, id: id(500) }.perform(&Fixture::new().cx(), tx).await
}

fn finding(found: Option<Connection>) -> (MockTx, Journal) {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    finds(&mut tx, found);
    (tx, journal)
}

#[tokio::test]
async fn the_row_goes_the_inviter_gets_its_place_back_and_is_not_told() {
    let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Pending)));
    tx.expect_delete_connection().withf(|gone| *gone == id(500)).times(1).returning(|_| Ok(()));
    gives_back(&mut tx, &[INVITER]);
    journal.allow_all(&mut tx);

    reject(by(INVITEE), &mut tx).await.unwrap();

    assert_eq!(journal.locked(), [id(INVITER), id(INVITEE)]);
    assert_eq!(journal.audited().len(), 1);
    assert_eq!(journal.audited()[0].0, "connection.reject");
    assert!(journal.told().is_empty());
}

#[tokio::test]
async fn an_agent_key_can_not_reject() {
    let refused = reject(by_agent_of(INVITEE), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(RejectError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_nothing() {
    for found in [None, Some(connection(ConnectionStatus::Pending))] {
        let (mut tx, _) = finding(found);
        let refused = reject(by(STRANGER), &mut tx).await;
        assert!(matches!(refused, Err(RejectError::Denied(Denied::NotFound("Connection")))));
    }
}

#[tokio::test]
async fn the_inviter_can_not_reject() {
    let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Pending)));
    journal.allow_locks(&mut tx);
    let refused = reject(by(INVITER), &mut tx).await;
    assert!(matches!(refused, Err(RejectError::Refused(AnswerRefused::OwnInvite))));
}

#[tokio::test]
async fn only_a_pending_invite_is_rejected_as_seen_under_the_lock() {
    for status in [ConnectionStatus::Active, ConnectionStatus::Revoked] {
        let (mut tx, journal) = (MockTx::new(), Journal::default());
        finds_first_then(&mut tx, connection(ConnectionStatus::Pending), Some(connection(status)));
        journal.allow_locks(&mut tx);
        let refused = reject(by(INVITEE), &mut tx).await;
        assert!(
            matches!(refused, Err(RejectError::Refused(AnswerRefused::AlreadyProcessed(s))) if s == status)
        );
    }
}
