#![allow(clippy::unwrap_used)]

use super::*;
use crate::event::EventName;
use crate::mock::{Fixture, id};
use crate::transfer::testing::*;
use crate::transfer::{FilePart, FileState, Prepared, PreparedFile, Transfer, TransferFile, TransferStatus};

/// The transfer `id(50)` with the bytes of its two files.
fn world() -> World {
    let world = World::with(&transfer(&agent(22)));
    for file in &transfer(&agent(22)).files {
        world.blobs.fill(&file.object_key, &vec![7; file.size as usize]);
    }
    // All objects are of the beginning: old enough by now.
    world.wait(121);
    world
}

async fn checked(world: &World) -> Report {
    check(&world.ports(), CheckOptions::default()).await.unwrap()
}

async fn repaired(world: &World) -> Report {
    check(&world.ports(), CheckOptions { repair: true, verify: false }).await.unwrap()
}

fn key_of(n: u128) -> ObjectKey {
    ObjectKey::of_upload(id(n))
}

fn kinds(report: &Report) -> Vec<DamageKind> {
    report.damaged.named.iter().map(|damage| damage.kind).collect()
}

#[tokio::test]
async fn what_agrees_is_clean() {
    let report = checked(&world()).await;
    assert!(report.is_clean());
    let expected = Report {
        transfers: 1,
        expected_objects: 2,
        expected_bytes: 12,
        stored_objects: 2,
        ..Report::default()
    };
    assert_eq!(report, expected);
}

#[tokio::test]
async fn a_missing_object_and_one_of_another_size_are_damage() {
    let world = world();
    world.blobs.lose(&key_of(71));
    world.blobs.fill(&key_of(72), &[7; 6]);
    let report = checked(&world).await;
    assert!(!report.is_clean());
    assert_eq!(kinds(&report), [DamageKind::Missing, DamageKind::WrongSize { expected: 7, found: 6 }]);
    assert_eq!((report.damaged.found, report.damaged.repaired), (2, 0));
    assert_eq!(report.damaged.named[0].transfer, id(50));
    assert_eq!(world.rows().transfers[&id(50)].status, TransferStatus::Active, "looking changes nothing");
}

#[tokio::test]
async fn a_repair_deletes_the_damaged_transfer_and_says_so() {
    let world = world();
    world.rows().grants.insert(id(90), grant(90));
    world.blobs.lose(&key_of(71));
    let report = repaired(&world).await;
    assert!(report.is_clean());
    assert_eq!((report.damaged.found, report.damaged.repaired), (1, 1));
    {
        let rows = world.rows();
        assert_eq!(rows.transfers[&id(50)].status, TransferStatus::Deleted);
        assert!(rows.grants[&id(90)].revoked_at.is_some());
        assert_eq!(rows.jobs.len(), 1, "the rest is purged");
        assert_eq!(rows.audit[0].act, "transfer.delete-damaged");
    }
    assert_eq!(world.told(), [(ME, EventName::TransferDeleted), (THEM, EventName::TransferDeleted)]);
    assert_eq!(checked(&world).await.damaged.found, 0);
}

#[tokio::test]
async fn an_ended_transfer_needs_its_bytes_while_a_grant_runs() {
    let world = world();
    world.blobs.lose(&key_of(71));
    world.rows().transfers.get_mut(&id(50)).unwrap().status = TransferStatus::Downloaded;
    assert!(checked(&world).await.is_clean());
    world.rows().grants.insert(id(90), grant(90));
    assert_eq!(kinds(&checked(&world).await), [DamageKind::Missing]);
    assert!(repaired(&world).await.is_clean());
    assert_eq!(world.rows().transfers[&id(50)].status, TransferStatus::Deleted);
}

#[tokio::test]
async fn what_is_purged_while_it_is_looked_at_is_no_damage() {
    let world = world();
    let meanwhile = world.clone();
    world.blobs.lose(&key_of(71));
    world.blobs.before_head(move || {
        meanwhile.rows().transfers.get_mut(&id(50)).unwrap().status = TransferStatus::Deleted;
    });
    assert_eq!(checked(&world).await.damaged.found, 0);
}

