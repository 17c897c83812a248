#![allow(clippy::unwrap_used)]

use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, MockTx, id};

fn ends(tx: &mut MockTx, to: u8, ended: bool) {
    tx.expect_transfer().returning(move |_| Ok(Some(transfer(&agent(to)))));
    let now = Fixture::new().now;
    tx.expect_end_transfer()
        .withf(move |of, status, at| (*of, *status, *at) == (id(50), TransferStatus::Deleted, now))
        .times(1)
        .return_once(move |_, _, _| Ok(ended));
    // Its storage, if it ends now.
    let times = usize::from(ended);
    tx.expect_unhold_transfer()
        .withf(|of, most| (*of, *most) == (id(50), u64::MAX))
        .times(times)
        .returning(|_, _| Ok(12));
    tx.expect_give_back_storage()
        .withf(|of, bytes| (*of, *bytes) == (id(ME), 12))
        .times(times)
        .returning(|_, _| Ok(()));
}

async fn end(tx: &mut MockTx) -> Vec<Event> {
    end_and_purge(tx, &Fixture::new().cx(), id(50), TransferStatus::Deleted).await.unwrap()
}

#[tokio::test]
async fn grants_are_taken_back_and_the_bytes_go_at_once() {
    let (fixture, mut tx) = (Fixture::new(), MockTx::new());
    ends(&mut tx, 22, true);
    let now = fixture.now;
    tx.expect_revoke_grants()
        .withf(move |of, at| (*of, *at) == (id(50), now))
        .times(1)
        .return_once(|_, _| Ok(()));
    let purge =
        Job { id: id(Fixture::FIRST_ID), kind: JobKind::PurgeTransfer(id(50)), run_at: now, attempts: 0 };
    tx.expect_enqueue().withf(move |job| *job == purge).times(1).return_once(|_| Ok(()));

    let events = end(&mut tx).await;

    let told: Vec<_> = events.iter().map(|event| (event.account, event.name)).collect();
    assert_eq!(told, [(id(ME), EventName::TransferDeleted), (id(THEM), EventName::TransferDeleted)]);
    assert_eq!(events[0].subject, transfer(&agent(22)).id.to_string());
}

#[tokio::test]
async fn one_account_hears_of_it_once() {
    let mut tx = MockTx::new();
    ends(&mut tx, 12, true);
    tx.expect_revoke_grants().return_once(|_, _| Ok(()));
    tx.expect_enqueue().return_once(|_| Ok(()));
    assert_eq!(end(&mut tx).await.len(), 1);
}

#[tokio::test]
async fn what_ended_before_stays_as_it_is() {
    let mut tx = MockTx::new();
    ends(&mut tx, 22, false);
    assert_eq!(end(&mut tx).await, []);
}

#[tokio::test]
async fn what_is_missing_stays_so() {
    let mut tx = MockTx::new();
    tx.expect_transfer().return_once(|_| Ok(None));
    assert_eq!(end(&mut tx).await, []);
}

#[test]
fn running_out_has_an_event_of_its_own() {
    let told = |status| ended_events(&transfer(&agent(12)), status, Fixture::new().now)[0].name;
    assert_eq!(told(TransferStatus::Expired), EventName::TransferExpired);
    assert_eq!(told(TransferStatus::Deleted), EventName::TransferDeleted);
}
