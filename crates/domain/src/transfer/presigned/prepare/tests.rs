#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;

use super::super::super::TransferForm;
use super::super::super::testing::*;
use super::*;
use crate::mock::{Fixture, Journal, MockTx, id};
use crate::plan::PlanCatalogue;

const MIB: u64 = 1 << 20;

fn declared(name: &str, size: u64, part_size: Option<u64>) -> DeclaredFile {
    DeclaredFile {
        name: FileName::try_from(name).unwrap(),
        size,
        content_type: "text/plain".to_owned(),
        part_size,
    }
}

fn prepare(files: Vec<DeclaredFile>) -> PrepareTransfer {
    let form = TransferForm {
        sender: Some(agent(11).slug.to_string()),
        recipient: Some(agent(12).slug.to_string()),
        expires_in: Some("7h".to_owned()),
        ..TransferForm::default()
    };
    let draft = form.into_draft(FieldErrors::default()).unwrap();
    PrepareTransfer { caller: Fixture::new().account_caller(id(ME)), draft, files, begun: Vec::new() }
}

async fn perform(act: PrepareTransfer, fixture: &Fixture) -> Result<(Transfer, Prepared), PrepareError> {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    knows(&mut tx, &[agent(11), agent(12)], &[]);
    journal.allow_locks(&mut tx);
    journal.allow_writes(&mut tx, ..=1);
    tx.expect_insert_transfer().returning(|_| Ok(()));
    tx.expect_insert_prepared().returning(|_| Ok(()));
    tx.expect_count_transfer_of_key().returning(|_| Ok(()));
    act.perform(&fixture.cx(), &mut tx).await
}

/// One whose plan has no largest file.
fn unlimited() -> Fixture {
    let mut fixture = Fixture::new();
    let plans = PlanCatalogue::default_plans();
    let default_plan = plans[0].name.clone();
    let plans = plans.into_iter().map(|plan| Plan { max_file_bytes: None, ..plan });
    fixture.settings.plans = PlanCatalogue::new(plans, default_plan).unwrap();
    fixture
}

#[tokio::test]
async fn a_prepared_transfer_waits_a_day_and_keeps_its_own_time_for_later() {
    let fixture = Fixture::new();
    let files = vec![declared("a", 5, None), declared("b", 12 * MIB, Some(5 * MIB))];
    let (transfer, prepared) = perform(prepare(files), &fixture).await.unwrap();
    assert_eq!(transfer.status, TransferStatus::Pending);
    assert_eq!(transfer.expires_at, fixture.now + TimeDelta::hours(24));
    assert_eq!(prepared.lifetime_seconds, 7 * 3_600);
    assert_eq!(transfer.total_size, 5 + 12 * MIB);
    assert_eq!(prepared.files.iter().map(|file| file.part_size).collect::<Vec<_>>(), [None, Some(5 * MIB)]);
    assert!(prepared.files.iter().zip(&transfer.files).all(|(known, file)| known.file == file.id));
}

#[tokio::test]
async fn parts_have_bounds() {
    for (size, part_size, allowed) in [
        (12 * MIB, 5 * MIB, true),
        (12 * MIB, 5 * MIB - 1, false),
        // One part may be as small as it is.
        (100, 100, true),
        (100, 99, false),
        (0, 1, true),
        (100, 0, false),
        (MAX_PART_BYTES, MAX_PART_BYTES, true),
        (MAX_PART_BYTES + 1, MAX_PART_BYTES + 1, false),
    ] {
        let outcome = perform(prepare(vec![declared("a", size, Some(part_size))]), &unlimited()).await;
        match outcome {
            Ok(_) => assert!(allowed, "{size} {part_size}"),
            Err(PrepareError::Route(RouteError::Invalid(invalid))) => {
                assert!(!allowed, "{size} {part_size}");
                assert_eq!(fields(&invalid), ["files[0].part_size"]);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    let many = |each: u64| {
        prepare(vec![
            declared("a", each * 5 * MIB, Some(5 * MIB)),
            declared("b", each * 5 * MIB, Some(5 * MIB)),
        ])
    };
    assert!(perform(many(1_250), &unlimited()).await.is_ok());
    let outcome = perform(many(1_251), &unlimited()).await;
    assert!(
        matches!(&outcome, Err(PrepareError::Route(RouteError::Invalid(invalid))) if fields(invalid) == ["files"])
    );
}

#[tokio::test]
async fn sizes_add_up() {
    for (size, allowed) in [(MAX_FILE_BYTES, true), (MAX_FILE_BYTES + 1, false), (u64::MAX, false)] {
        let files = (0..100).map(|n| declared(&n.to_string(), size, None)).collect();
        match perform(prepare(files), &unlimited()).await {
            Ok((transfer, _)) => assert!(allowed && transfer.total_size == 100 * size),
            Err(PrepareError::Route(RouteError::Invalid(invalid))) => {
                assert!(!allowed && fields(&invalid)[0] == "files[0].size");
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_file_is_no_larger_than_the_plan_allows() {
    let fixture = Fixture::new();
    for (size, allowed) in [(50 * MIB, true), (50 * MIB + 1, false)] {
        let outcome = perform(prepare(vec![declared("a", size, None)]), &fixture).await;
        assert_eq!(outcome.is_ok(), allowed, "{outcome:?}");
        if !allowed {
            assert!(matches!(outcome, Err(PrepareError::FileTooLarge { limit, .. }) if limit == 50 * MIB));
        }
    }
}
