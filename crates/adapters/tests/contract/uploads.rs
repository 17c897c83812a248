use agentdrop_domain::store::Database;
use agentdrop_domain::transfer::Upload;

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{account, at, id, upload};

async fn with_uploads(db: &TestDb, uploads: &[Upload]) {
    commit!(db, |tx| {
        tx.insert_account(&account(1)).await.unwrap();
        for upload in uploads {
            tx.insert_upload(upload).await.unwrap();
        }
    });
}

pub async fn an_upload_reads_back_as_it_was_written(db: &TestDb) {
    let reaping = Upload { reaping: true, reserved_bytes: 0, ..upload(2, 1) };
    with_uploads(db, &[upload(1, 1), reaping.clone()]).await;
    let mut tx = db.begin().await;
    assert_eq!(tx.upload(id(1)).await.unwrap(), Some(upload(1, 1)));
    assert_eq!(tx.upload(id(2)).await.unwrap(), Some(reaping));
    assert_eq!(tx.upload(id(3)).await.unwrap(), None);
    tx.delete_upload(id(1)).await.unwrap();
    assert_eq!(tx.upload(id(1)).await.unwrap(), None);
}

pub async fn a_lease_is_renewed_until_the_sweeper_comes(db: &TestDb) {
    with_uploads(db, &[upload(1, 1)]).await;
    let mut tx = db.begin().await;
    assert!(tx.renew_upload(id(1), at(500)).await.unwrap());
    assert!(!tx.reap_upload(id(1), Some(at(499))).await.unwrap(), "alive");
    assert!(tx.reap_upload(id(1), Some(at(500))).await.unwrap());
    assert!(!tx.renew_upload(id(1), at(900)).await.unwrap());
    let taken = Upload { lease_until: at(500), reaping: true, ..upload(1, 1) };
    assert_eq!(tx.upload(id(1)).await.unwrap(), Some(taken));
    assert!(!tx.renew_upload(id(9), at(900)).await.unwrap());
}

pub async fn settling_and_reaping_exclude_each_other(db: &TestDb) {
    let uploads: Vec<Upload> = (1..=32).map(|n| upload(n, 1)).collect();
    with_uploads(db, &uploads).await;
    let mut tx = db.begin().await;
    assert!(tx.settle_upload(id(1)).await.unwrap());
    assert!(!tx.settle_upload(id(1)).await.unwrap());
    assert!(!tx.reap_upload(id(1), None).await.unwrap(), "gone");
    assert!(tx.reap_upload(id(2), None).await.unwrap(), "whatever its lease says");
    assert!(tx.reap_upload(id(2), Some(at(0))).await.unwrap(), "a sweeper that died is followed by another");
    assert!(!tx.settle_upload(id(2)).await.unwrap());
    tx.commit().await.unwrap();

    let database = db.database.clone();
    let won = in_parallel(60, move |n| {
        let database = database.clone();
        async move {
            let upload = id(3 + n / 2);
            let mut tx = database.begin().await.unwrap();
            let won = if n % 2 == 0 {
                tx.settle_upload(upload).await.unwrap()
            } else {
                tx.reap_upload(upload, None).await.unwrap()
            };
            tx.commit().await.unwrap();
            won
        }
    });
    for pair in won.await.chunks(2) {
        assert!(pair[0] != pair[1], "one of the two wins");
    }
}

pub async fn abandoned_uploads_are_found(db: &TestDb) {
    let until = |n, second| Upload { lease_until: at(second), ..upload(n, 1) };
    let reaping = Upload { reaping: true, ..until(4, 900) };
    with_uploads(db, &[until(1, 100), until(2, 50), until(3, 101), reaping.clone()]).await;
    let mut view = db.read().await;
    let found = view.abandoned_uploads(at(100), 10).await.unwrap();
    assert_eq!(found, [until(2, 50), until(1, 100), reaping]);
    assert_eq!(view.abandoned_uploads(at(100), 1).await.unwrap(), [until(2, 50)]);
}
