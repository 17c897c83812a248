#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex, MutexGuard};

use super::super::super::testing::*;
use super::super::testing::*;
use super::*;
use crate::blob::BlobStore as _;
use crate::job::{Lane, work_once};
use crate::mock::{Fixture, id};

/// A store that remembers what it is told, and holds what a test puts there.
#[derive(Default)]
struct FakeStore(Mutex<Uploads>);

#[derive(Default)]
struct Uploads {
    parts: Option<Vec<StoredPart>>,
    completed: Vec<StoredPart>,
    aborted: bool,
    down: bool,
    /// Another call is faster.
    raced: bool,
}

impl FakeStore {
    fn uploads(&self) -> MutexGuard<'_, Uploads> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl DirectStore for FakeStore {
    fn put_url(&self, _: DirectPut<'_>, _: Duration) -> Result<PutUrl, BlobError> {
        unimplemented!("no use case makes URLs")
    }

    fn get_url(&self, _: &ObjectKey, _: &str, _: Duration) -> Result<String, BlobError> {
        unimplemented!("no use case makes URLs")
    }

    async fn begin(&self, _: &ObjectKey) -> Result<String, BlobError> {
        if self.uploads().down { Err(BlobError::Unavailable("down".into())) } else { Ok("begun".to_owned()) }
    }

    async fn parts(&self, key: &ObjectKey, upload_id: &str) -> Result<Vec<StoredPart>, BlobError> {
        assert_eq!(upload_id, "begun");
        self.uploads().parts.clone().ok_or_else(|| BlobError::NotFound(key.clone()))
    }

    async fn abort(&self, _: &ObjectKey, upload_id: &str) -> Result<(), BlobError> {
        assert_eq!(upload_id, "begun");
        self.uploads().aborted = true;
        Ok(())
    }

    async fn complete(&self, key: &ObjectKey, _: &str, parts: &[StoredPart]) -> Result<(), BlobError> {
        let mut uploads = self.uploads();
        if uploads.raced {
            return Err(BlobError::NotFound(key.clone()));
        }
        uploads.completed = parts.to_vec();
        uploads.parts = None;
        Ok(())
    }
}

/// [`pending`] with direct delivery.
fn direct_world() -> (World, Arc<FakeStore>) {
    let (mut world, store) = (world(), Arc::<FakeStore>::default());
    world.direct = Some(store.clone());
    let mut rows = world.rows();
    let prepared = rows.prepared.get_mut(&id(50)).unwrap();
    prepared.direct = true;
    prepared.files[1].upload_id = Some("begun".to_owned());
    drop(rows);
    (world, store)
}

fn there(sizes: &[(u32, u64)]) -> Option<Vec<StoredPart>> {
    Some(
        sizes
            .iter()
            .map(|(number, size)| StoredPart { number: *number, size: *size, etag: number.to_string() })
            .collect(),
    )
}

fn object(world: &World, file: usize) -> ObjectKey {
    world.rows().transfers[&id(50)].files[file].object_key.clone()
}

/// The store has so many bytes of a file.
async fn holds(world: &World, file: usize, text: &'static str) {
    let key = object(world, file);
    world.blobs.put(&key, &mut Body::new(world, vec![Step::Block(text)]), None).await.unwrap();
}

fn complete(parts: Vec<super::super::ClaimedPart>) -> CompleteParts {
    let caller = Fixture::new().account_caller(id(ME));
    CompleteParts { caller, transfer: id(50), file: id(62), upload_id: "begun".to_owned(), parts }
}

#[tokio::test]
async fn parts_are_put_together_by_the_store_once_they_are_all_there() {
    let (world, store) = direct_world();
    for missing in [&[(1, 3), (3, 1)][..], &[(1, 3), (2, 3)], &[(1, 3), (2, 2), (3, 1)], &[]] {
        store.uploads().parts = there(missing);
        let outcome = complete_parts(&world.ports(), &complete(Vec::new())).await;
        assert!(matches!(outcome, Err(DirectError::Act(PartsError::FilesMissing(_)))), "{outcome:?}");
    }
    let all = there(&[(1, 3), (2, 3), (3, 1)]);
    store.uploads().parts = all.clone();
    holds(&world, 1, "abcdefg").await;
    // The second time the row says so; the third time it is as if the answer had been lost before it did.
    for lost in [false, false, true] {
        if lost {
            world.rows().prepared.get_mut(&id(50)).unwrap().files[1].state = FileState::Awaited;
        }
        complete_parts(&world.ports(), &complete(Vec::new())).await.unwrap();
    }
    assert_eq!(Some(store.uploads().completed.clone()), all);
    assert_eq!(state(&world, 62), FileState::Arrived);
}

