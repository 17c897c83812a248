#![allow(clippy::unwrap_used)]

use super::super::super::testing::*;
use super::super::testing::*;
use super::*;
use crate::job::{Lane, work_once};
use crate::mock::{Fixture, id};

fn me() -> Caller {
    Fixture::new().account_caller(id(ME))
}

fn claims(world: &World) -> Vec<ClaimedPart> {
    let rows = world.rows();
    rows.parts
        .values()
        .map(|part| ClaimedPart { number: part.number, etag: StoredPart::from(part).etag })
        .collect()
}

fn complete(parts: Vec<ClaimedPart>) -> CompleteParts {
    CompleteParts {
        caller: me(),
        transfer: id(50),
        file: id(62),
        upload_id: id::<FileId>(62).to_string(),
        parts,
    }
}

fn abort(file: u128) -> AbortParts {
    AbortParts { caller: me(), transfer: id(50), file: id(file), upload_id: id::<FileId>(file).to_string() }
}

#[tokio::test]
async fn parts_are_put_together_and_hashed() {
    let world = world();
    send_all(&world).await;
    for _ in 0..2 {
        let file = act::perform(&world.ports(), &complete(claims(&world))).await.unwrap();
        assert_eq!((file.parts, file.sha256), (3, None));
    }
    assert_eq!(state(&world, 62), FileState::Arrived);
    let round = work_once(&world.ports(), Lane::Slow).await.unwrap();
    assert!(round.failures.is_empty() && round.taken == 1, "{round:?}");
    let mut folded = [0; 32];
    folded[..7].copy_from_slice(b"abcdefg");
    assert_eq!(world.rows().transfers[&id(50)].files[1].sha256, Some(folded));
    // Completed once more, it is not read again.
    act::perform(&world.ports(), &complete(claims(&world))).await.unwrap();
    assert_eq!(work_once(&world.ports(), Lane::Slow).await.unwrap().taken, 0);
    assert_eq!(world.rows().transfers[&id(50)].files[1].sha256, Some(folded));
}

#[tokio::test]
async fn what_the_client_does_not_list_is_there_all_the_same() {
    let world = world();
    send_all(&world).await;
    assert!(act::perform(&world.ports(), &complete(Vec::new())).await.is_ok());
}

