#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::ConnectionStatus;
use super::super::testing::*;
use super::*;
use crate::event::EventName;
use crate::mock::{Fixture, Journal, MockTx, id};

async fn revoke(caller: Caller, tx: &mut MockTx) -> Result<Revoked, RevokeError> {
    Revoke { caller, id: id(500), purge: false }.perform(&Fixture::new().cx(), tx).await
}

fn finding(found: Option<Connection>) -> (MockTx, Journal) {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    finds(&mut tx, found);
    (tx, journal)
}

#[tokio::test]
async fn either_side_ends_the_connection_and_all_under_it() {
    for caller in [INVITER, INVITEE] {
        let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Active)));
        ends_everything_under_it(&mut tx);
        gives_back(&mut tx, &[INVITER, INVITEE]);
        journal.allow_all(&mut tx);

        let revoked = revoke(by(caller), &mut tx).await.unwrap();

        assert_eq!(revoked, Revoked { pairings_revoked: 2 });
        assert_eq!(journal.locked(), [id(INVITER), id(INVITEE)]);
        assert_eq!(journal.audited()[0].0, "connection.revoke");
        assert_eq!(journal.told(), told_of_everything());
    }
}

#[tokio::test]
async fn a_withdrawn_invite_gives_back_the_inviters_place_only() {
    let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Pending)));
    ends_alone(&mut tx);
    gives_back(&mut tx, &[INVITER]);
    journal.allow_all(&mut tx);
    assert_eq!(revoke(by(INVITER), &mut tx).await.unwrap().pairings_revoked, 0);
    let told = EventName::ConnectionRevoked;
    assert_eq!(journal.told(), [(id(INVITER), told), (id(INVITEE), told)]);
    assert!(journal.events()[0].facts.is_empty(), "the inviter does not learn who was invited");
}

#[tokio::test]
async fn an_invite_that_nobody_has_seen_is_withdrawn_too() {
    let (mut tx, journal) = finding(Some(lonely_invite()));
    ends_alone(&mut tx);
    gives_back(&mut tx, &[INVITER]);
    journal.allow_all(&mut tx);
    let act = Revoke { caller: by(INVITER), id: id(500), purge: true };
    act.perform(&Fixture::new().cx(), &mut tx).await.unwrap();
    assert_eq!(journal.locked(), [id(INVITER)]);
    assert_eq!(journal.told(), [(id(INVITER), EventName::ConnectionRevoked)]);
}

#[tokio::test]
async fn purging_ends_the_active_transfers_between_the_two_accounts() {
    let (mut tx, journal) = finding(Some(connection(ConnectionStatus::Active)));
    ends_alone(&mut tx);
    gives_back(&mut tx, &[INVITER, INVITEE]);
    journal.allow_all(&mut tx);
    tx.expect_active_transfers_between_accounts()
        .withf(|x, y| (*x, *y) == (id(INVITER), id(INVITEE)))
        .times(1)
        .returning(|_, _| Ok(vec![id(80), id(81)]));
    // The end of a transfer is tested where it is written; one that has ended meanwhile is passed over.
    tx.expect_transfer().times(2).returning(|_| Ok(None));
    let act = Revoke { caller: by(INVITEE), id: id(500), purge: true };
    act.perform(&Fixture::new().cx(), &mut tx).await.unwrap();
}

#[tokio::test]
async fn an_agent_key_can_not_revoke() {
    let refused = revoke(by_agent_of(INVITER), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(RevokeError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_nothing() {
    for found in [None, Some(connection(ConnectionStatus::Active))] {
        let (mut tx, _) = finding(found);
        let refused = revoke(by(STRANGER), &mut tx).await;
        assert!(matches!(refused, Err(RevokeError::Denied(Denied::NotFound("Connection")))));
    }
}

#[tokio::test]
async fn of_two_revocations_the_second_is_refused() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    let seen = connection(ConnectionStatus::Active);
    finds_first_then(&mut tx, seen, Some(connection(ConnectionStatus::Revoked)));
    journal.allow_locks(&mut tx);
    assert!(matches!(revoke(by(INVITER), &mut tx).await, Err(RevokeError::AlreadyRevoked)));
}

#[tokio::test]
async fn an_invitee_who_signs_up_in_between_makes_the_act_repeat() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    finds_first_then(&mut tx, lonely_invite(), Some(connection(ConnectionStatus::Pending)));
    journal.allow_locks(&mut tx);
    let refused = revoke(by(INVITER), &mut tx).await;
    let Err(RevokeError::Store(error)) = refused else { panic!("{refused:?}") };
    assert!(error.is_contention());
}
