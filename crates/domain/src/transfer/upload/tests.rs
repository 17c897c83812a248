#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;

use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, id};

const FIRST: u128 = Fixture::FIRST_ID;

async fn take(world: &World, steps: Vec<Step>, limit: Limit) -> Result<ReceivedBytes, ReceiveError> {
    take_after(world, &[], steps, limit).await
}

async fn take_after(
    world: &World,
    held: &[ReceivedBytes],
    steps: Vec<Step>,
    limit: Limit,
) -> Result<ReceivedBytes, ReceiveError> {
    let counted = Counted::AsTheyCome { content_length: None };
    let arrival = Arrival { account: id(ME), piece: None, held, counted, size: None, limit };
    receive(&world.ports(), arrival, &mut Body::new(world, steps)).await
}

/// Neither a row nor an object.
fn is_empty(world: &World) -> bool {
    world.rows().uploads.is_empty() && world.blobs.count() == 0
}

#[tokio::test]
async fn bytes_wait_under_their_row() {
    let world = World::new();
    let received = take(&world, vec![Step::Block("hel"), Step::Block("lo")], None).await.unwrap();
    assert_eq!((received.upload, received.stored.size), (id(FIRST), 5));
    assert_eq!(received.object_key, ObjectKey::of_upload(id(FIRST)));
    assert!(world.blobs.holds(&received.object_key));
    let expected = super::super::testing::upload(FIRST, 120);
    assert_eq!(world.rows().uploads.values().collect::<Vec<_>>(), [&expected]);
}

#[tokio::test]
async fn the_row_is_there_before_the_first_byte() {
    let world = World::new();
    let look = Step::Meanwhile(Box::new(|world: &World| assert_eq!(world.rows().uploads.len(), 1)));
    assert!(take(&world, vec![look, Step::Block("x")], None).await.is_ok());
}

#[tokio::test]
async fn an_empty_stream_is_a_whole_one() {
    let world = World::new();
    assert_eq!(take(&world, Vec::new(), Some(0)).await.unwrap().stored.size, 0);
}

#[tokio::test]
async fn a_stream_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    for (limit, passes) in [(5, true), (4, false), (3, false), (0, false)] {
        let world = World::new();
        let outcome = take(&world, vec![Step::Block("hel"), Step::Block("lo")], Some(limit)).await;
        assert_eq!(outcome.is_ok(), passes, "{limit}");
        if !passes {
            let named = |error: &_| matches!(error, ReceiveError::Blob(BlobError::Source(SourceError::TooLarge { limit: at })) if *at == limit);
            assert!(named(&outcome.unwrap_err()));
            assert!(is_empty(&world), "{limit}");
        }
    }
}

#[tokio::test]
async fn a_cut_leaves_nothing_and_is_the_answer() {
    let world = World::new();
    let cut = Step::Fail(SourceError::Cut("reset".to_owned()));
    let error = take(&world, vec![Step::Block("hel"), cut], None).await.unwrap_err();
    assert!(matches!(error, ReceiveError::Blob(BlobError::Source(SourceError::Cut(_)))));
    assert!(is_empty(&world));
}

#[tokio::test]
async fn what_an_outage_keeps_from_being_removed_is_left_to_the_sweeper() {
    // The store: the row stays, marked.
    let world = World::new();
    world.blobs.lasts(Some(0));
    let error = take(&world, vec![Step::Fail(SourceError::Idle(60))], None).await.unwrap_err();
    assert!(matches!(error, ReceiveError::Blob(BlobError::Source(SourceError::Idle(60)))), "{error:?}");
    assert!(world.rows().uploads[&id(FIRST)].reaping);

    // The database: the row stays as it was.
    let world = World::new();
    world.database_lasts(Some(1));
    let error = take(&world, vec![Step::Fail(SourceError::Idle(60))], None).await.unwrap_err();
    assert!(matches!(error, ReceiveError::Blob(BlobError::Source(SourceError::Idle(60)))), "{error:?}");
    assert_eq!(world.rows().uploads.len(), 1);
}

#[tokio::test]
async fn without_a_row_no_byte_is_taken() {
    let world = World::new();
    world.database_lasts(Some(0));
    let untouched = Step::Meanwhile(Box::new(|_: &World| panic!("the body was read")));
    let error = take(&world, vec![untouched], None).await.unwrap_err();
    assert!(matches!(error, ReceiveError::Store(StoreError::Unavailable { .. })));
}