#[tokio::test]
async fn missing_parts_are_named() {
    let world = world();
    send(&world, part(2), vec![Step::Block("def")]).await.unwrap();
    let outcome = act::perform(&world.ports(), &complete(claims(&world))).await;
    let Err(PartsError::FilesMissing(invalid)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(invalid.0[0].message, "2 of 3 parts have not arrived: 1, 3");
    assert_eq!(state(&world, 62), FileState::Awaited);
}

#[tokio::test]
async fn another_etag_or_upload_is_refused() {
    let world = world();
    send_all(&world).await;
    let mut wrong = claims(&world);
    wrong[1].etag = "00".to_owned();
    let outcome = act::perform(&world.ports(), &complete(wrong)).await;
    assert!(matches!(&outcome, Err(PartsError::Invalid(invalid)) if fields(invalid) == ["parts[1].etag"]));
    let other = CompleteParts { upload_id: "x".to_owned(), ..complete(claims(&world)) };
    let outcome = act::perform(&world.ports(), &other).await;
    assert!(matches!(&outcome, Err(PartsError::Invalid(invalid)) if fields(invalid) == ["upload_id"]));
    let other = AbortParts { upload_id: "x".to_owned(), ..abort(62) };
    let outcome = act::perform(&world.ports(), &other).await;
    assert!(matches!(&outcome, Err(PartsError::Invalid(invalid)) if fields(invalid) == ["upload_id"]));
}

#[tokio::test]
async fn only_the_sender_sees_parts_and_only_of_files_that_have_them() {
    let world = world();
    let list = |account, file| ListParts {
        caller: Fixture::new().account_caller(id(account)),
        transfer: id(50),
        file: id(file),
    };
    send(&world, part(2), vec![Step::Block("def")]).await.unwrap();
    let listed = act::ask(&world.ports(), &list(ME, 62)).await.unwrap();
    assert_eq!(listed.parts.iter().map(|part| (part.number, part.size)).collect::<Vec<_>>(), [(2, 3)]);
    for (account, file) in [(THEM, 62), (STRANGER, 62), (ME, 61), (ME, 63)] {
        let outcome = act::ask(&world.ports(), &list(account, file)).await;
        assert!(matches!(outcome, Err(PartsError::Denied(Denied::NotFound(_)))), "{account} {file}");
    }
}

#[tokio::test]
async fn an_aborted_file_leaves_nothing_and_the_others_stay() {
    let world = world();
    send_all(&world).await;
    for _ in 0..2 {
        act::perform(&world.ports(), &abort(62)).await.unwrap();
    }
    assert_eq!(world.rows().transfers[&id(50)].total_size, 5);
    work_once(&world.ports(), Lane::Prompt).await.unwrap();
    assert_eq!(world.blobs.count(), 1, "the other file's");
    assert!(world.rows().parts.is_empty());
    assert_eq!(world.rows().transfers[&id(50)].status, TransferStatus::Pending);
    let outcome = act::perform(&world.ports(), &complete(Vec::new())).await;
    assert!(matches!(outcome, Err(PartsError::Gone)), "{outcome:?}");
}

#[tokio::test]
async fn with_its_last_file_the_transfer_is_deleted() {
    let world = world();
    for file in &mut world.rows().prepared.get_mut(&id(50)).unwrap().files {
        file.part_size = Some(3);
    }
    send(&world, part(1), vec![Step::Block("abc")]).await.unwrap();
    act::perform(&world.ports(), &abort(61)).await.unwrap();
    assert_eq!(world.rows().transfers[&id(50)].status, TransferStatus::Pending);
    act::perform(&world.ports(), &abort(62)).await.unwrap();
    assert_eq!(world.rows().transfers[&id(50)].status, TransferStatus::Deleted);
    for _ in 0..2 {
        work_once(&world.ports(), Lane::Prompt).await.unwrap();
    }
    assert_eq!(world.blobs.count(), 0);
}

#[tokio::test]
async fn a_transfer_that_has_run_out_is_gone_before_the_sweep() {
    let world = world();
    send_all(&world).await;
    world.wait(86_400);
    let outcome = act::perform(&world.ports(), &complete(Vec::new())).await;
    assert!(matches!(outcome, Err(PartsError::Gone)), "{outcome:?}");
    let outcome = act::perform(&world.ports(), &abort(62)).await;
    assert!(matches!(outcome, Err(PartsError::Gone)), "{outcome:?}");
    let list = ListParts { caller: me(), transfer: id(50), file: id(62) };
    let outcome = act::ask(&world.ports(), &list).await;
    assert!(matches!(outcome, Err(PartsError::Gone)), "{outcome:?}");
}

#[tokio::test]
async fn after_the_confirmation_nothing_changes() {
    for (status, confirmed) in [
        (TransferStatus::Active, true),
        (TransferStatus::Downloaded, true),
        (TransferStatus::Expired, false),
        (TransferStatus::Deleted, false),
    ] {
        let world = world();
        world.rows().transfers.get_mut(&id(50)).unwrap().status = status;
        for outcome in [
            act::perform(&world.ports(), &complete(Vec::new())).await.map(drop),
            act::perform(&world.ports(), &abort(62)).await,
        ] {
            assert_eq!(matches!(outcome, Err(PartsError::AlreadyConfirmed)), confirmed, "{status:?}");
            assert_eq!(matches!(outcome, Err(PartsError::Gone)), !confirmed, "{status:?}");
        }
    }
}

#[test]
fn parts_have_the_size_that_the_whole_leaves_them() {
    let file = |part_size| PreparedFile {
        file: id(1),
        part_size: Some(part_size),
        upload_id: None,
        state: FileState::Awaited,
    };
    let sizes = |size, part_size| {
        let file = file(part_size);
        let count = u32::try_from(file.part_count(size)).unwrap();
        assert_eq!(file.size_of_part(size, 0), None);
        assert_eq!(file.size_of_part(size, count + 1), None);
        (1..=count).map(|number| file.size_of_part(size, number).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(sizes(0, 5), [0]);
    assert_eq!(sizes(5, 5), [5]);
    assert_eq!(sizes(6, 5), [5, 1]);
    assert_eq!(sizes(10, 5), [5, 5]);
}
