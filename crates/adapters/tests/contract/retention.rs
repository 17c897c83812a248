use agentdrop_domain::audit::AuditEntry;
use agentdrop_domain::event::Event;
use agentdrop_domain::transfer::{
    FilePart, FileState, Piece, Prepared, PreparedFile, TransferStatus, Upload,
};

use super::backend::{TestDb, commit};
use super::fixtures::{at, bytes, event, grant, id, object_key, transfer, upload};
use super::scene::{self, A11, B21};

/// The transfers 1 to 4, with all that can belong to one: 1 to 3 are purged at 10, 20 and 30, 4 has ended.
async fn with_transfers(db: &TestDb) {
    scene::set(db).await;
    commit!(db, |tx| {
        for n in 1..=4 {
            tx.insert_transfer(&transfer(n, A11, B21)).await.unwrap();
            let file =
                PreparedFile { file: id(n), part_size: Some(5), upload_id: None, state: FileState::Arrived };
            let (transfer, key) = (id(n), id(1));
            let files = vec![file];
            let prepared = Prepared { transfer, key, lifetime_seconds: 60, direct: false, files };
            tx.insert_prepared(&prepared).await.unwrap();
            let part = FilePart { number: 1, size: 5, sha256: bytes(n), object_key: object_key(200 + n) };
            tx.put_file_part(id(n), &part).await.unwrap();
            tx.insert_grant(&grant(300 + n, n, 1)).await.unwrap();
            tx.insert_grant(&grant(400 + n, n, 1)).await.unwrap();
            tx.end_transfer(id(n), TransferStatus::Deleted, at(5)).await.unwrap();
        }
        tx.revoke_grants(id(1), at(5)).await.unwrap();
        for n in 1..=3 {
            tx.mark_purged(id(n), at(10 * n as i64)).await.unwrap();
        }
    });
}

pub async fn a_purged_transfer_goes_with_all_that_is_its_own(db: &TestDb) {
    with_transfers(db).await;
    assert_eq!(commit!(db, |tx| tx.forget_transfers(at(9), 10).await.unwrap()), 0);
    assert_eq!(commit!(db, |tx| tx.forget_transfers(at(20), 1).await.unwrap()), 1, "the oldest first");
    let mut view = db.read().await;
    assert_eq!(view.transfer(id(1)).await.unwrap(), None);
    assert!(view.transfer(id(2)).await.unwrap().is_some());
    assert_eq!(view.prepared(id(1)).await.unwrap(), None);
    assert_eq!(view.file_parts(id(1)).await.unwrap(), []);
    assert_eq!((view.grant(id(301)).await.unwrap(), view.grant(id(401)).await.unwrap()), (None, None));
    assert!(view.grant(id(302)).await.unwrap().is_some(), "another's");
    drop(view);
    assert_eq!(commit!(db, |tx| tx.forget_transfers(at(99), 10).await.unwrap()), 2);
    assert!(db.read().await.transfer(id(4)).await.unwrap().is_some(), "its bytes are there");
    assert_eq!(commit!(db, |tx| tx.forget_transfers(at(99), 10).await.unwrap()), 0);
}

pub async fn a_transfer_to_which_bytes_are_on_their_way_stays(db: &TestDb) {
    with_transfers(db).await;
    let on_its_way =
        Upload { piece: Some(Piece { transfer: id(1), file: id(70), part: None }), ..upload(101, 1) };
    commit!(db, |tx| tx.insert_upload(&on_its_way).await.unwrap());
    assert_eq!(commit!(db, |tx| tx.forget_transfers(at(20), 10).await.unwrap()), 1);
    assert!(db.read().await.transfer(id(1)).await.unwrap().is_some());
    commit!(db, |tx| tx.delete_upload(id(101)).await.unwrap());
    assert_eq!(commit!(db, |tx| tx.forget_transfers(at(20), 10).await.unwrap()), 1);
}

pub async fn old_events_go_and_the_numbers_go_on(db: &TestDb) {
    scene::set(db).await;
    let told = |n: u64| Event { at: at(10 * n as i64), ..event(1, n) };
    commit!(db, |tx| tx.append_events(&[told(1), told(2), told(3)]).await.unwrap());
    assert_eq!(commit!(db, |tx| tx.forget_events(at(30), 2).await.unwrap()), 2);
    let subjects = |events: Vec<super::backend::StoredEvent>| -> Vec<(i64, String)> {
        events.into_iter().map(|event| (event.seq, event.subject)).collect()
    };
    assert_eq!(subjects(db.events().await), [(3, "3".to_owned())]);
    assert_eq!(commit!(db, |tx| tx.forget_events(at(30), 2).await.unwrap()), 1);
    commit!(db, |tx| tx.append_events(&[told(4)]).await.unwrap());
    assert_eq!(subjects(db.events().await), [(4, "4".to_owned())]);
    assert_eq!(commit!(db, |tx| tx.forget_events(at(39), 2).await.unwrap()), 0);
}

pub async fn old_audit_entries_go(db: &TestDb) {
    commit!(db, |tx| for n in 1..=3_u64 {
        let (id, at) = (id(n), at(10 * n as i64));
        let subject = n.to_string();
        let entry = AuditEntry { id, at, account: None, key: None, act: "account.create", subject };
        tx.append_audit(&entry).await.unwrap();
    });
    assert_eq!(commit!(db, |tx| tx.forget_audit(at(9), 9).await.unwrap()), 0);
    assert_eq!(commit!(db, |tx| tx.forget_audit(at(20), 9).await.unwrap()), 2);
    let left = db.audit().await;
    assert!(left.len() == 1 && left[0].starts_with("account.create 3 "), "{left:?}");
}