/// Looks at how many seconds of the lease are left.
fn lease_is(seconds: i64) -> Step {
    Step::Meanwhile(Box::new(move |world: &World| {
        let left = world.rows().uploads[&id(FIRST)].lease_until - world.now();
        assert_eq!(left, TimeDelta::seconds(seconds));
    }))
}

#[tokio::test]
async fn bytes_renew_the_lease_once_a_third_of_it_is_over() {
    let world = World::new();
    let steps = vec![
        Step::Wait(39),
        Step::Block("a"),
        lease_is(81),
        Step::Wait(1),
        Step::Block("b"),
        lease_is(120),
        Step::Wait(39),
        Step::Block("c"),
        lease_is(81),
        Step::Wait(70),
        Step::Block("d"),
        lease_is(120),
    ];
    assert!(take(&world, steps, None).await.is_ok());
}

fn lease_of(world: &World, id: UploadId) -> TimeDelta {
    world.rows().uploads[&id].lease_until - world.now()
}

#[tokio::test]
async fn files_that_have_arrived_live_until_the_last_one_has() {
    let world = World::new();
    let first = take(&world, vec![Step::Block("a"), Step::Wait(100)], None).await.unwrap();
    let upload = first.upload;
    let steps = vec![
        Step::Meanwhile(Box::new(move |world: &World| {
            assert_eq!(lease_of(world, upload), TimeDelta::seconds(120), "from the start");
        })),
        Step::Wait(60),
        Step::Block("b"),
        Step::Meanwhile(Box::new(move |world: &World| {
            assert_eq!(lease_of(world, upload), TimeDelta::seconds(120), "and with each renewal");
        })),
    ];
    assert!(take_after(&world, &[first], steps, None).await.is_ok());
}

#[tokio::test]
async fn nothing_arrives_after_a_file_that_the_sweeper_took() {
    let world = World::new();
    let gone = ReceivedBytes {
        upload: id(77),
        object_key: ObjectKey::of_upload(id(77)),
        stored: Stored { size: 1, sha256: [0; 32] },
    };
    let error = take_after(&world, &[gone], vec![Step::Block("a")], None).await;
    assert!(matches!(error, Err(ReceiveError::Store(StoreError::Unavailable { .. }))), "{error:?}");
    assert_eq!(world.blobs.count(), 0);
}

#[tokio::test]
async fn a_stream_that_the_sweeper_was_faster_than_is_stopped() {
    let world = World::new();
    let swept = Step::Meanwhile(Box::new(|world: &World| {
        world.rows().uploads.clear();
    }));
    let error = take(&world, vec![Step::Block("a"), Step::Wait(121), swept, Step::Block("b")], None).await;
    assert!(
        matches!(error, Err(ReceiveError::Blob(BlobError::Source(SourceError::Stopped(_))))),
        "{error:?}"
    );
    assert!(is_empty(&world));
}

#[tokio::test]
async fn a_stream_whose_lease_can_not_be_renewed_is_stopped() {
    let world = World::new();
    let outage = Step::Meanwhile(Box::new(|world: &World| world.database_lasts(Some(0))));
    let steps = vec![outage, Step::Wait(60), Step::Block("b"), Step::Wait(60), Step::Block("c")];
    let error = take(&world, steps, None).await.unwrap_err();
    let ReceiveError::Blob(BlobError::Source(SourceError::Stopped(cause))) = error else {
        panic!("{error:?}")
    };
    assert!(matches!(cause.downcast_ref(), Some(StoreError::Unavailable { .. })));
    assert_eq!(world.blobs.count(), 0);
}

#[tokio::test]
async fn an_outage_that_is_shorter_than_the_lease_stops_no_stream() {
    let world = World::new();
    let outage = |begins| Step::Meanwhile(Box::new(move |world: &World| world.database_lasts(begins)));
    let steps = vec![
        outage(Some(0)),
        Step::Wait(40),
        Step::Block("a"),
        Step::Wait(70),
        Step::Block("b"),
        outage(None),
        Step::Wait(4),
        Step::Block("too early for the next try"),
        lease_is(6),
        Step::Wait(1),
        Step::Block("c"),
        lease_is(120),
    ];
    assert!(take(&world, steps, None).await.is_ok());
}

#[tokio::test]
async fn a_store_that_finishes_slowly_keeps_the_lease() {
    let world = World::new();
    world.blobs.takes_to_finish(100);
    take(&world, vec![Step::Block("a")], None).await.unwrap();
    assert_eq!(world.rows().uploads[&id(FIRST)].lease_until, world.now() + TimeDelta::seconds(120));
}

