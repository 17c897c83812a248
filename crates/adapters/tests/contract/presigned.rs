use agentdrop_domain::ids::TransferId;
use agentdrop_domain::page::Page;
use agentdrop_domain::transfer::{
    FilePart, FileState, InboxQuery, Prepared, PreparedFile, Transfer, TransferFile, TransferStatus,
};

use super::backend::{TestDb, commit};
use super::fixtures::{at, bytes, file, id, object_key, transfer};
use super::scene::{self, A11, B21};

/// The pending transfer `n` of two files, numbered from `10 * n`, which waits until second 100.
fn pending(n: u64) -> (Transfer, Prepared) {
    let files = vec![file(10 * n), file(10 * n + 1)];
    let transfer = Transfer {
        status: TransferStatus::Pending,
        announced: false,
        files,
        expires_at: at(100),
        ..transfer(n, A11, B21)
    };
    let awaited = |file: u64, part_size| PreparedFile {
        file: id(file),
        part_size,
        upload_id: part_size.map(|_| "the store's".to_owned()),
        state: FileState::Awaited,
    };
    let prepared = Prepared {
        transfer: id(n),
        key: id(1),
        lifetime_seconds: 3_600,
        direct: n == 2,
        files: vec![awaited(10 * n, Some(5)), awaited(10 * n + 1, None)],
    };
    (transfer, prepared)
}

async fn with_pending(db: &TestDb, numbers: impl IntoIterator<Item = u64>) {
    scene::set(db).await;
    for n in numbers {
        let (transfer, prepared) = pending(n);
        commit!(db, |tx| {
            tx.insert_transfer(&transfer).await.unwrap();
            tx.insert_prepared(&prepared).await.unwrap();
        });
    }
}

fn part(number: u32, object: u64) -> FilePart {
    FilePart { number, size: 5, sha256: bytes(object), object_key: object_key(object) }
}

pub async fn what_is_prepared_reads_back_as_it_was_written(db: &TestDb) {
    with_pending(db, [1, 2]).await;
    let mut tx = db.begin().await;
    assert_eq!(tx.prepared(id(1)).await.unwrap(), Some(pending(1).1));
    assert_eq!(tx.prepared(id(9)).await.unwrap(), None);
    tx.set_file_state(id(10), FileState::Aborted).await.unwrap();
    tx.set_file_state(id(11), FileState::Arrived).await.unwrap();
    let states = |prepared: Prepared| prepared.files.iter().map(|file| file.state).collect::<Vec<_>>();
    assert_eq!(states(tx.prepared(id(1)).await.unwrap().unwrap()), [FileState::Aborted, FileState::Arrived]);
    tx.delete_prepared(id(1)).await.unwrap();
    assert_eq!(tx.prepared(id(1)).await.unwrap(), None);
    assert_eq!(tx.prepared(id(2)).await.unwrap(), Some(pending(2).1), "each by itself");
}

pub async fn parts_are_put_in_their_places(db: &TestDb) {
    with_pending(db, [1]).await;
    let mut tx = db.begin().await;
    for (number, object) in [(2, 302), (11, 311), (1, 301)] {
        assert_eq!(tx.put_file_part(id(10), &part(number, object)).await.unwrap(), None);
    }
    assert_eq!(tx.put_file_part(id(11), &part(1, 401)).await.unwrap(), None, "of another file");
    assert_eq!(tx.put_file_part(id(10), &part(2, 322)).await.unwrap(), Some(part(2, 302)));
    let there = tx.file_parts(id(10)).await.unwrap();
    assert_eq!(there, [part(1, 301), part(2, 322), part(11, 311)]);
    tx.delete_file_parts(id(10)).await.unwrap();
    assert_eq!(tx.file_parts(id(10)).await.unwrap(), []);
    assert_eq!(tx.file_parts(id(11)).await.unwrap(), [part(1, 401)]);
}

pub async fn a_files_bytes_are_noted(db: &TestDb) {
    with_pending(db, [1]).await;
    let arrived = TransferFile { object_key: object_key(77), sha256: Some(bytes(78)), parts: 3, ..file(10) };
    commit!(db, |tx| tx.set_file_bytes(&arrived).await.unwrap());
    let stored = db.read().await.transfer(id(1)).await.unwrap().unwrap();
    assert_eq!(stored.files, [arrived, file(11)]);
    commit!(db, |tx| tx.set_total_size(id(1), 9).await.unwrap());
    assert_eq!(db.read().await.transfer(id(1)).await.unwrap().unwrap().total_size, 9);
}