#[tokio::test]
async fn other_bytes_of_the_same_size_show_when_they_are_read() {
    let world = world();
    // The bytes fold to themselves, so the rows can say what they should be.
    world.rows().transfers.get_mut(&id(50)).unwrap().files[0].sha256 = Some([0; 32]);
    world.rows().transfers.get_mut(&id(50)).unwrap().files[1].sha256 = None;
    assert!(checked(&world).await.is_clean());
    let verify = CheckOptions { verify: true, repair: false };
    let report = check(&world.ports(), verify).await.unwrap();
    assert_eq!(kinds(&report), [DamageKind::Corrupt]);
    assert_eq!(report.damaged.named[0].object_key, key_of(71));
}

/// The transfer waits: its first file is awaited whole, its second has one of two parts.
fn prepared(state: FileState) -> World {
    let pending = Transfer { status: TransferStatus::Pending, ..transfer(&agent(22)) };
    let world = World::new();
    let file = |n: u128, part_size| PreparedFile { file: id(n), part_size, upload_id: None, state };
    let files = vec![file(61, None), file(62, Some(5))];
    let prepared = Prepared { transfer: id(50), key: id(7_000), lifetime_seconds: 60, direct: false, files };
    let part = FilePart { number: 1, size: 5, sha256: [0; 32], object_key: key_of(201) };
    world.rows().transfers.insert(id(50), pending);
    world.rows().prepared.insert(id(50), prepared);
    world.rows().parts.insert((id(62), 1), part);
    world.wait(121);
    world
}

#[tokio::test]
async fn a_prepared_transfer_needs_what_has_arrived() {
    let world = prepared(FileState::Awaited);
    assert_eq!(kinds(&checked(&world).await), [DamageKind::Missing]);
    world.blobs.fill(&key_of(201), &[1; 5]);
    let report = checked(&world).await;
    assert!(report.is_clean());
    assert_eq!((report.expected_objects, report.expected_bytes), (1, 5));
    assert!(checked(&prepared(FileState::Aborted)).await.is_clean(), "given up");
}

#[tokio::test]
async fn with_direct_delivery_one_object_holds_all_parts() {
    let world = prepared(FileState::Arrived);
    world.rows().prepared.get_mut(&id(50)).unwrap().direct = true;
    world.rows().parts.clear();
    world.blobs.fill(&key_of(71), &[1; 5]);
    assert_eq!(kinds(&checked(&world).await), [DamageKind::Missing]);
    world.blobs.fill(&key_of(72), &[1; 7]);
    assert!(checked(&world).await.is_clean());
}

#[tokio::test]
async fn a_file_whose_parts_do_not_make_it_up_is_damage() {
    let world = prepared(FileState::Arrived);
    world.blobs.fill(&key_of(71), &[1; 5]);
    world.blobs.fill(&key_of(201), &[1; 5]);
    let set_parts = |parts| {
        let mut rows = world.rows();
        let file: &mut TransferFile = &mut rows.transfers.get_mut(&id(50)).unwrap().files[1];
        file.parts = parts;
    };
    set_parts(2);
    let report = checked(&world).await;
    assert_eq!(kinds(&report), [DamageKind::Missing]);
    assert_eq!(report.damaged.named[0].file, id(62));
    let last = FilePart { number: 2, size: 2, sha256: [0; 32], object_key: key_of(202) };
    world.rows().parts.insert((id(62), 2), last);
    world.blobs.fill(&key_of(202), &[1; 2]);
    assert!(checked(&world).await.is_clean());
}

#[tokio::test]
async fn an_empty_file_may_have_no_object() {
    let world = world();
    world.blobs.lose(&key_of(71));
    world.rows().transfers.get_mut(&id(50)).unwrap().files[0].size = 0;
    assert!(checked(&world).await.is_clean());
}

