use std::collections::BTreeSet;

use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::transfer::{FilePart, Transfer, TransferStatus};

use super::backend::{TestDb, commit};
use super::fixtures::{at, bytes, id, object_key, transfer, upload};
use super::scene::{self, A11, B21};

/// The transfers 1 to 5, of which 2 is purged and 4 has ended.
async fn with_transfers(db: &TestDb) {
    scene::set(db).await;
    commit!(db, |tx| {
        for n in 1..=5 {
            tx.insert_transfer(&transfer(n, A11, B21)).await.unwrap();
        }
        for n in [2, 4] {
            tx.end_transfer(id(n), TransferStatus::Deleted, at(10)).await.unwrap();
        }
        tx.mark_purged(id(2), at(11)).await.unwrap();
    });
}

pub async fn transfers_with_bytes_are_paged_by_id(db: &TestDb) {
    with_transfers(db).await;
    let mut view = db.read().await;
    let first = view.unpurged_transfers(None, 3).await.unwrap();
    let ids = |page: &[Transfer]| page.iter().map(|transfer| transfer.id).collect::<Vec<_>>();
    assert_eq!(ids(&first), [id(1), id(3), id(4)]);
    assert_eq!(first[0], transfer(1, A11, B21), "with its files");
    let rest = view.unpurged_transfers(Some(id(4)), 3).await.unwrap();
    assert_eq!(ids(&rest), [id(5)]);
    assert_eq!(view.unpurged_transfers(Some(id(5)), 3).await.unwrap(), []);
}

pub async fn objects_are_known_by_files_parts_and_uploads(db: &TestDb) {
    with_transfers(db).await;
    commit!(db, |tx| {
        tx.insert_upload(&upload(101, 1)).await.unwrap();
        let part = FilePart { number: 1, size: 5, sha256: bytes(1), object_key: object_key(201) };
        tx.put_file_part(id(3), &part).await.unwrap();
    });
    let mut view = db.read().await;
    let asked: Vec<ObjectKey> = [1, 2, 4, 101, 201, 999].map(object_key).into();
    let known = view.known_objects(&asked).await.unwrap();
    assert_eq!(known, BTreeSet::from([1, 4, 101, 201].map(object_key)), "2 is purged, 999 nobody's");
    assert_eq!(view.known_objects(&[object_key(3)]).await.unwrap(), BTreeSet::from([object_key(3)]));
    assert_eq!(view.known_objects(&[]).await.unwrap(), BTreeSet::new());
}

pub async fn many_objects_are_asked_for_at_once(db: &TestDb) {
    with_transfers(db).await;
    let asked: Vec<ObjectKey> = (1..=1_000).map(object_key).collect();
    assert_eq!(db.read().await.known_objects(&asked).await.unwrap().len(), 4);
}
