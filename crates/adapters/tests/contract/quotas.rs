use agentdrop_domain::account::Usage;
use agentdrop_domain::store::Database;
use agentdrop_domain::transfer::{Transfer, TransferStatus, Upload};

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{account, at, id, transfer, upload};
use super::scene::{self, A11, B21};

async fn with_account(db: &TestDb) {
    commit!(db, |tx| tx.insert_account(&account(1)).await.unwrap());
}

async fn storage(db: &TestDb) -> u64 {
    db.read().await.usage(id(1)).await.unwrap().storage_bytes
}

pub async fn storage_stays_within_its_limit(db: &TestDb) {
    with_account(db).await;
    assert_eq!(db.read().await.usage(id(1)).await.unwrap(), Usage::default());
    assert_eq!(db.read().await.usage(id(9)).await.unwrap(), Usage::default(), "nobody's");
    let mut tx = db.begin().await;
    for (bytes, limit, fits) in [
        (100, Some(99), false),
        (100, Some(100), true),
        (1, Some(100), false),
        (0, Some(100), true),
        (0, Some(99), false),
        (u64::MAX, Some(100), false),
        (1 << 40, None, true),
        (1, Some(u64::MAX), true),
        (u64::MAX, None, false),
    ] {
        assert_eq!(tx.take_storage(id(1), bytes, limit).await.unwrap(), fits, "{bytes} of {limit:?}");
    }
    assert!(!tx.take_storage(id(9), 0, None).await.unwrap(), "nobody's storage");
    assert_eq!(tx.usage(id(1)).await.unwrap().storage_bytes, (1 << 40) + 101);
    for (bytes, left) in [(1, (1 << 40) + 100), (1 << 40, 100), (101, 0), (u64::MAX, 0)] {
        tx.give_back_storage(id(1), bytes).await.unwrap();
        assert_eq!(tx.usage(id(1)).await.unwrap().storage_bytes, left);
    }
    tx.commit().await.unwrap();
}

pub async fn storage_is_exact_in_parallel(db: &TestDb) {
    with_account(db).await;
    let database = db.database.clone();
    let taken = in_parallel(64, move |_| {
        let database = database.clone();
        async move {
            let mut tx = database.begin().await.unwrap();
            let taken = tx.take_storage(id(1), 10, Some(109)).await.unwrap();
            tx.commit().await.unwrap();
            taken
        }
    });
    assert_eq!(taken.await.into_iter().filter(|taken| *taken).count(), 10);
    assert_eq!(storage(db).await, 100);
}

pub async fn transfers_are_counted_by_the_month(db: &TestDb) {
    with_account(db).await;
    let mut tx = db.begin().await;
    for (month, limit, counts) in [
        (0, Some(0), false),
        (0, Some(2), true),
        (0, Some(2), true),
        (0, Some(2), false),
        (0, None, true),
        (100, Some(2), true),
        // A node whose clock is behind counts in the month that has begun.
        (0, Some(2), true),
        (0, Some(2), false),
        (200, Some(1), true),
        (200, Some(1), false),
    ] {
        let counted = tx.count_transfer(id(1), at(month), limit).await.unwrap();
        assert_eq!(counted, counts, "{limit:?} in the month {month}");
    }
    let used = tx.usage(id(1)).await.unwrap();
    assert_eq!(used, Usage { storage_bytes: 0, transfers: 1, month_start: Some(at(200)) });
    assert!(!tx.count_transfer(id(9), at(0), None).await.unwrap(), "nobody's month");
}

pub async fn monthly_transfers_are_exact_in_parallel(db: &TestDb) {
    with_account(db).await;
    let database = db.database.clone();
    let counted = in_parallel(64, move |_| {
        let database = database.clone();
        async move {
            let mut tx = database.begin().await.unwrap();
            let counted = tx.count_transfer(id(1), at(0), Some(10)).await.unwrap();
            tx.commit().await.unwrap();
            counted
        }
    });
    assert_eq!(counted.await.into_iter().filter(|counted| *counted).count(), 10);
}

pub async fn a_transfer_gives_back_what_it_holds_once(db: &TestDb) {
    scene::set(db).await;
    let sent = Transfer { total_size: 30, ..transfer(1, A11, B21) };
    commit!(db, |tx| tx.insert_transfer(&sent).await.unwrap());
    let mut tx = db.begin().await;
    for (most, freed) in [(0, 0), (10, 10), (u64::MAX, 20), (u64::MAX, 0)] {
        assert_eq!(tx.unhold_transfer(id(1), most).await.unwrap(), freed);
    }
    assert_eq!(tx.unhold_transfer(id(9), u64::MAX).await.unwrap(), 0);
    tx.commit().await.unwrap();
}

pub async fn what_has_run_out_gives_back_what_it_holds(db: &TestDb) {
    scene::set(db).await;
    let sent = |n, until| Transfer { expires_at: at(until), total_size: n * 10, ..transfer(n, A11, B21) };
    let received = Transfer { expires_at: at(50), ..transfer(8, B21, A11) };
    let pending = Transfer { status: TransferStatus::Pending, announced: false, ..sent(3, 50) };
    commit!(db, |tx| for transfer in [sent(1, 100), sent(2, 101), pending, received.clone()] {
        tx.insert_transfer(&transfer).await.unwrap();
    });
    let mut tx = db.begin().await;
    assert_eq!(tx.unhold_run_out(id(1), at(49)).await.unwrap(), 0);
    assert_eq!(tx.unhold_run_out(id(1), at(100)).await.unwrap(), 40);
    assert_eq!(tx.unhold_run_out(id(1), at(100)).await.unwrap(), 0);
    assert_eq!(tx.unhold_transfer(id(3), u64::MAX).await.unwrap(), 0);
    assert_eq!(tx.unhold_transfer(id(2), u64::MAX).await.unwrap(), 20);
    tx.commit().await.unwrap();
}

pub async fn abandoned_uploads_give_back_what_they_hold(db: &TestDb) {
    let arriving = |n, until| Upload { lease_until: at(until), reserved_bytes: n * 10, ..upload(n, 1) };
    let theirs = Upload { account_id: id(2), ..arriving(4, 50) };
    commit!(db, |tx| {
        tx.insert_account(&account(1)).await.unwrap();
        tx.insert_account(&account(2)).await.unwrap();
        for upload in [arriving(1, 100), arriving(2, 101), arriving(3, 50), theirs.clone()] {
            tx.insert_upload(&upload).await.unwrap();
        }
        tx.hold_for_upload(id(3), 7).await.unwrap();
    });
    let mut tx = db.begin().await;
    assert_eq!(tx.unhold_abandoned(id(1), at(100)).await.unwrap(), 17);
    assert_eq!(tx.unhold_abandoned(id(1), at(100)).await.unwrap(), 0);
    let taken = Upload { reaping: true, reserved_bytes: 0, ..arriving(1, 100) };
    assert_eq!(tx.upload(id(1)).await.unwrap(), Some(taken));
    for untouched in [arriving(2, 101), theirs] {
        assert_eq!(tx.upload(untouched.id).await.unwrap(), Some(untouched));
    }
    assert!(!tx.settle_upload(id(3)).await.unwrap(), "it can't become a transfer any more");
    tx.commit().await.unwrap();
}