pub async fn only_a_pending_transfer_becomes_active(db: &TestDb) {
    with_pending(db, [1]).await;
    let mut tx = db.begin().await;
    assert!(tx.activate_transfer(id(1), at(900)).await.unwrap());
    assert!(!tx.activate_transfer(id(1), at(901)).await.unwrap());
    let active = tx.transfer(id(1)).await.unwrap().unwrap();
    assert_eq!((active.status, active.expires_at), (TransferStatus::Active, at(900)));
    assert!(!tx.activate_transfer(id(9), at(900)).await.unwrap());
}

pub async fn a_pending_transfer_ends_like_an_active_one(db: &TestDb) {
    with_pending(db, [1, 2]).await;
    let mut tx = db.begin().await;
    assert_eq!(tx.active_transfers_to_agent(id(B21.agent)).await.unwrap(), [id(1), id(2)]);
    assert_eq!(tx.active_transfers_between_accounts(id(1), id(2)).await.unwrap(), [id(1), id(2)]);
    assert_eq!(
        tx.active_transfers_between_agents(id(A11.agent), id(B21.agent)).await.unwrap(),
        [id(1), id(2)]
    );
    assert!(tx.end_transfer(id(1), TransferStatus::Expired, at(50)).await.unwrap());
    assert!(tx.end_transfer(id(2), TransferStatus::Deleted, at(51)).await.unwrap());
    for (n, ended) in [(1, at(50)), (2, at(51))] {
        assert_eq!(tx.transfer(id(n)).await.unwrap().unwrap().ended_at, Some(ended));
    }
    assert_eq!(tx.active_transfers_to_agent(id(B21.agent)).await.unwrap(), []);
}

pub async fn what_ran_out_is_found_unless_it_was_prolonged(db: &TestDb) {
    with_pending(db, [1, 2, 3, 4]).await;
    commit!(db, |tx| {
        tx.prolong_prepared(id(2), at(99), at(150)).await.unwrap();
        tx.prolong_prepared(id(3), at(50), at(80)).await.unwrap();
        tx.prolong_prepared(id(1), at(100), at(150)).await.unwrap();
        tx.activate_transfer(id(4), at(90)).await.unwrap();
        tx.prolong_prepared(id(4), at(50), at(150)).await.unwrap();
    });
    let mut view = db.read().await;
    for (n, until) in [(1, 100), (2, 150), (3, 100), (4, 90)] {
        assert_eq!(view.transfer(id(n)).await.unwrap().unwrap().expires_at, at(until), "{n}");
    }
    assert_eq!(view.run_out_prepared(at(99), 10).await.unwrap(), []);
    assert_eq!(view.run_out_prepared(at(100), 10).await.unwrap(), [id(1), id(3)]);
    assert_eq!(view.run_out_prepared(at(100), 1).await.unwrap(), [id(1)]);
    assert_eq!(view.run_out_prepared(at(150), 10).await.unwrap(), [id(1), id(3), id(2)]);
}

pub async fn a_recipient_hears_of_what_was_confirmed_alone(db: &TestDb) {
    with_pending(db, [1, 2, 3]).await;
    commit!(db, |tx| {
        tx.activate_transfer(id(1), at(500)).await.unwrap();
        tx.end_transfer(id(2), TransferStatus::Expired, at(50)).await.unwrap();
    });
    let mut view = db.read().await;
    for (status, now, expected) in [
        (TransferStatus::Active, 400, &[1][..]),
        (TransferStatus::Expired, 400, &[]),
        (TransferStatus::Expired, 500, &[1]),
        (TransferStatus::Pending, 0, &[]),
    ] {
        let query = InboxQuery { agent: id(B21.agent), status, now: at(now) };
        let found = view.inbox(&query, Page { limit: 10, offset: 0 }).await.unwrap();
        let expected: Vec<TransferId> = expected.iter().map(|n| id(*n)).collect();
        assert_eq!(found.items.iter().map(|it| it.id).collect::<Vec<_>>(), expected, "{status:?} {now}");
        assert_eq!(found.total, expected.len() as u64);
    }
}

pub async fn what_gave_its_storage_back_is_over(db: &TestDb) {
    with_pending(db, [1, 2]).await;
    let mut tx = db.begin().await;
    assert!(tx.unhold_run_out(id(1), at(100)).await.unwrap() > 0);
    // Whoever waited for their turn since before it ran out still believes that it waits.
    tx.prolong_prepared(id(1), at(99), at(150)).await.unwrap();
    assert_eq!(tx.transfer(id(1)).await.unwrap().unwrap().expires_at, at(100));
    assert!(!tx.activate_transfer(id(1), at(900)).await.unwrap());
    tx.commit().await.unwrap();
}
