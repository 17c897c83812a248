#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;

use super::super::testing::*;
use super::super::{Grant, TransferFile};
use super::*;
use crate::blob::ObjectKey;
use crate::event::EventName;
use crate::job::JobKind;
use crate::mock::id;

/// A world in which the transfer `id(50)` from account 1 to agent 22 has run out now.
fn run_out() -> World {
    let now = World::new().now();
    World::with(&Transfer { expires_at: now, ..transfer(&agent(22)) })
}

fn status(world: &World) -> TransferStatus {
    world.rows().transfers[&id(50)].status
}

fn purge_job(world: &World) -> Timestamp {
    let rows = world.rows();
    let queued = rows.jobs.values().next().unwrap();
    assert_eq!(queued.job.kind, JobKind::PurgeTransfer(id(50)));
    queued.job.run_at
}

#[tokio::test]
async fn what_has_run_out_is_ended_told_and_purged_at_once() {
    let world = run_out();
    sweep(&world.ports()).await.unwrap();
    assert_eq!(status(&world), TransferStatus::Expired);
    assert_eq!(purge_job(&world), world.now());
    let told = EventName::TransferExpired;
    assert_eq!(world.told(), [(ME, told), (THEM, told)]);
    // Again: nothing more happens.
    sweep(&world.ports()).await.unwrap();
    assert_eq!((world.told().len(), world.rows().jobs.len()), (2, 1));
    assert!(world.rows().audit.is_empty(), "nobody did it");
}

#[tokio::test]
async fn grants_keep_the_bytes_of_what_has_run_out() {
    let world = run_out();
    let streaming = world.now() + TimeDelta::hours(2);
    for grant in [grant(80), Grant { streaming_until: Some(streaming), ..grant(81) }] {
        world.rows().grants.insert(grant.id, grant);
    }
    sweep(&world.ports()).await.unwrap();
    assert_eq!(purge_job(&world), streaming);
    assert!(world.rows().grants.values().all(|grant| grant.revoked_at.is_none()));
}

#[tokio::test]
async fn what_lives_or_has_ended_before_is_left_alone() {
    let now = World::new().now();
    for (status, left) in
        [(TransferStatus::Active, 1), (TransferStatus::Downloaded, -1), (TransferStatus::Deleted, -1)]
    {
        let expires_at = now + TimeDelta::seconds(left);
        let stored = Transfer { status, expires_at, ..transfer(&agent(22)) };
        let world = World::with(&stored);
        sweep(&world.ports()).await.unwrap();
        assert_eq!(world.rows().transfers[&id(50)], stored);
        assert!(world.told().is_empty() && world.rows().jobs.is_empty());
    }
}

#[tokio::test]
async fn a_transfer_that_ends_before_the_lock_is_not_ended_twice() {
    let (fixture, mut tx) = (crate::mock::Fixture::new(), crate::mock::MockTx::new());
    let seen = Transfer { expires_at: fixture.now, ..transfer(&agent(22)) };
    tx.expect_transfer().return_once(move |_| Ok(Some(seen)));
    tx.expect_lock_accounts().withf(|accounts| *accounts == [id(ME), id(THEM)]).return_once(|_| Ok(()));
    tx.expect_end_transfer().return_once(|_, _, _| Ok(false));
    Expire { id: id(50) }.perform(&fixture.cx(), &mut tx).await.unwrap();
}

#[tokio::test]
async fn more_than_a_batch_is_swept_in_one_go() {
    let world = World::new();
    for n in 0..u128::from(BATCH) * 2 {
        let run_out = Transfer { id: id(1_000 + n), expires_at: world.now(), ..transfer(&agent(22)) };
        world.rows().transfers.insert(run_out.id, run_out);
        let abandoned = upload(5_000 + n, -1);
        world.blobs.hold(&abandoned.object_key);
        world.rows().uploads.insert(abandoned.id, abandoned);
    }
    sweep(&world.ports()).await.unwrap();
    assert!(world.rows().transfers.values().all(|transfer| transfer.status == TransferStatus::Expired));
    assert!(world.rows().uploads.is_empty());
    assert_eq!(world.blobs.count(), 0);
}

/// Uploads with these leases, and their bytes.
fn uploads(leases: &[i64]) -> World {
    let world = World::new();
    for (n, lease) in (71..).zip(leases) {
        let upload = upload(n, *lease);
        world.blobs.hold(&upload.object_key);
        world.rows().uploads.insert(upload.id, upload);
    }
    world
}

fn left(world: &World) -> Vec<u128> {
    world.rows().uploads.keys().map(|id| id.uuid().as_u128()).collect()
}

#[tokio::test]
async fn uploads_without_lease_are_removed_and_living_ones_are_not() {
    let world = uploads(&[-1, 1, 0, 120]);
    sweep(&world.ports()).await.unwrap();
    assert_eq!(left(&world), [72, 74]);
    assert_eq!(world.blobs.count(), 2);
}