#[tokio::test]
async fn bytes_that_are_finished_after_the_sweep_do_not_stay() {
    let world = World::new();
    world.blobs.takes_to_finish(130);
    // Nothing sweeps while the store finishes, but the row is as gone as if it had.
    let swept = Step::Meanwhile(Box::new(|world: &World| world.rows().uploads.clear()));
    let error = take(&world, vec![Step::Block("a"), swept], None).await.unwrap_err();
    assert!(matches!(error, ReceiveError::Blob(BlobError::Source(SourceError::Stopped(_)))), "{error:?}");
    assert_eq!(world.blobs.count(), 0);
}

fn world_with(upload: Upload) -> World {
    let world = World::new();
    world.blobs.hold(&upload.object_key);
    world.rows().uploads.insert(upload.id, upload);
    world
}

#[tokio::test]
async fn discarding_removes_bytes_and_row_whatever_the_lease() {
    for lease in [120, 0, -5] {
        let world = world_with(super::super::testing::upload(71, lease));
        discard(&world.ports(), id(71)).await.unwrap();
        assert!(is_empty(&world), "{lease}");
        // Doing it again finds nothing to do.
        discard(&world.ports(), id(71)).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_transfer_took_over_is_not_discarded() {
    let world = world_with(super::super::testing::upload(71, 120));
    world.rows().uploads.clear();
    discard(&world.ports(), id(71)).await.unwrap();
    assert_eq!(world.blobs.count(), 1);
}

#[tokio::test]
async fn an_upload_that_is_being_discarded_becomes_no_transfer_and_can_be_discarded_again() {
    let world = world_with(super::super::testing::upload(71, 120));
    world.blobs.lasts(Some(0));
    assert!(matches!(
        discard(&world.ports(), id(71)).await,
        Err(ReceiveError::Blob(BlobError::Unavailable(_)))
    ));
    assert!(world.rows().uploads[&id(71)].reaping, "so that it can't be settled");
    // Bytes are gone, the row is not: again.
    world.blobs.lasts(None);
    world.database_lasts(Some(1));
    assert!(matches!(discard(&world.ports(), id(71)).await, Err(ReceiveError::Store(_))));
    world.database_lasts(None);
    discard(&world.ports(), id(71)).await.unwrap();
    assert!(is_empty(&world));
}

#[tokio::test]
async fn only_an_upload_without_lease_is_reaped() {
    for (lease, reaped) in [(1, false), (0, true), (-60, true)] {
        let abandoned = super::super::testing::upload(71, lease);
        let world = world_with(abandoned.clone());
        reap(&world.ports(), &abandoned).await.unwrap();
        assert_eq!(is_empty(&world), reaped, "{lease}");
    }
}

#[tokio::test]
async fn an_upload_that_was_renewed_since_it_was_seen_is_not_reaped() {
    let seen = super::super::testing::upload(71, -1);
    let world = world_with(super::super::testing::upload(71, 120));
    reap(&world.ports(), &seen).await.unwrap();
    assert!(!is_empty(&world));
}

const MB: u64 = 1 << 20;
/// What the plan of every account here allows.
const ROOM: u64 = 250 * MB;

static MEGABYTE: [u8; 1 << 20] = [b'x'; 1 << 20];

/// So many blocks of one MiB.
fn megabytes(n: usize) -> Vec<Step> {
    let block = std::str::from_utf8(&MEGABYTE).unwrap();
    std::iter::repeat_with(|| Step::Block(block)).take(n).collect()
}

fn steps<const N: usize>(of: [Vec<Step>; N]) -> Vec<Step> {
    of.into_iter().flatten().collect()
}

/// Receives the next file of a request of that length.
async fn count(
    world: &World,
    held: &[ReceivedBytes],
    content_length: Option<u64>,
    steps: Vec<Step>,
) -> Result<ReceivedBytes, ReceiveError> {
    let counted = Counted::AsTheyCome { content_length };
    let arrival = Arrival { account: id(ME), piece: None, held, counted, size: None, limit: None };
    receive(&world.ports(), arrival, &mut Body::new(world, steps)).await
}

/// A world in which so many bytes are left of the account's storage.
fn world_with_room(bytes: u64) -> World {
    let world = World::new();
    world.rows().storage.used = ROOM - bytes;
    world
}

fn left(world: &World) -> u64 {
    ROOM - world.rows().storage.used
}

fn left_is(bytes: u64) -> Step {
    Step::Meanwhile(Box::new(move |world: &World| assert_eq!(left(world), bytes)))
}

fn is_full(outcome: &Result<ReceivedBytes, ReceiveError>) -> bool {
    matches!(outcome, Err(ReceiveError::Quota(QuotaError::StorageLimitReached { .. })))
}

#[tokio::test]
async fn bytes_are_held_from_the_start_and_exactly_at_the_end() {
    let world = world_with_room(20 * MB);
    let steps = steps([vec![left_is(11 * MB)], megabytes(9)]);
    let received = count(&world, &[], Some(10 * MB), steps).await.unwrap();
    assert_eq!(left(&world), 11 * MB);
    assert_eq!(world.rows().uploads[&received.upload].reserved_bytes, 9 * MB);
    discard(&world.ports(), received.upload).await.unwrap();
    assert_eq!(left(&world), 20 * MB);
    discard(&world.ports(), received.upload).await.unwrap();
    assert_eq!(left(&world), 20 * MB, "once");
}

#[tokio::test]
async fn a_length_that_can_not_fit_is_refused_before_the_first_byte() {
    for (length, refused) in [(11 * MB, false), (11 * MB + 1, true), (u64::MAX, true)] {
        let world = world_with_room(10 * MB);
        let outcome = count(&world, &[], Some(length), vec![left_is(0), Step::Block("x")]).await;
        assert_eq!(is_full(&outcome), refused, "{length}");
        if refused {
            assert!(is_empty(&world));
            assert_eq!(left(&world), 10 * MB);
        } else {
            assert_eq!(left(&world), 10 * MB - 1, "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_of_unknown_length_is_held_as_it_comes() {
    let world = world_with_room(20 * MB);
    let steps = [megabytes(7), vec![left_is(20 * MB)], megabytes(1), vec![left_is(12 * MB)], megabytes(3)];
    assert!(count(&world, &[], None, self::steps(steps)).await.is_ok());
    assert_eq!(left(&world), 9 * MB);
}

#[tokio::test]
async fn a_stream_that_outgrows_the_storage_lets_go_of_everything_at_once() {
    for length in [None, Some(10 * MB)] {
        let world = world_with_room(10 * MB);
        let seen = world.clone();
        world.blobs.before_deletion(move || assert_eq!(left(&seen), 10 * MB, "before its bytes are removed"));
        let outcome = count(&world, &[], length, megabytes(11)).await;
        assert!(is_full(&outcome), "{outcome:?}");
        assert!(is_empty(&world));
        assert_eq!(left(&world), 10 * MB);
    }
}

#[tokio::test]
async fn several_files_of_a_request_are_held_together() {
    let world = world_with_room(20 * MB);
    let first = count(&world, &[], Some(12 * MB), megabytes(1)).await.unwrap();
    assert_eq!(left(&world), 19 * MB);
    let more = steps([vec![left_is(9 * MB)], megabytes(9)]);
    let second = count(&world, std::slice::from_ref(&first), Some(12 * MB), more).await.unwrap();
    assert_eq!(left(&world), 10 * MB);
    // Not one of them is left when the third does not fit.
    let outcome = count(&world, &[first, second], None, megabytes(11)).await;
    assert!(is_full(&outcome), "{outcome:?}");
    assert_eq!(left(&world), 20 * MB);
}

#[tokio::test]
async fn a_small_first_file_is_held_with_the_second() {
    let world = world_with_room(20 * MB);
    let first = count(&world, &[], None, megabytes(1)).await.unwrap();
    assert_eq!(left(&world), 20 * MB);
    assert!(count(&world, &[first], None, megabytes(1)).await.is_ok());
    assert_eq!(left(&world), 18 * MB);
}

#[tokio::test]
async fn the_sweeper_gives_back_what_an_abandoned_upload_holds() {
    let world = World::new();
    let abandoned = Upload { reserved_bytes: 5, ..super::super::testing::upload(71, 0) };
    world.rows().storage.used = 5;
    world.rows().uploads.insert(abandoned.id, abandoned.clone());
    world.blobs.lasts(Some(0));
    assert!(reap(&world.ports(), &abandoned).await.is_err());
    world.blobs.lasts(None);
    reap(&world.ports(), &abandoned).await.unwrap();
    assert_eq!(world.rows().storage.used, 0);
}

#[tokio::test]
async fn what_a_prepared_transfer_holds_is_not_held_again() {
    let world = world_with_room(0);
    let counted = Counted::Elsewhere;
    let arrival = Arrival { account: id(ME), piece: None, held: &[], counted, size: None, limit: None };
    assert!(receive(&world.ports(), arrival, &mut Body::new(&world, megabytes(10))).await.is_ok());
    assert_eq!(left(&world), 0);
}
