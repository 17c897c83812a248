#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::testing::*;
use super::super::{ChannelStatus, ChannelView};
use super::*;
use crate::mock::{Fixture, Journal, MockTx, id};

fn of(status: ChannelStatus) -> ChannelView {
    view(&agent(11), &agent(22), status)
}

async fn revoke(caller: Caller, tx: &mut MockTx) -> Result<(), RevokeError> {
    Revoke { caller, id: id(90) }.perform(&Fixture::new().cx(), tx).await
}

#[tokio::test]
async fn either_account_revokes_it() {
    for caller in [ME, THEM] {
        for status in [ChannelStatus::Pending, ChannelStatus::Active] {
            let (mut tx, journal) = (MockTx::new(), Journal::default());
            tx.expect_channel().returning(move |_| Ok(Some(of(status))));
            tx.expect_update_channel()
                .withf(|written| {
                    (written.status, written.revoked_at) == (ChannelStatus::Revoked, Some(Fixture::new().now))
                })
                .times(1)
                .returning(|_| Ok(()));
            journal.allow_all(&mut tx);

            revoke(by(caller), &mut tx).await.unwrap();

            assert_eq!(journal.locked(), [id(ME), id(THEM)]);
            assert_eq!(journal.audited(), [("channel.revoke", id::<ChannelId>(90).to_string())]);
        }
    }
}

#[tokio::test]
async fn an_agent_key_can_not_revoke() {
    let refused = revoke(by_agent(&agent(11)), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(RevokeError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_nothing() {
    for (caller, found) in [(STRANGER, Some(of(ChannelStatus::Active))), (ME, None)] {
        let mut tx = MockTx::new();
        tx.expect_channel().returning(move |_| Ok(found.clone()));
        let refused = revoke(by(caller), &mut tx).await;
        assert!(matches!(refused, Err(RevokeError::Denied(Denied::NotFound("Channel")))));
    }
}

#[tokio::test]
async fn of_two_revocations_the_second_is_refused() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    tx.expect_channel().times(1).returning(|_| Ok(Some(of(ChannelStatus::Active))));
    tx.expect_channel().returning(|_| Ok(Some(of(ChannelStatus::Revoked))));
    journal.allow_locks(&mut tx);
    assert!(matches!(revoke(by(ME), &mut tx).await, Err(RevokeError::AlreadyRevoked)));
}
