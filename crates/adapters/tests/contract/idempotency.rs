use agentdrop_domain::idempotency::{Record, RecordName, RequestDigest};
use agentdrop_domain::store::Database;

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{at, id};
use super::scene;

fn name(n: u8) -> RecordName {
    RecordName([n; 32])
}

/// A mark of key 1 that holds until second 60.
fn mark(n: u8, attempt: u64) -> Record {
    Record {
        name: name(n),
        credential: id(1),
        attempt: id(attempt),
        request: Some(RequestDigest([n; 32])),
        answer: None,
        expires_at: at(60),
    }
}

fn answered(n: u8, attempt: u64) -> Record {
    Record {
        request: Some(RequestDigest([9; 32])),
        answer: Some(vec![0, 159, 146, 150]),
        expires_at: at(86_400),
        ..mark(n, attempt)
    }
}

pub async fn a_record_reads_back_as_it_was_written(db: &TestDb) {
    scene::set(db).await;
    let streamed = Record { request: None, ..mark(2, 12) };
    commit!(db, |tx| {
        assert!(tx.mark_running(&mark(1, 11), at(0)).await.unwrap());
        assert!(tx.mark_running(&streamed, at(0)).await.unwrap());
        assert!(tx.mark_running(&mark(3, 13), at(0)).await.unwrap());
        assert!(tx.answer_mark(&answered(3, 13)).await.unwrap());
    });
    let mut view = db.read().await;
    assert_eq!(view.idempotency_record(id(1), &name(1)).await.unwrap(), Some(mark(1, 11)));
    assert_eq!(view.idempotency_record(id(1), &name(2)).await.unwrap(), Some(streamed));
    assert_eq!(view.idempotency_record(id(1), &name(3)).await.unwrap(), Some(answered(3, 13)));
    assert_eq!(view.idempotency_record(id(1), &name(4)).await.unwrap(), None);
    assert_eq!(view.idempotency_record(id(2), &name(1)).await.unwrap(), None, "another credential's");
}

pub async fn what_counts_is_never_marked_over(db: &TestDb) {
    scene::set(db).await;
    let mut tx = db.begin().await;
    assert!(tx.mark_running(&mark(1, 11), at(0)).await.unwrap());
    assert!(!tx.mark_running(&mark(1, 12), at(59)).await.unwrap(), "its lease runs");
    assert!(tx.renew_mark(&name(1), id(11), at(100)).await.unwrap());
    assert!(!tx.mark_running(&mark(1, 12), at(99)).await.unwrap(), "it was renewed");
    let next = Record { expires_at: at(160), ..mark(1, 12) };
    assert!(tx.mark_running(&next, at(100)).await.unwrap());
    assert_eq!(tx.idempotency_record(id(1), &name(1)).await.unwrap(), Some(next));
    assert!(tx.answer_mark(&answered(1, 12)).await.unwrap());
    assert!(!tx.mark_running(&mark(1, 13), at(86_399)).await.unwrap());
    let again = Record { request: None, expires_at: at(86_460), ..mark(1, 13) };
    assert!(tx.mark_running(&again, at(86_400)).await.unwrap());
    assert_eq!(tx.idempotency_record(id(1), &name(1)).await.unwrap(), Some(again), "the answer is gone");
}

pub async fn only_the_attempt_that_holds_a_mark_moves_it(db: &TestDb) {
    scene::set(db).await;
    let mut tx = db.begin().await;
    assert!(tx.mark_running(&mark(1, 11), at(0)).await.unwrap());
    for attempt in [10, 12] {
        assert!(!tx.renew_mark(&name(1), id(attempt), at(900)).await.unwrap());
        assert!(!tx.answer_mark(&answered(1, attempt)).await.unwrap());
        assert!(!tx.remove_mark(&name(1), id(attempt)).await.unwrap());
    }
    assert!(!tx.renew_mark(&name(2), id(11), at(900)).await.unwrap());
    assert_eq!(tx.idempotency_record(id(1), &name(1)).await.unwrap(), Some(mark(1, 11)));
    assert!(tx.answer_mark(&answered(1, 11)).await.unwrap());
    assert!(!tx.answer_mark(&answered(1, 11)).await.unwrap(), "an answer is final");
    assert!(!tx.renew_mark(&name(1), id(11), at(900)).await.unwrap());
    assert!(!tx.remove_mark(&name(1), id(11)).await.unwrap());
    assert!(tx.mark_running(&mark(2, 21), at(0)).await.unwrap());
    assert!(tx.remove_mark(&name(2), id(21)).await.unwrap());
    assert_eq!(tx.idempotency_record(id(1), &name(2)).await.unwrap(), None);
}

pub async fn of_parallel_marks_one_is_put(db: &TestDb) {
    scene::set(db).await;
    let database = db.database.clone();
    // First in an empty place, then in the place of what counts no more.
    for now in [at(0), at(60)] {
        let database = database.clone();
        let put = in_parallel(32, move |n| {
            let database = database.clone();
            async move {
                let mut tx = database.begin().await.unwrap();
                let mark = Record { expires_at: now + chrono::TimeDelta::seconds(60), ..mark(1, 100 + n) };
                let put = tx.mark_running(&mark, now).await.unwrap();
                tx.commit().await.unwrap();
                put
            }
        });
        assert_eq!(put.await.into_iter().filter(|put| *put).count(), 1);
    }
}

pub async fn spent_records_are_forgotten_in_batches(db: &TestDb) {
    scene::set(db).await;
    commit!(db, |tx| {
        for n in 1..=5 {
            let record = Record { expires_at: at(i64::from(n) * 10), ..mark(n, 1) };
            assert!(tx.mark_running(&record, at(0)).await.unwrap());
        }
    });
    let mut tx = db.begin().await;
    assert_eq!(tx.forget_spent_records(at(9), 10).await.unwrap(), 0);
    assert_eq!(tx.forget_spent_records(at(40), 3).await.unwrap(), 3);
    assert_eq!(tx.idempotency_record(id(1), &name(3)).await.unwrap(), None, "oldest first");
    assert!(tx.idempotency_record(id(1), &name(4)).await.unwrap().is_some());
    assert_eq!(tx.forget_spent_records(at(40), 3).await.unwrap(), 1);
    assert!(tx.idempotency_record(id(1), &name(5)).await.unwrap().is_some());
}