#[tokio::test]
async fn another_etag_upload_or_size_is_refused() {
    let (world, store) = direct_world();
    store.uploads().parts = there(&[(1, 3), (2, 3), (3, 1)]);
    let wrong = super::super::ClaimedPart { number: 2, etag: "9".to_owned() };
    let outcome = complete_parts(&world.ports(), &complete(vec![wrong])).await;
    assert!(matches!(outcome, Err(DirectError::Act(PartsError::Invalid(_)))), "{outcome:?}");
    let other = CompleteParts { upload_id: id::<FileId>(62).to_string(), ..complete(Vec::new()) };
    let outcome = complete_parts(&world.ports(), &other).await;
    assert!(matches!(outcome, Err(DirectError::Act(PartsError::Invalid(_)))), "{outcome:?}");
    holds(&world, 1, "abcdef").await;
    let outcome = complete_parts(&world.ports(), &complete(Vec::new())).await;
    assert!(matches!(outcome, Err(DirectError::SizeMismatch { expected: 7, found: 6, .. })), "{outcome:?}");
    assert_eq!(state(&world, 62), FileState::Awaited);
}

async fn listed(world: &World) -> Result<Vec<(u32, u64, String)>, DirectError<PartsError>> {
    let list = ListParts { caller: Fixture::new().account_caller(id(ME)), transfer: id(50), file: id(62) };
    let found = parts_of_file(&world.ports(), &list).await?;
    Ok(found.parts.into_iter().map(|part| (part.number, part.size, part.etag)).collect())
}

#[tokio::test]
async fn parts_are_listed_by_the_store_until_it_has_put_them_together() {
    let (world, store) = direct_world();
    store.uploads().parts = there(&[(2, 3)]);
    assert_eq!(listed(&world).await.unwrap(), [(2, 3, "2".to_owned())]);
    store.uploads().parts = None;
    holds(&world, 1, "abcdefg").await;
    for known in [FileState::Awaited, FileState::Arrived] {
        world.rows().prepared.get_mut(&id(50)).unwrap().files[1].state = known;
        assert_eq!(
            listed(&world).await.unwrap(),
            [(1, 3), (2, 3), (3, 1)].map(|(n, s)| (n, s, String::new()))
        );
    }
}

#[tokio::test]
async fn an_upload_that_the_store_has_lost_is_gone() {
    let (world, store) = direct_world();
    let outcome = listed(&world).await;
    assert!(matches!(outcome, Err(DirectError::Act(PartsError::Gone))), "{outcome:?}");
    store.uploads().raced = true;
    for there in [None, there(&[(1, 3), (2, 3), (3, 1)])] {
        store.uploads().parts = there;
        let outcome = complete_parts(&world.ports(), &complete(Vec::new())).await;
        assert!(matches!(outcome, Err(DirectError::Act(PartsError::Gone))), "{outcome:?}");
    }
}

#[tokio::test]
async fn of_two_completions_at_once_both_succeed() {
    let (world, store) = direct_world();
    store.uploads().parts = there(&[(1, 3), (2, 3), (3, 1)]);
    store.uploads().raced = true;
    holds(&world, 1, "abcdefg").await;
    complete_parts(&world.ports(), &complete(Vec::new())).await.unwrap();
    assert_eq!(state(&world, 62), FileState::Arrived);
}

async fn confirmed(world: &World) -> Result<Transfer, DirectError<ConfirmError>> {
    confirm(&world.ports(), Fixture::new().account_caller(id(ME)), id(50)).await
}

