#![allow(clippy::unwrap_used)]

use super::*;
use crate::blob::{BlobError, ObjectKey};
use crate::mock::id;
use crate::transfer::testing::*;
use crate::transfer::{FilePart, Transfer, TransferStatus};

#[test]
fn failed_jobs_wait_longer_and_longer_up_to_a_bound() {
    let seconds: Vec<u64> = [0, 1, 2, 3, 40, u32::MAX].map(|attempts| retry_delay(attempts).as_secs()).into();
    assert_eq!(seconds, [5, 5, 10, 20, 900, 900]);
}

/// A world in which the transfer `id(50)` has ended and its purge is due.
fn to_purge() -> World {
    let world = World::with(&Transfer { status: TransferStatus::Downloaded, ..transfer(&agent(22)) });
    put(&world, JobKind::PurgeTransfer(id(50)));
    world
}

fn put(world: &World, kind: JobKind) {
    let job = Job { id: id(90), kind, run_at: world.now(), attempts: 0 };
    world
        .rows()
        .jobs
        .insert(kind.unique_key(), crate::transfer::testing::QueuedJob { job, lease_until: None });
}

/// In how many seconds the only job runs again, and how often it was begun.
fn queued(world: &World) -> (i64, u32) {
    let rows = world.rows();
    let jobs: Vec<_> = rows.jobs.values().collect();
    let [queued] = jobs[..] else { panic!("{jobs:?}") };
    assert_eq!(queued.lease_until, None, "nobody holds it");
    ((queued.job.run_at - world.now()).num_seconds(), queued.job.attempts)
}

#[tokio::test]
async fn an_empty_queue_is_no_work() {
    let round = work_once(&World::new().ports(), Lane::Prompt).await.unwrap();
    assert_eq!((round.taken, round.failures.len()), (0, 0));
}

#[tokio::test]
async fn a_job_that_is_done_is_forgotten() {
    let world = to_purge();
    let round = work_once(&world.ports(), Lane::Prompt).await.unwrap();
    assert_eq!((round.taken, round.failures.len()), (1, 0));
    assert!(world.rows().jobs.is_empty());
    assert_eq!(world.blobs.count(), 0);
}

#[tokio::test]
async fn a_job_that_is_too_early_comes_back_at_its_moment() {
    let world = to_purge();
    world.rows().grants.insert(id(80), grant(80));
    let round = work_once(&world.ports(), Lane::Prompt).await.unwrap();
    assert_eq!((round.taken, round.failures.len()), (1, 0));
    assert_eq!(queued(&world), (900, 1));
    assert_eq!(work_once(&world.ports(), Lane::Prompt).await.unwrap().taken, 0, "not due");
    world.wait(900);
    assert_eq!(work_once(&world.ports(), Lane::Prompt).await.unwrap().taken, 1);
    assert_eq!((world.blobs.count(), world.rows().jobs.len()), (0, 0));
}

#[tokio::test]
async fn a_failed_job_is_reported_and_tried_again_later_and_later() {
    let world = to_purge();
    world.blobs.lasts(Some(0));
    for (attempt, delay) in [(1, 5), (2, 10), (3, 20)] {
        let round = work_once(&world.ports(), Lane::Prompt).await.unwrap();
        let [(kind, ReceiveError::Blob(BlobError::Unavailable(_)))] = &round.failures[..] else {
            panic!("{round:?}")
        };
        assert_eq!(*kind, JobKind::PurgeTransfer(id(50)));
        assert_eq!(queued(&world), (delay, attempt));
        world.wait(delay);
    }
    world.blobs.lasts(None);
    assert!(work_once(&world.ports(), Lane::Prompt).await.unwrap().failures.is_empty());
    assert!(world.rows().jobs.is_empty());
}

#[tokio::test]
async fn one_failure_keeps_no_other_job_from_being_done() {
    let world = to_purge();
    let other = Transfer {
        id: id(51),
        status: TransferStatus::Expired,
        files: vec![file(63, "c", 1)],
        ..transfer(&agent(22))
    };
    world.blobs.hold(&other.files[0].object_key);
    world.rows().transfers.insert(other.id, other);
    put(&world, JobKind::PurgeTransfer(id(51)));
    world.blobs.stick(&ObjectKey::of_upload(id(71)));
    let round = work_once(&world.ports(), Lane::Prompt).await.unwrap();
    assert_eq!((round.taken, round.failures.len()), (2, 1));
    assert!(world.rows().transfers[&id(51)].purged_at.is_some());
    assert_eq!(queued(&world), (5, 1), "only the stuck one is left");
}

#[tokio::test]
async fn a_job_that_is_asked_for_while_it_is_done_is_done_again_at_once() {
    for fails in [false, true] {
        let world = to_purge();
        world.wait(60);
        let meanwhile = world.clone();
        world.blobs.before_deletion(move || {
            let job = Job {
                id: id(91),
                kind: JobKind::PurgeTransfer(id(50)),
                run_at: meanwhile.now(),
                attempts: 0,
            };
            meanwhile.rows().enqueue(&job);
        });
        world.blobs.lasts(fails.then_some(0));
        assert_eq!(work_once(&world.ports(), Lane::Prompt).await.unwrap().failures.len(), usize::from(fails));
        assert_eq!(queued(&world), (0, 1));
        world.blobs.lasts(None);
        assert_eq!(work_once(&world.ports(), Lane::Prompt).await.unwrap().taken, 1);
        assert_eq!((world.blobs.count(), world.rows().jobs.len()), (0, 0));
    }
}

