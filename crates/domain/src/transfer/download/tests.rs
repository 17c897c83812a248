#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;

use super::super::testing::*;
use super::*;
use crate::job::{Job, JobKind};
use crate::mock::{Fixture, Journal, MockTx, id};

#[test]
fn a_grant_lasts_as_long_as_a_slow_client_needs() {
    assert_eq!(grant_seconds(0, 900), 900);
    assert_eq!(grant_seconds(900 << 18, 900), 900);
    assert_eq!(grant_seconds(1_000 << 18, 900), 1_000);
    assert_eq!(grant_seconds(u64::MAX, 900), 86_400);
    assert_eq!(grant_seconds(0, 100_000), 100_000, "the operator may ask for more than a day");
}

fn theirs() -> Caller {
    Fixture::new().account_caller(id(THEM))
}

/// Account 2 downloads what is stored; `claimed` is what the claim yields.
async fn download(
    caller: Caller,
    tx: &mut MockTx,
    claimed: Option<Transfer>,
) -> Result<(Transfer, Grant), DownloadError> {
    let fixture = Fixture::new();
    let now = fixture.now;
    tx.expect_claim_download()
        .withf(move |of, at| (*of, *at) == (id(50), now))
        .times(1)
        .return_once(move |_, _| Ok(claimed));
    Download { caller, id: id(50) }.perform(&fixture.cx(), tx).await
}

fn sees(tx: &mut MockTx, transfer: Transfer) {
    tx.expect_transfer().withf(|asked| *asked == id(50)).returning(move |_| Ok(Some(transfer.clone())));
}

#[tokio::test]
async fn a_claim_gives_a_grant_and_is_told_to_both() {
    for caller in [theirs(), Fixture::new().agent_caller(&agent(22))] {
        let (mut tx, journal) = (MockTx::new(), Journal::default());
        sees(&mut tx, transfer(&agent(22)));
        journal.allow_all(&mut tx);
        tx.expect_insert_grant().times(1).return_once(|_| Ok(()));
        let claimed = Transfer { downloads: 1, ..transfer(&agent(22)) };

        let (answered, grant) = download(caller.clone(), &mut tx, Some(claimed.clone())).await.unwrap();

        assert_eq!(answered, claimed);
        let expected = Grant {
            id: id(Fixture::FIRST_ID),
            transfer_id: id(50),
            key_id: caller.credential.key(),
            created_at: Fixture::new().now,
            expires_at: Fixture::new().now + TimeDelta::seconds(900),
            streaming_until: None,
            revoked_at: None,
        };
        assert_eq!(grant, expected);
        assert_eq!(journal.locked(), [id(ME), id(THEM)]);
        assert_eq!(journal.audited(), [("transfer.download", answered.id.to_string())]);
        let told = EventName::TransferDownloaded;
        assert_eq!(journal.told(), [(id(ME), told), (id(THEM), told)]);
    }
}

#[tokio::test]
async fn a_large_transfers_grant_lasts_longer() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    let large = Transfer { total_size: 7_200 << 18, ..transfer(&agent(22)) };
    sees(&mut tx, large.clone());
    journal.allow_all(&mut tx);
    tx.expect_insert_grant().return_once(|_| Ok(()));
    let (_, grant) = download(theirs(), &mut tx, Some(large)).await.unwrap();
    assert_eq!(grant.expires_at, Fixture::new().now + TimeDelta::hours(2));
}

#[tokio::test]
async fn the_last_download_has_the_bytes_removed_when_its_grant_ends() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    sees(&mut tx, Transfer { auto_delete: true, ..transfer(&agent(22)) });
    journal.allow_all(&mut tx);
    tx.expect_insert_grant().return_once(|_| Ok(()));
    let run_at = Fixture::new().now + TimeDelta::seconds(900);
    let purge = move |job: &Job| (job.kind, job.run_at) == (JobKind::PurgeTransfer(id(50)), run_at);
    tx.expect_enqueue().withf(purge).times(1).return_once(|_| Ok(()));
    let claimed = Transfer { status: TransferStatus::Downloaded, downloads: 1, ..transfer(&agent(22)) };
    let (answered, _) = download(theirs(), &mut tx, Some(claimed)).await.unwrap();
    assert_eq!(answered.status, TransferStatus::Downloaded);
}

