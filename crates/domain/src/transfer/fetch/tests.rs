#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;

use super::super::Transfer;
use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, MockTx, id};

const OPEN: fn() -> OpenFile = || OpenFile { grant: id(80), file: id(61) };

async fn open(
    what: OpenFile,
    grant: Option<Grant>,
    of: Option<Transfer>,
) -> Result<(TransferFile, Grant), FetchError> {
    let mut tx = MockTx::new();
    tx.expect_grant().withf(move |asked| *asked == what.grant).return_once(move |_| Ok(grant));
    tx.expect_transfer().withf(|asked| *asked == id(50)).return_once(move |_| Ok(of));
    tx.expect_api_key().returning(|of| Ok(Some(key(of))));
    what.answer(&Fixture::new().cx(), &mut tx).await
}

fn missing<T>(outcome: Result<T, FetchError>) -> bool {
    matches!(outcome, Err(FetchError::Denied(Denied::NotFound("File"))))
}

#[tokio::test]
async fn a_living_grant_opens_each_file_of_its_transfer() {
    for file in [61, 62] {
        let what = OpenFile { file: id(file), ..OPEN() };
        let (opened, under) = open(what, Some(grant(80)), Some(transfer(&agent(22)))).await.unwrap();
        assert_eq!((opened.id, under), (id(file), grant(80)));
    }
}

#[tokio::test]
async fn a_revoked_key_takes_its_urls_along() {
    let revoked = |of| crate::api_key::ApiKey { revoked_at: Some(Fixture::new().now), ..key(of) };
    for known in [Some(revoked(grant(80).key_id)), None] {
        let mut tx = MockTx::new();
        tx.expect_grant().return_once(|_| Ok(Some(grant(80))));
        tx.expect_transfer().return_once(|_| Ok(Some(transfer(&agent(22)))));
        tx.expect_api_key().withf(|asked| *asked == grant(80).key_id).return_once(move |_| Ok(known));
        let outcome = OPEN().answer(&Fixture::new().cx(), &mut tx).await;
        assert!(matches!(outcome, Err(FetchError::Gone)));
    }
}

#[tokio::test]
async fn an_ended_transfers_grants_go_on() {
    for status in [super::super::TransferStatus::Downloaded, super::super::TransferStatus::Expired] {
        let ended = Transfer { status, ..transfer(&agent(22)) };
        assert!(open(OPEN(), Some(grant(80)), Some(ended)).await.is_ok());
    }
}

#[tokio::test]
async fn no_grant_no_transfer_and_no_such_file_look_the_same() {
    let sent = || Some(transfer(&agent(22)));
    assert!(missing(open(OPEN(), None, sent()).await));
    assert!(missing(open(OPEN(), Some(grant(80)), None).await));
    // A file of another transfer, for which the grant is no right.
    assert!(missing(open(OpenFile { file: id(99), ..OPEN() }, Some(grant(80)), sent()).await));
}

#[tokio::test]
async fn what_has_ended_is_gone() {
    let now = Fixture::new().now;
    let sent = transfer(&agent(22));
    let purged = Transfer { purged_at: Some(now), ..sent.clone() };
    for (grant, of) in [
        (Grant { revoked_at: Some(now), ..grant(80) }, sent.clone()),
        (Grant { expires_at: now, ..grant(80) }, sent.clone()),
        // A fetch that runs prolongs nothing but itself.
        (
            Grant { expires_at: now, streaming_until: Some(now + TimeDelta::hours(1)), ..grant(80) },
            sent.clone(),
        ),
        (grant(80), purged),
    ] {
        let outcome = open(OPEN(), Some(grant.clone()), Some(of)).await;
        assert!(matches!(outcome, Err(FetchError::Gone)), "{grant:?}");
    }
    let last_moment = Grant { expires_at: now + TimeDelta::microseconds(1), ..grant(80) };
    assert!(open(OPEN(), Some(last_moment), Some(sent)).await.is_ok());
}

#[tokio::test]
async fn an_outage_is_not_taken_for_absence() {
    let mut tx = MockTx::new();
    tx.expect_grant().return_once(|_| Err(unavailable()));
    let outcome = OPEN().answer(&Fixture::new().cx(), &mut tx).await;
    assert!(matches!(outcome, Err(FetchError::Store(StoreError::Unavailable { .. }))));
}

#[tokio::test]
async fn a_running_fetch_protects_the_bytes_for_its_lease() {
    for granted in [true, false] {
        let (fixture, mut tx) = (Fixture::new(), MockTx::new());
        let until = fixture.now + TimeDelta::seconds(120);
        tx.expect_renew_grant_stream()
            .withf(move |grant, asked| (*grant, *asked) == (id(80), until))
            .times(1)
            .return_once(move |_, _| Ok(granted));
        let goes_on = KeepFetching { grant: id(80) }.perform(&fixture.cx(), &mut tx).await.unwrap();
        assert_eq!(goes_on, granted);
    }
}

#[tokio::test]
async fn a_running_fetch_ends_with_its_right_and_not_with_its_url() {
    let now = Fixture::new().now;
    let revoked = |of| crate::api_key::ApiKey { revoked_at: Some(now), ..key(of) };
    for (of, with_key, goes_on) in [
        (Some(grant(80)), Some(key(grant(80).key_id)), true),
        (Some(Grant { expires_at: now, ..grant(80) }), Some(key(grant(80).key_id)), true),
        (Some(Grant { revoked_at: Some(now), ..grant(80) }), Some(key(grant(80).key_id)), false),
        (Some(grant(80)), Some(revoked(grant(80).key_id)), false),
        (Some(grant(80)), None, false),
        (None, None, false),
    ] {
        let mut tx = MockTx::new();
        tx.expect_grant().return_once(|_| Ok(of));
        tx.expect_api_key().return_once(move |_| Ok(with_key));
        let answer = MayGoOn { grant: id(80) }.answer(&Fixture::new().cx(), &mut tx).await;
        assert_eq!(answer.unwrap(), goes_on);
    }
}
