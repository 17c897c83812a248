#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, Journal, MockTx, id};

fn record() -> Block {
    let created_at = Fixture::new().ago(60);
    Block { id: id(300), blocker: id(INVITER), blocked: id(INVITEE), created_at }
}

async fn unblock(caller: Caller, tx: &mut MockTx) -> Result<Block, UnblockError> {
    Unblock { caller, id: id(300) }.perform(&Fixture::new().cx(), tx).await
}

#[tokio::test]
async fn the_blocker_takes_it_back() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    tx.expect_block().returning(|_| Ok(Some(record())));
    tx.expect_delete_block().withf(|gone| *gone == id(300)).times(1).returning(|_| Ok(()));
    journal.allow_all(&mut tx);

    assert_eq!(unblock(by(INVITER), &mut tx).await.unwrap(), record());

    assert_eq!(journal.locked(), [id(INVITER), id(INVITEE)]);
    assert_eq!(journal.audited(), [("connection.unblock", record().id.to_string())]);
    assert!(journal.told().is_empty());
}

#[tokio::test]
async fn an_agent_key_can_not_unblock() {
    let refused = unblock(by_agent_of(INVITER), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(UnblockError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn nobody_else_finds_the_record_not_even_the_blocked_account() {
    for (caller, found) in [(INVITEE, Some(record())), (STRANGER, Some(record())), (INVITER, None)] {
        let mut tx = MockTx::new();
        tx.expect_block().returning(move |_| Ok(found.clone()));
        let refused = unblock(by(caller), &mut tx).await;
        assert!(matches!(refused, Err(UnblockError::Denied(Denied::NotFound("Block")))));
    }
}

#[tokio::test]
async fn of_two_calls_the_second_finds_nothing() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    tx.expect_block().times(1).returning(|_| Ok(Some(record())));
    tx.expect_block().returning(|_| Ok(None));
    journal.allow_locks(&mut tx);
    let refused = unblock(by(INVITER), &mut tx).await;
    assert!(matches!(refused, Err(UnblockError::Denied(Denied::NotFound("Block")))));
}
