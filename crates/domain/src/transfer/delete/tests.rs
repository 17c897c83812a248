#![allow(clippy::unwrap_used)]

use super::super::testing::*;
use super::*;
use crate::event::EventName;
use crate::mock::{Fixture, Journal, MockTx, id};

fn act(caller: Caller) -> DeleteTransfer {
    DeleteTransfer { caller, id: id(50) }
}

fn stored(tx: &mut MockTx, to: u8) {
    tx.expect_transfer().returning(move |_| Ok(Some(transfer(&agent(to)))));
}

fn ends(tx: &mut MockTx) {
    let deleted = |_: &TransferId, status: &TransferStatus, _: &Timestamp| *status == TransferStatus::Deleted;
    tx.expect_end_transfer().withf(deleted).times(1).return_once(|_, _, _| Ok(true));
    tx.expect_revoke_grants().times(1).return_once(|_, _| Ok(()));
    tx.expect_enqueue().times(1).return_once(|_| Ok(()));
}

#[tokio::test]
async fn the_sender_ends_it_for_both() {
    let fixture = Fixture::new();
    for caller in [fixture.account_caller(id(ME)), fixture.agent_caller(&agent(11))] {
        let (mut tx, journal) = (MockTx::new(), Journal::default());
        stored(&mut tx, 22);
        ends(&mut tx);
        journal.allow_all(&mut tx);
        let at = act(caller).perform(&fixture.cx(), &mut tx).await.unwrap();
        assert_eq!(at, fixture.now);
        assert_eq!(journal.locked(), [id(ME), id(THEM)]);
        assert_eq!(journal.audited(), [("transfer.delete", transfer(&agent(22)).id.to_string())]);
        let told = EventName::TransferDeleted;
        assert_eq!(journal.told(), [(id(ME), told), (id(THEM), told)]);
    }
}

#[tokio::test]
async fn within_one_account_it_is_told_once() {
    let (fixture, mut tx, journal) = (Fixture::new(), MockTx::new(), Journal::default());
    stored(&mut tx, 12);
    ends(&mut tx);
    journal.allow_all(&mut tx);
    act(fixture.account_caller(id(ME))).perform(&fixture.cx(), &mut tx).await.unwrap();
    assert_eq!(journal.told(), [(id(ME), EventName::TransferDeleted)]);
}

#[tokio::test]
async fn nobody_else_may() {
    let fixture = Fixture::new();
    for caller in
        [fixture.account_caller(id(THEM)), fixture.agent_caller(&agent(22)), fixture.agent_caller(&agent(12))]
    {
        let mut tx = MockTx::new();
        stored(&mut tx, 22);
        let outcome = act(caller.clone()).perform(&fixture.cx(), &mut tx).await;
        assert!(matches!(outcome, Err(DeleteTransferError::Denied(Denied::Forbidden(_)))), "{caller:?}");
    }
}

#[tokio::test]
async fn the_key_of_the_receiving_agent_may_not_even_within_one_account() {
    let (fixture, mut tx) = (Fixture::new(), MockTx::new());
    stored(&mut tx, 12);
    let outcome = act(fixture.agent_caller(&agent(12))).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(outcome, Err(DeleteTransferError::Denied(Denied::Forbidden(_)))));
}

#[tokio::test]
async fn missing_strange_and_deleted_ones_are_not_found() {
    let fixture = Fixture::new();
    let not_found =
        |outcome| matches!(outcome, Err(DeleteTransferError::Denied(Denied::NotFound("Transfer"))));

    let mut tx = MockTx::new();
    tx.expect_transfer().return_once(|_| Ok(None));
    assert!(not_found(act(fixture.account_caller(id(ME))).perform(&fixture.cx(), &mut tx).await));

    let mut tx = MockTx::new();
    stored(&mut tx, 22);
    assert!(not_found(act(fixture.account_caller(id(STRANGER))).perform(&fixture.cx(), &mut tx).await));

    let (mut tx, journal) = (MockTx::new(), Journal::default());
    stored(&mut tx, 22);
    journal.allow_locks(&mut tx);
    tx.expect_end_transfer().return_once(|_, _, _| Ok(false));
    assert!(not_found(act(fixture.account_caller(id(ME))).perform(&fixture.cx(), &mut tx).await));
}