#[tokio::test]
async fn a_confirmation_asks_the_store_for_every_file() {
    let (world, _) = direct_world();
    let missing = async || {
        let outcome = confirmed(&world).await;
        let Err(DirectError::Act(ConfirmError::FilesMissing(invalid))) = outcome else {
            panic!("{outcome:?}")
        };
        fields(&invalid).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(missing().await, ["files[0]", "files[1]"]);
    // Of the other file the row says that it is there, but the store does not.
    world.rows().prepared.get_mut(&id(50)).unwrap().files[1].state = FileState::Arrived;
    holds(&world, 0, "hello").await;
    assert_eq!(missing().await, ["files[1]"]);
    holds(&world, 1, "abcdef").await;
    let outcome = confirmed(&world).await;
    assert!(matches!(outcome, Err(DirectError::SizeMismatch { expected: 7, found: 6, .. })), "{outcome:?}");
    world.blobs.delete(&object(&world, 1)).await.unwrap();
    holds(&world, 1, "abcdefg").await;
    assert_eq!(confirmed(&world).await.unwrap().status, crate::transfer::TransferStatus::Active);
    let again = confirmed(&world).await;
    assert!(matches!(again, Err(DirectError::Act(ConfirmError::AlreadyConfirmed))), "{again:?}");
    let late = complete_parts(&world.ports(), &complete(Vec::new())).await;
    assert!(matches!(late, Err(DirectError::Act(PartsError::AlreadyConfirmed))), "{late:?}");
    let late =
        DirectArrived { caller: Fixture::new().account_caller(id(ME)), transfer: id(50), file: id(62) };
    let late = act::perform(&world.ports(), &late).await;
    assert!(matches!(late, Err(PartsError::AlreadyConfirmed)), "{late:?}");
}

/// The delivery is the operator's to change, also while transfers wait for their bytes.
#[tokio::test]
async fn what_began_with_direct_delivery_may_come_through_the_server() {
    for back_to_direct in [false, true] {
        let (mut world, store) = direct_world();
        world.direct = None;
        send_all(&world).await;
        complete_parts(&world.ports(), &complete(Vec::new())).await.unwrap();
        if back_to_direct {
            world.direct = Some(store);
        }
        complete_parts(&world.ports(), &complete(Vec::new())).await.unwrap();
        assert_eq!(listed(&world).await.unwrap().len(), 3);
        assert_eq!(confirmed(&world).await.unwrap().status, crate::transfer::TransferStatus::Active);
    }
}

#[tokio::test]
async fn a_file_that_the_store_has_lost_after_all_is_gone() {
    let (world, _) = direct_world();
    world.rows().prepared.get_mut(&id(50)).unwrap().files[1].state = FileState::Arrived;
    let outcome = listed(&world).await;
    assert!(matches!(outcome, Err(DirectError::Act(PartsError::Gone))), "{outcome:?}");
    let outcome = complete_parts(&world.ports(), &complete(Vec::new())).await;
    assert!(matches!(outcome, Err(DirectError::Act(PartsError::Gone))), "{outcome:?}");
}

#[tokio::test]
async fn an_empty_file_in_parts_needs_no_object_but_its_completion() {
    let (world, store) = direct_world();
    world.rows().transfers.get_mut(&id(50)).unwrap().files[1].size = 0;
    store.uploads().parts = Some(Vec::new());
    holds(&world, 0, "hello").await;
    let outcome = confirmed(&world).await;
    assert!(matches!(outcome, Err(DirectError::Act(ConfirmError::FilesMissing(_)))), "{outcome:?}");
    complete_parts(&world.ports(), &complete(Vec::new())).await.unwrap();
    confirmed(&world).await.unwrap();
}

#[tokio::test]
async fn an_aborted_upload_is_aborted_in_the_store() {
    let (world, store) = direct_world();
    let caller = Fixture::new().account_caller(id(ME));
    let abort =
        super::super::AbortParts { caller, transfer: id(50), file: id(62), upload_id: "begun".to_owned() };
    act::perform(&world.ports(), &abort).await.unwrap();
    work_once(&world.ports(), Lane::Prompt).await.unwrap();
    assert!(store.uploads().aborted);
}

#[tokio::test]
async fn an_upload_is_begun_under_a_row_that_the_sweeper_sees() {
    let (world, store) = direct_world();
    let begun = begin_parts(&world.ports(), &*store, id(ME)).await.unwrap();
    assert_eq!(begun.upload_id, "begun");
    assert_eq!(world.rows().uploads[&begun.upload].object_key, begun.object_key);
    store.uploads().down = true;
    let outcome = begin_parts(&world.ports(), &*store, id(ME)).await;
    assert!(matches!(outcome, Err(ReceiveError::Blob(BlobError::Unavailable(_)))), "{outcome:?}");
    assert_eq!(world.rows().uploads.len(), 1, "nothing is left of the second");
}

#[tokio::test]
async fn what_is_sent_after_the_end_goes_when_nothing_can_come_any_more() {
    let (world, _) = direct_world();
    holds(&world, 0, "hello").await;
    let caller = Fixture::new().account_caller(id(ME));
    act::perform(&world.ports(), &crate::transfer::DeleteTransfer { caller, id: id(50) }).await.unwrap();
    work_once(&world.ports(), Lane::Prompt).await.unwrap();
    assert_eq!(world.blobs.count(), 0);
    holds(&world, 0, "again").await;
    for (wait, left) in [(2 * 86_400 - 1, 1), (1, 0)] {
        world.wait(wait);
        work_once(&world.ports(), Lane::Prompt).await.unwrap();
        assert_eq!(world.blobs.count(), left);
    }
    assert!(world.rows().transfers[&id(50)].purged_at.is_some() && world.rows().jobs.is_empty());
}
