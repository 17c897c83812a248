use std::time::Duration;

use agentdrop_domain::account::Account;
use agentdrop_domain::store::{Database, StoreError, UniqueRule};
use agentdrop_domain::transfer::Upload;
use chrono::{DateTime, TimeDelta};

use super::backend::{OPTIONS, TestDb, commit, in_parallel};
use super::fixtures::{ALL, account, at, email, id, upload};

pub async fn an_uncommitted_transaction_leaves_nothing(db: &TestDb) {
    let mut tx = db.begin().await;
    tx.insert_account(&account(1)).await.unwrap();
    assert_eq!(tx.account(id(1)).await.unwrap(), Some(account(1)), "it sees its own changes");
    tx.rollback().await.unwrap();
    let mut tx = db.begin().await;
    tx.insert_account(&account(2)).await.unwrap();
    drop(tx);
    commit!(db, |tx| tx.insert_account(&account(3)).await.unwrap());
    let left = db.read().await.accounts(ALL).await.unwrap();
    assert_eq!(left.items, [account(3)]);
}

pub async fn a_dropped_transaction_frees_its_connection(db: &TestDb) {
    commit!(db, |tx| tx.insert_account(&account(1)).await.unwrap());
    let database = db.database.clone();
    // More of them than there are connections; each holds the lock that the next one needs.
    for n in 0..3 * u64::from(OPTIONS.connections) {
        let mut tx = database.begin().await.unwrap();
        tx.lock_accounts(&[id(1)]).await.unwrap();
        tx.insert_account(&account(n + 2)).await.unwrap();
    }
    // And some whose task is cut off wherever it happens to be.
    let cut = in_parallel(32, move |n| {
        let database = database.clone();
        async move {
            let act = async {
                let mut tx = database.begin().await.unwrap();
                tx.lock_accounts(&[id(1)]).await.unwrap();
                tx.insert_account(&account(n + 100)).await.unwrap();
                std::future::pending::<()>().await;
            };
            tokio::time::timeout(Duration::from_millis(n), act).await.unwrap_err();
        }
    });
    cut.await;
    commit!(db, |tx| {
        tx.lock_accounts(&[id(1)]).await.unwrap();
        tx.insert_account(&account(2)).await.unwrap();
    });
    assert_eq!(db.read().await.accounts(ALL).await.unwrap().items, [account(1), account(2)]);
}

/// Whoever goes away while a statement runs takes nothing of the pool along.
pub async fn a_statement_that_is_left_while_it_runs_frees_its_connection(db: &TestDb) {
    commit!(db, |tx| tx.insert_account(&account(1)).await.unwrap());
    for _ in 0..3 * OPTIONS.connections {
        let mut view = db.read().await;
        begin_and_leave(view.account(id(1))).await;
        drop(view);
        let mut tx = db.begin().await;
        begin_and_leave(tx.insert_account(&account(2))).await;
        drop(tx);
        let mut tx = db.begin().await;
        tx.lock_accounts(&[id(1)]).await.unwrap();
        begin_and_leave(tx.commit()).await;
        begin_and_leave(db.database.begin()).await;
    }
    commit!(db, |tx| tx.insert_account(&account(3)).await.unwrap());
    assert_eq!(db.read().await.accounts(ALL).await.unwrap().items, [account(1), account(3)]);
}

/// Lets something start, and does not wait for it.
pub async fn begin_and_leave<T>(running: impl Future<Output = T>) {
    let mut running = std::pin::pin!(running);
    let _started = futures_util::poll!(&mut running);
}

pub async fn a_failed_statement_undoes_the_transaction(db: &TestDb) {
    commit!(db, |tx| tx.insert_account(&account(1)).await.unwrap());
    let mut tx = db.begin().await;
    tx.insert_account(&account(2)).await.unwrap();
    let refused = tx.insert_account(&Account { email: email(1), ..account(3) }).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(UniqueRule::AccountEmail)), "{refused:?}");
    let committed = tx.commit().await;
    assert!(matches!(committed, Err(StoreError::Internal(_))), "{committed:?}");
    assert_eq!(db.read().await.accounts(ALL).await.unwrap().items, [account(1)]);
}

pub async fn a_view_reads_beside_a_writer(db: &TestDb) {
    commit!(db, |tx| tx.insert_account(&account(1)).await.unwrap());
    let mut tx = db.begin().await;
    tx.lock_accounts(&[id(1)]).await.unwrap();
    tx.insert_account(&account(2)).await.unwrap();
    let mut view = db.read().await;
    assert_eq!(view.accounts(ALL).await.unwrap().items, [account(1)], "nothing uncommitted, no waiting");
    tx.commit().await.unwrap();
    assert_eq!(view.accounts(ALL).await.unwrap().total, 2);
    db.database.ping().await.unwrap();
}

pub async fn times_survive_to_the_microsecond(db: &TestDb) {
    let moments = [0, 1, 999_999, 1_000_000, 120_000, 999_000, 100, 10].map(|micros| {
        DateTime::from_timestamp_micros(1_767_225_599_000_000 + micros).unwrap() // into the year 2026
    });
    commit!(db, |tx| {
        tx.insert_account(&account(1)).await.unwrap();
        for (n, lease_until) in (1..).zip(moments) {
            tx.insert_upload(&Upload { lease_until, ..upload(n, 1) }).await.unwrap();
        }
    });
    let mut view = db.read().await;
    for (n, moment) in (1..).zip(moments) {
        assert_eq!(view.upload(id(n)).await.unwrap().unwrap().lease_until, moment);
    }
    let mut sorted = moments;
    sorted.sort();
    for (position, moment) in sorted.into_iter().enumerate() {
        let found = view.abandoned_uploads(moment, 100).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|upload| upload.lease_until).collect();
        assert_eq!(found, sorted[..=position], "compared and ordered as times");
        let before = view.abandoned_uploads(moment - TimeDelta::microseconds(1), 100).await.unwrap();
        assert_eq!(before.len(), position);
    }
    assert_eq!(at(0).timestamp_subsec_nanos() % 1_000, 0);
}

pub async fn a_number_beyond_the_database_is_refused(db: &TestDb) {
    let mut tx = db.begin().await;
    tx.insert_account(&account(1)).await.unwrap();
    let refused = tx.insert_upload(&Upload { reserved_bytes: u64::MAX, ..upload(1, 1) }).await.unwrap_err();
    assert!(matches!(refused, StoreError::Internal(_)), "{refused:?}");
}