#[tokio::test]
async fn within_one_account_it_is_told_once() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    sees(&mut tx, transfer(&agent(12)));
    journal.allow_all(&mut tx);
    tx.expect_insert_grant().return_once(|_| Ok(()));
    let caller = Fixture::new().account_caller(id(ME));
    download(caller, &mut tx, Some(transfer(&agent(12)))).await.unwrap();
    assert_eq!(journal.told(), [(id(ME), EventName::TransferDownloaded)]);
}

async fn refused(caller: Caller, stored: Option<Transfer>) -> DownloadError {
    let (fixture, mut tx) = (Fixture::new(), MockTx::new());
    tx.expect_transfer().return_once(move |_| Ok(stored));
    Download { caller, id: id(50) }.perform(&fixture.cx(), &mut tx).await.unwrap_err()
}

#[tokio::test]
async fn only_the_recipient_downloads() {
    let fixture = Fixture::new();
    let sent = || Some(transfer(&agent(22)));
    for caller in [
        fixture.account_caller(id(ME)),
        fixture.agent_caller(&agent(11)),
        fixture.agent_caller(&agent(12)),
        fixture.agent_caller(&agent(23)),
    ] {
        let refusal = refused(caller.clone(), sent()).await;
        assert!(matches!(refusal, DownloadError::Denied(Denied::Forbidden(_))), "{caller:?}");
    }
    for (caller, stored) in [(fixture.account_caller(id(STRANGER)), sent()), (theirs(), None)] {
        let refusal = refused(caller, stored).await;
        assert!(matches!(refusal, DownloadError::Denied(Denied::NotFound("Transfer"))));
    }
}

#[tokio::test]
async fn what_has_ended_is_gone_and_says_how() {
    for status in [TransferStatus::Downloaded, TransferStatus::Expired, TransferStatus::Deleted] {
        let refusal = refused(theirs(), Some(Transfer { status, ..transfer(&agent(22)) })).await;
        assert!(matches!(refusal, DownloadError::Gone(how) if how == status), "{status:?}");
    }
    let run_out = Transfer { expires_at: Fixture::new().now, ..transfer(&agent(22)) };
    let refusal = refused(theirs(), Some(run_out)).await;
    assert!(matches!(refusal, DownloadError::Gone(TransferStatus::Expired)));
    assert_eq!(refusal.to_string(), "the transfer is expired; it can't be downloaded any more");
}

#[tokio::test]
async fn strangers_do_not_learn_that_it_was_there() {
    let ended = Transfer { status: TransferStatus::Downloaded, ..transfer(&agent(22)) };
    let refusal = refused(Fixture::new().account_caller(id(STRANGER)), Some(ended)).await;
    assert!(matches!(refusal, DownloadError::Denied(Denied::NotFound(_))));
}

/// The transfer was active when it was looked at; then it was `now`, and the claim was lost.
async fn lost_to(now: Option<Transfer>) -> DownloadError {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_locks(&mut tx);
    tx.expect_transfer().times(1).return_once(|_| Ok(Some(transfer(&agent(22)))));
    tx.expect_transfer().times(1).return_once(move |_| Ok(now));
    download(theirs(), &mut tx, None).await.unwrap_err()
}

#[tokio::test]
async fn a_lost_claim_says_what_it_was_lost_to() {
    for status in [TransferStatus::Downloaded, TransferStatus::Expired, TransferStatus::Deleted] {
        let refusal = lost_to(Some(Transfer { status, ..transfer(&agent(22)) })).await;
        assert!(matches!(refusal, DownloadError::Gone(how) if how == status), "{status:?}");
    }
    assert!(matches!(lost_to(None).await, DownloadError::Denied(Denied::NotFound("Transfer"))));
    let active = lost_to(Some(transfer(&agent(22)))).await;
    assert!(matches!(active, DownloadError::Gone(TransferStatus::Downloaded)));
}

#[tokio::test]
async fn an_outage_is_not_taken_for_absence() {
    let (fixture, mut tx) = (Fixture::new(), MockTx::new());
    tx.expect_transfer().return_once(|_| Err(unavailable()));
    let outcome = Download { caller: theirs(), id: id(50) }.perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(outcome, Err(DownloadError::Store(StoreError::Unavailable { .. }))));
}
