#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::account::Account;
use crate::mock::{Fixture, MockTx, id};
use crate::plan::PlanCatalogue;

const MB: u64 = 1 << 20;

/// An account that signed up on the 10th, looked at on the 15th.
fn with_account(fixture: &Fixture) -> MockTx {
    let mut tx = MockTx::new();
    let account = Account { created_at: "2026-01-10T08:00:00Z".parse().unwrap(), ..fixture.account(1) };
    tx.expect_account().returning(move |of| Ok((of == account.id).then(|| account.clone())));
    tx
}

fn fixture() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.now = "2027-01-15T08:00:00Z".parse().unwrap();
    fixture
}

/// Counts storage as the database would; what the clock ended gives back `ended` bytes, once.
fn counts_storage(tx: &mut MockTx, used: u64, ended: u64) -> Arc<AtomicU64> {
    let used = Arc::new(AtomicU64::new(used));
    let taken = used.clone();
    tx.expect_take_storage().returning(move |_, bytes, limit| {
        let fits = limit.is_none_or(|limit| taken.load(Ordering::Relaxed) + bytes <= limit);
        taken.fetch_add(if fits { bytes } else { 0 }, Ordering::Relaxed);
        Ok(fits)
    });
    let read = used.clone();
    tx.expect_usage()
        .returning(move |_| Ok(Usage { storage_bytes: read.load(Ordering::Relaxed), ..Usage::default() }));
    let lowered = used.clone();
    tx.expect_give_back_storage().returning(move |_, bytes| {
        lowered.fetch_sub(bytes, Ordering::Relaxed);
        Ok(())
    });
    tx.expect_unhold_run_out().times(..=1).return_once(move |_, _| Ok(ended / 2));
    tx.expect_unhold_abandoned().times(..=1).return_once(move |_, _| Ok(ended - ended / 2));
    used
}

#[tokio::test]
async fn storage_is_taken_to_the_last_byte() {
    let fixture = fixture();
    let mut tx = with_account(&fixture);
    let used = counts_storage(&mut tx, 200 * MB, 0);
    reserve_storage(&mut tx, &fixture.cx(), id(1), 50 * MB).await.unwrap();
    assert_eq!(used.load(Ordering::Relaxed), 250 * MB);
    let refusal = reserve_storage(&mut tx, &fixture.cx(), id(1), 1).await.unwrap_err();
    let QuotaError::StorageLimitReached { plan, limit, used, wanted } = refusal else {
        panic!("{refusal:?}")
    };
    assert_eq!((plan.as_str(), limit, used, wanted), ("free", 250 * MB, 250 * MB, 1));
}

#[tokio::test]
async fn what_has_ended_is_given_back_before_anybody_is_refused() {
    let fixture = fixture();
    for (ended, fits) in [(11, true), (10, true), (9, false)] {
        let mut tx = with_account(&fixture);
        let used = counts_storage(&mut tx, 250 * MB, ended);
        assert_eq!(reserve_storage(&mut tx, &fixture.cx(), id(1), 10).await.is_ok(), fits, "{ended}");
        let expected = 250 * MB - ended + if fits { 10 } else { 0 };
        assert_eq!(used.load(Ordering::Relaxed), expected);
    }
}

#[tokio::test]
async fn a_plan_without_limit_refuses_nothing_but_counts() {
    let mut fixture = fixture();
    let enterprise = PlanCatalogue::default_plans().pop().unwrap();
    let unlimited = crate::plan::Plan { name: fixture.account(1).plan, ..enterprise };
    fixture.settings.plans = PlanCatalogue::new([unlimited.clone()], unlimited.name).unwrap();
    let mut tx = with_account(&fixture);
    let used = counts_storage(&mut tx, 0, 0);
    tx.expect_count_transfer().withf(|_, _, limit| limit.is_none()).times(1).return_once(|_, _, _| Ok(true));
    reserve_storage(&mut tx, &fixture.cx(), id(1), 1 << 50).await.unwrap();
    count_transfer(&mut tx, &fixture.cx(), id(1)).await.unwrap();
    check_transfers_left(&mut tx, &fixture.cx(), id(1)).await.unwrap();
    assert_eq!(used.load(Ordering::Relaxed), 1 << 50);
}

#[tokio::test]
async fn only_what_a_transfer_still_holds_is_given_back() {
    for (asked, held, given) in [(u64::MAX, 12, Some(12)), (5, 5, Some(5)), (u64::MAX, 0, None)] {
        let mut tx = MockTx::new();
        tx.expect_unhold_transfer().withf(move |_, most| *most == asked).return_once(move |_, _| Ok(held));
        if let Some(given) = given {
            tx.expect_give_back_storage()
                .withf(move |of, bytes| (*of, *bytes) == (id(1), given))
                .times(1)
                .return_once(|_, _| Ok(()));
        }
        release_part(&mut tx, id(1), id(50), asked).await.unwrap();
    }
}

#[tokio::test]
async fn transfers_are_counted_in_the_month_of_the_sign_up_day() {
    let fixture = fixture();
    let start: Timestamp = "2027-01-10T00:00:00Z".parse().unwrap();
    for left in [true, false] {
        let mut tx = with_account(&fixture);
        tx.expect_count_transfer()
            .withf(move |of, month, limit| (*of, *month, *limit) == (id(1), start, Some(50)))
            .times(1)
            .return_once(move |_, _, _| Ok(left));
        let outcome = count_transfer(&mut tx, &fixture.cx(), id(1)).await;
        match outcome {
            Ok(()) => assert!(left),
            Err(QuotaError::TransferLimitReached { plan, limit, retry_after }) => {
                // From the 15th at 8 until the 10th of the next month.
                let wait = 26 * 86_400 - 8 * 3_600;
                assert_eq!((left, plan.as_str(), limit, retry_after), (false, "free", 50, wait));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_month_that_is_used_up_is_known_before_the_bytes() {
    let fixture = fixture();
    let this: Timestamp = "2027-01-10T00:00:00Z".parse().unwrap();
    let last: Timestamp = "2026-12-10T00:00:00Z".parse().unwrap();
    for (month_start, transfers, left) in
        [(Some(this), 49, true), (Some(this), 50, false), (Some(last), 50, true), (None, 0, true)]
    {
        let mut tx = with_account(&fixture);
        tx.expect_usage().returning(move |_| Ok(Usage { storage_bytes: 0, transfers, month_start }));
        let outcome = check_transfers_left(&mut tx, &fixture.cx(), id(1)).await;
        assert_eq!(outcome.is_ok(), left, "{outcome:?}");
    }
}
