#![allow(clippy::unwrap_used)]

use super::*;
use crate::job::{Lane, ensure_sweep, work_once};
use crate::mock::id;
use crate::transfer::testing::*;
use crate::transfer::{DeleteTransfer, Transfer, TransferStatus};

const DAY: i64 = 86_400;

/// The transfer `id(50)`, whose bytes are gone since now.
fn world(days: u32) -> World {
    let mut world = World::new();
    world.settings.row_retention_days = days;
    let (now, living) = (world.now(), transfer(&agent(22)));
    let purged =
        Transfer { status: TransferStatus::Downloaded, ended_at: Some(now), purged_at: Some(now), ..living };
    world.rows().transfers.insert(id(50), purged);
    world
}

#[tokio::test]
async fn a_purged_transfer_is_forgotten_in_time() {
    let world = world(90);
    world.wait(90 * DAY - 1);
    forget_old(&world.ports()).await.unwrap();
    assert_eq!(world.rows().transfers.len(), 1);
    world.wait(1);
    forget_old(&world.ports()).await.unwrap();
    assert!(world.rows().transfers.is_empty());
}

#[tokio::test]
async fn nothing_is_forgotten_if_rows_are_kept_for_ever() {
    let world = world(0);
    world.wait(10_000 * DAY);
    forget_old(&world.ports()).await.unwrap();
    assert_eq!(world.rows().transfers.len(), 1);
}

#[tokio::test]
async fn what_has_its_bytes_stays() {
    let world = world(1);
    world.rows().transfers.get_mut(&id(50)).unwrap().purged_at = None;
    world.wait(10 * DAY);
    forget_old(&world.ports()).await.unwrap();
    assert_eq!(world.rows().transfers.len(), 1);
}

#[tokio::test]
async fn a_backlog_is_worked_off_in_bounded_sweeps() {
    let world = world(1);
    let one = world.rows().transfers[&id(50)].clone();
    let most = u128::from(BATCH * MAX_BATCHES);
    for n in 0..most + 7 {
        world.rows().transfers.insert(id(1_000 + n), Transfer { id: id(1_000 + n), ..one.clone() });
    }
    world.wait(2 * DAY);
    forget_old(&world.ports()).await.unwrap();
    assert_eq!(world.rows().transfers.len(), 8);
    forget_old(&world.ports()).await.unwrap();
    assert!(world.rows().transfers.is_empty());
}

#[tokio::test]
async fn the_sweep_forgets_a_transfer_and_what_is_told_of_it() {
    let mut world = World::with(&transfer(&agent(22)));
    world.settings.row_retention_days = 1;
    let caller = crate::mock::Fixture::new().account_caller(id(ME));
    act::perform(&world.ports(), &DeleteTransfer { caller, id: id(50) }).await.unwrap();
    ensure_sweep(&world.ports()).await.unwrap();
    let work = async || {
        let round = work_once(&world.ports(), Lane::Prompt).await.unwrap();
        assert!(round.failures.is_empty(), "{round:?}");
    };
    work().await;
    assert!(world.rows().transfers[&id(50)].purged_at.is_some());
    assert!(!world.rows().events.is_empty() && !world.rows().audit.is_empty());
    world.wait(DAY);
    work().await;
    let rows = world.rows();
    assert!(rows.transfers.is_empty() && rows.events.is_empty() && rows.audit.is_empty());
}