#[tokio::test]
async fn the_sweep_runs_for_ever() {
    let world = World::new();
    ensure_sweep(&world.ports()).await.unwrap();
    for attempt in 1..4 {
        assert_eq!(work_once(&world.ports(), Lane::Prompt).await.unwrap().taken, 1);
        assert_eq!(queued(&world), (30, attempt));
        world.wait(30);
    }
}

#[tokio::test]
async fn a_failed_sweep_is_tried_again_after_its_ordinary_pause_however_often_it_ran() {
    let world = World::new();
    ensure_sweep(&world.ports()).await.unwrap();
    world.rows().jobs.get_mut("sweep").unwrap().job.attempts = 10_000;
    let abandoned = upload(71, -1);
    world.rows().uploads.insert(abandoned.id, abandoned);
    world.blobs.lasts(Some(0));
    assert_eq!(work_once(&world.ports(), Lane::Prompt).await.unwrap().failures.len(), 1);
    assert_eq!(queued(&world), (30, 10_001));
}

#[tokio::test]
async fn ensuring_the_sweep_twice_queues_it_once_and_holds_nothing_up() {
    let world = World::new();
    ensure_sweep(&world.ports()).await.unwrap();
    work_once(&world.ports(), Lane::Prompt).await.unwrap();
    world.wait(10);
    ensure_sweep(&world.ports()).await.unwrap();
    assert_eq!(queued(&world), (0, 1), "a start sweeps at once");
}

#[tokio::test]
async fn an_unreadable_queue_is_the_rounds_own_failure() {
    let world = to_purge();
    world.database_lasts(Some(0));
    assert!(matches!(work_once(&world.ports(), Lane::Prompt).await, Err(StoreError::Unavailable { .. })));
}

#[tokio::test]
async fn a_worker_that_dies_is_taken_over_from_when_its_lease_ends() {
    let world = to_purge();
    // It takes the job and can do nothing more.
    world.database_lasts(Some(1));
    assert!(work_once(&world.ports(), Lane::Prompt).await.is_err());
    world.database_lasts(None);
    world.wait(59);
    assert_eq!(work_once(&world.ports(), Lane::Prompt).await.unwrap().taken, 0);
    world.wait(1);
    assert_eq!(work_once(&world.ports(), Lane::Prompt).await.unwrap().taken, 1);
    assert_eq!((world.blobs.count(), world.rows().jobs.len()), (0, 0));
}

#[tokio::test]
async fn no_more_jobs_are_taken_than_a_lease_is_long_enough_for() {
    let world = World::new();
    for n in 0..20 {
        put(&world, JobKind::PurgeTransfer(id(1_000 + n)));
    }
    let taken = [8, 8, 4, 0];
    for expected in taken {
        assert_eq!(work_once(&world.ports(), Lane::Prompt).await.unwrap().taken, expected);
    }
}

/// A world in which the hash of a file in parts is due, and takes so many seconds.
fn to_hash(seconds: i64) -> World {
    let world = World::with(&transfer(&agent(22)));
    let key = ObjectKey::of_upload(id(71));
    let part = FilePart { number: 1, size: 5, sha256: [0; 32], object_key: key };
    world.rows().parts.insert((id(61), 1), part);
    world.rows().transfers.get_mut(&id(50)).unwrap().files[0].sha256 = None;
    put(&world, JobKind::HashFile { transfer: id(50), file: id(61) });
    world.blobs.takes_to_read(seconds);
    world
}

fn hash(world: &World) -> Option<[u8; 32]> {
    world.rows().transfers[&id(50)].files[0].sha256
}

#[tokio::test]
async fn a_job_that_takes_long_stays_held() {
    let world = to_hash(1_000);
    assert_eq!(work_once(&world.ports(), Lane::Prompt).await.unwrap().taken, 0, "it holds up no other");
    assert_eq!(work_once(&world.ports(), Lane::Slow).await.unwrap().taken, 1);
    assert!(hash(&world).is_some() && world.rows().jobs.is_empty());
}

#[tokio::test]
async fn a_job_is_held_through_an_outage_of_the_database() {
    let world = to_hash(30);
    let ports = world.ports();
    // What there is to know is read; the renewal fails, and so does the note of the hash.
    world.database_lasts(Some(3));
    assert!(work_once(&ports, Lane::Slow).await.is_err());
    world.database_lasts(None);
    world.wait(60);
    assert_eq!(work_once(&world.ports(), Lane::Slow).await.unwrap().taken, 1);
    assert!(hash(&world).is_some());
}

#[tokio::test]
async fn a_job_that_another_took_over_is_stopped() {
    let world = to_hash(1_000);
    let another = world.clone();
    world.blobs.while_reading(move || {
        another.rows().jobs.values_mut().for_each(|queued| queued.job.attempts += 1);
    });
    let round = work_once(&world.ports(), Lane::Slow).await.unwrap();
    assert_eq!((round.taken, round.failures.len()), (1, 0));
    assert_eq!((hash(&world), world.rows().jobs.len()), (None, 1), "the other does it");
}