#[tokio::test]
async fn one_upload_that_is_stuck_keeps_no_other_and_is_reported() {
    let world = uploads(&[-3, -2, -1]);
    world.blobs.stick(&ObjectKey::of_upload(id(71)));
    for _ in 0..2 {
        let outcome = sweep(&world.ports()).await;
        assert!(matches!(outcome, Err(ReceiveError::Blob(BlobError::Internal(_)))), "{outcome:?}");
        assert_eq!(left(&world), [71]);
    }
    assert_eq!(world.blobs.count(), 1);
}

#[tokio::test]
async fn an_outage_of_the_store_stops_the_reaping_and_is_made_up_for() {
    let world = uploads(&[-3, -2, -1]);
    world.blobs.lasts(Some(1));
    assert!(matches!(sweep(&world.ports()).await, Err(ReceiveError::Blob(BlobError::Unavailable(_)))));
    assert_eq!(left(&world), [72, 73]);
    assert!(!world.rows().uploads[&id(73)].reaping, "not even tried");
    world.blobs.lasts(None);
    sweep(&world.ports()).await.unwrap();
    assert_eq!((left(&world).len(), world.blobs.count()), (0, 0));
}

#[tokio::test]
async fn abandoned_uploads_are_reaped_though_expiring_fails() {
    let world = uploads(&[-1]);
    world.rows().transfers.insert(id(50), Transfer { expires_at: world.now(), ..transfer(&agent(22)) });
    world.keep_busy(Some(id(THEM)));
    assert!(matches!(sweep(&world.ports()).await, Err(ReceiveError::Store(_))));
    assert_eq!((status(&world), left(&world).len()), (TransferStatus::Active, 0));
    world.keep_busy(None);
    sweep(&world.ports()).await.unwrap();
    assert_eq!(status(&world), TransferStatus::Expired);
}

fn ended(status: TransferStatus) -> World {
    World::with(&Transfer { status, ..transfer(&agent(22)) })
}

async fn purged(world: &World) -> Result<Purged, ReceiveError> {
    purge(&world.ports(), id(50)).await
}

#[tokio::test]
async fn an_ended_transfers_bytes_are_removed_once() {
    for status in [TransferStatus::Downloaded, TransferStatus::Expired, TransferStatus::Deleted] {
        let world = ended(status);
        assert_eq!(purged(&world).await.unwrap(), Purged::Done);
        assert_eq!(world.blobs.count(), 0);
        let at = world.now();
        assert_eq!(world.rows().transfers[&id(50)].purged_at, Some(at));
        world.wait(60);
        assert_eq!(purged(&world).await.unwrap(), Purged::Done);
        assert_eq!(world.rows().transfers[&id(50)].purged_at, Some(at));
    }
}

#[tokio::test]
async fn a_living_transfers_bytes_are_never_removed() {
    let world = ended(TransferStatus::Active);
    assert_eq!(purged(&world).await.unwrap(), Purged::Done);
    assert_eq!((world.blobs.count(), world.rows().transfers[&id(50)].purged_at), (2, None));
    // Not even when it has run out: its end comes first, with its grants and its event.
    world.wait(2 * 86_400);
    purged(&world).await.unwrap();
    assert_eq!(world.blobs.count(), 2);
}

#[tokio::test]
async fn a_missing_transfer_has_nothing_to_remove() {
    assert_eq!(purged(&World::new()).await.unwrap(), Purged::Done);
}

#[tokio::test]
async fn grants_and_running_fetches_keep_the_bytes_until_the_last_of_them_ends() {
    let world = ended(TransferStatus::Downloaded);
    let (fifteen, hour) = (world.now() + TimeDelta::minutes(15), world.now() + TimeDelta::hours(1));
    for grant in [grant(80), Grant { streaming_until: Some(hour), ..grant(81) }] {
        world.rows().grants.insert(grant.id, grant);
    }
    assert_eq!(purged(&world).await.unwrap(), Purged::NotBefore(hour));
    world.rows().grants.remove(&id(81));
    assert_eq!(purged(&world).await.unwrap(), Purged::NotBefore(fifteen));
    assert_eq!(world.blobs.count(), 2);
    world.wait(900);
    assert_eq!(purged(&world).await.unwrap(), Purged::Done);
    assert_eq!(world.blobs.count(), 0);
}

#[tokio::test]
async fn an_outage_in_the_middle_leaves_it_to_be_done_again() {
    let world = ended(TransferStatus::Expired);
    let files: Vec<TransferFile> = transfer(&agent(22)).files;
    world.blobs.lasts(Some(1));
    assert!(matches!(purged(&world).await, Err(ReceiveError::Blob(BlobError::Unavailable(_)))));
    assert!(!world.blobs.holds(&files[0].object_key) && world.blobs.holds(&files[1].object_key));
    assert_eq!(world.rows().transfers[&id(50)].purged_at, None);

    // Then the bytes go, but that can't be noted.
    world.blobs.lasts(None);
    world.database_lasts(Some(1));
    assert!(matches!(purged(&world).await, Err(ReceiveError::Store(_))));
    assert_eq!(world.rows().transfers[&id(50)].purged_at, None);

    world.database_lasts(None);
    assert_eq!(purged(&world).await.unwrap(), Purged::Done);
    assert!(world.rows().transfers[&id(50)].purged_at.is_some());
}
