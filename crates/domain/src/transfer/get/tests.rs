#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;

use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, MockTx, id};

async fn get(
    caller: Caller,
    stored: Option<Transfer>,
    fixture: &Fixture,
) -> Result<Transfer, ReadTransferError> {
    let mut tx = MockTx::new();
    tx.expect_transfer().withf(|asked| *asked == id(50)).return_once(move |_| Ok(stored));
    GetTransfer { caller, id: id(50) }.answer(&fixture.cx(), &mut tx).await
}

#[tokio::test]
async fn both_sides_see_it() {
    let fixture = Fixture::new();
    let sent = transfer(&agent(22));
    for caller in [
        fixture.account_caller(id(ME)),
        fixture.account_caller(id(THEM)),
        fixture.agent_caller(&agent(11)),
        fixture.agent_caller(&agent(22)),
    ] {
        assert_eq!(get(caller, Some(sent.clone()), &fixture).await.unwrap(), sent);
    }
}

#[tokio::test]
async fn strangers_siblings_and_missing_ones_are_refused() {
    let fixture = Fixture::new();
    let sent = || Some(transfer(&agent(22)));
    let missing = |outcome| matches!(outcome, Err(ReadTransferError::Denied(Denied::NotFound("Transfer"))));
    assert!(missing(get(fixture.account_caller(id(STRANGER)), sent(), &fixture).await));
    assert!(missing(get(fixture.account_caller(id(ME)), None, &fixture).await));
    let sibling = get(fixture.agent_caller(&agent(12)), sent(), &fixture).await;
    assert!(matches!(sibling, Err(ReadTransferError::Denied(Denied::Forbidden(_)))));
}

#[tokio::test]
async fn a_deleted_one_is_not_found_but_an_ended_one_is() {
    let fixture = Fixture::new();
    let me = || fixture.account_caller(id(ME));
    let with = |status| Some(Transfer { status, ..transfer(&agent(22)) });
    let deleted = get(me(), with(TransferStatus::Deleted), &fixture).await;
    assert!(matches!(deleted, Err(ReadTransferError::Denied(Denied::NotFound("Transfer")))));
    for status in [TransferStatus::Downloaded, TransferStatus::Expired] {
        assert_eq!(get(me(), with(status), &fixture).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn the_clock_decides_whether_it_has_run_out() {
    let me = |fixture: &Fixture| fixture.account_caller(id(ME));
    let stored = transfer(&agent(22));
    for (late, status) in [(-1, TransferStatus::Active), (0, TransferStatus::Expired)] {
        let mut fixture = Fixture::new();
        fixture.now = stored.expires_at + TimeDelta::seconds(late);
        let seen = get(me(&fixture), Some(stored.clone()), &fixture).await.unwrap();
        assert_eq!(seen.status, status, "{late}");
    }
}

#[tokio::test]
async fn an_outage_is_not_taken_for_absence() {
    let (fixture, mut tx) = (Fixture::new(), MockTx::new());
    tx.expect_transfer().return_once(|_| Err(unavailable()));
    let get = GetTransfer { caller: fixture.account_caller(id(ME)), id: id(50) };
    let outcome = get.answer(&fixture.cx(), &mut tx).await;
    assert!(matches!(outcome, Err(ReadTransferError::Store(StoreError::Unavailable { .. }))));
}

async fn list(caller: Caller, expected: SentQuery, fixture: &Fixture) -> Slice<Transfer> {
    let mut tx = MockTx::new();
    let page = Page { limit: 20, offset: 40 };
    let (status, mode) = (expected.status, expected.mode);
    let run_out = Transfer { expires_at: fixture.now, ..transfer(&agent(22)) };
    tx.expect_sent_transfers()
        .withf(move |query, asked| *query == expected && *asked == page)
        .return_once(|_, _| Ok(Slice { items: vec![run_out], total: 41 }));
    ListSent { caller, status, mode, page }.answer(&fixture.cx(), &mut tx).await.unwrap()
}

#[tokio::test]
async fn an_account_lists_what_it_sent_with_the_status_of_the_clock() {
    let fixture = Fixture::new();
    let query = SentQuery { account: id(ME), agent: None, status: None, mode: None, now: fixture.now };
    let listed = list(fixture.account_caller(id(ME)), query, &fixture).await;
    assert_eq!((listed.total, listed.items[0].status), (41, TransferStatus::Expired));
}

#[tokio::test]
async fn an_agent_key_lists_what_its_agent_sent_and_filters_are_passed_on() {
    let fixture = Fixture::new();
    let query = SentQuery {
        account: id(ME),
        agent: Some(id(11)),
        status: Some(TransferStatus::Expired),
        mode: Some(Mode::AgentToAgent),
        now: fixture.now,
    };
    list(fixture.agent_caller(&agent(11)), query, &fixture).await;
}