#[tokio::test]
async fn a_stray_object_is_an_orphan_and_goes_with_a_repair() {
    let world = world();
    world.blobs.fill(&key_of(99), &[1; 3]);
    let report = checked(&world).await;
    assert!(!report.is_clean());
    assert_eq!(report.orphans.named, [Orphan { object_key: key_of(99), size: 3 }]);
    assert!(world.blobs.holds(&key_of(99)), "looking removes nothing");
    let report = repaired(&world).await;
    assert!(report.is_clean());
    assert_eq!((report.orphans.found, report.orphans.repaired), (1, 1));
    assert!(!world.blobs.holds(&key_of(99)));
    assert_eq!(world.blobs.count(), 2);
}

#[tokio::test]
async fn nothing_of_an_upload_is_touched() {
    let world = world();
    world.rows().uploads.insert(id(99), upload(99, -500));
    world.blobs.fill(&key_of(99), &[1; 3]);
    world.blobs.begin(&key_of(99));
    let report = repaired(&world).await;
    assert_eq!((report.orphans.found, report.unfinished.found), (0, 0));
    assert!(world.blobs.holds(&key_of(99)));
}

#[tokio::test]
async fn what_is_young_is_not_judged() {
    let world = World::new();
    world.blobs.fill(&key_of(99), &[1; 3]);
    world.blobs.begin(&key_of(98));
    world.wait(119);
    let report = repaired(&world).await;
    assert_eq!((report.young, report.orphans.found, report.unfinished.found), (2, 0, 0));
    assert!(report.is_clean());
    world.wait(1);
    let report = repaired(&world).await;
    assert_eq!((report.young, report.orphans.found, report.unfinished.found), (0, 1, 1));
}

#[tokio::test]
async fn an_object_purged_since_it_was_listed_is_no_orphan() {
    let world = world();
    world.blobs.fill(&key_of(99), &[1; 3]);
    let blobs = world.blobs.clone();
    world.blobs.after_listing(move || blobs.lose(&key_of(99)));
    assert_eq!(checked(&world).await.orphans.found, 0);
}

#[tokio::test]
async fn an_object_that_becomes_a_transfers_is_no_orphan() {
    let world = World::new();
    world.rows().uploads.insert(id(71), upload(71, 60));
    world.blobs.fill(&key_of(71), &[1; 5]);
    world.wait(121);
    let meanwhile = world.clone();
    world.blobs.after_listing(move || {
        let mut rows = meanwhile.rows();
        rows.uploads.clear();
        rows.transfers.insert(id(50), transfer(&agent(22)));
    });
    assert_eq!(repaired(&world).await.orphans.found, 0);
    assert!(world.blobs.holds(&key_of(71)));
}

#[tokio::test]
async fn unfinished_puts_of_nobody_are_ended() {
    let world = world();
    world.blobs.begin(&key_of(98));
    assert_eq!(checked(&world).await.unfinished.named, [key_of(98)]);
    let report = repaired(&world).await;
    assert_eq!((report.unfinished.found, report.unfinished.repaired), (1, 1));
    assert_eq!(checked(&world).await.unfinished.found, 0);
}

#[tokio::test]
async fn all_findings_are_counted_and_the_first_are_named() {
    let world = World::new();
    for n in 0..2_500 {
        world.blobs.fill(&key_of(n), &[1]);
    }
    world.wait(121);
    let report = checked(&world).await;
    assert_eq!((report.stored_objects, report.orphans.found), (2_500, 2_500));
    assert_eq!(report.orphans.named.len(), NAMED_FINDINGS);
}

#[tokio::test]
async fn an_outage_is_no_finding() {
    let world = world();
    world.database_lasts(Some(1));
    let error = check(&world.ports(), CheckOptions::default()).await.unwrap_err();
    assert!(matches!(error, CheckError::Store(_)));
    world.database_lasts(None);
    world.blobs.fill(&key_of(99), &[1]);
    world.blobs.lasts(Some(0));
    let options = CheckOptions { repair: true, verify: false };
    assert!(matches!(check(&world.ports(), options).await, Err(CheckError::Blob(_))));
    assert_eq!(world.now(), Fixture::new().now + chrono::TimeDelta::seconds(121));
}
