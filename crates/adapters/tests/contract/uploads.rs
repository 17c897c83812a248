use agentdrop_domain::store::Database;
use agentdrop_domain::transfer::{Piece, Upload};

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{account, at, id, transfer, upload};
use super::scene::{self, A11, B21};

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
    assert!(!tx.reap_upload(id(1), at(499), true).await.unwrap(), "alive");
    assert!(tx.reap_upload(id(1), at(500), true).await.unwrap());
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
    assert!(!tx.reap_upload(id(1), at(0), false).await.unwrap(), "gone");
    assert!(tx.reap_upload(id(2), at(0), false).await.unwrap(), "whatever its lease says");
    assert!(tx.reap_upload(id(2), at(0), true).await.unwrap(), "a sweeper that died is followed by another");
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
                tx.reap_upload(upload, at(0), false).await.unwrap()
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
    let reaping = |n, second| Upload { reaping: true, ..until(n, second) };
    with_uploads(db, &[until(1, 100), until(2, 50), until(3, 101), reaping(4, 100), reaping(5, 101)]).await;
    let mut view = db.read().await;
    let found = view.abandoned_uploads(at(100), 10).await.unwrap();
    assert_eq!(found, [until(2, 50), until(1, 100), reaping(4, 100)]);
    assert_eq!(view.abandoned_uploads(at(100), 1).await.unwrap(), [until(2, 50)]);
}

pub async fn a_newer_upload_of_a_piece_takes_the_others(db: &TestDb) {
    scene::set(db).await;
    commit!(db, |tx| tx.insert_transfer(&transfer(1, A11, B21)).await.unwrap());
    let piece = |file, part| Piece { transfer: id(1), file: id(file), part };
    let of = |n, file, part| Upload { piece: Some(piece(file, part)), ..upload(n, 1) };
    let whole = of(1, 70, None);
    let parts =
        [of(2, 71, Some(1)), of(3, 71, Some(2)), of(4, 71, Some(1)), of(5, 72, Some(1)), upload(6, 1)];
    let mut tx = db.begin().await;
    for upload in parts.iter().chain([&whole]) {
        tx.insert_upload(upload).await.unwrap();
    }
    tx.replace_uploads(&piece(71, Some(1)), id(4)).await.unwrap();
    tx.replace_uploads(&piece(71, None), id(9)).await.unwrap();
    assert_eq!(tx.upload(id(1)).await.unwrap(), Some(whole.clone()));
    for upload in parts {
        let reaping = upload.id == id(2);
        assert_eq!(tx.upload(upload.id).await.unwrap(), Some(Upload { reaping, ..upload }));
    }
    tx.replace_uploads(&piece(70, None), id(9)).await.unwrap();
    assert_eq!(tx.upload(id(1)).await.unwrap(), Some(Upload { reaping: true, ..whole }));
}
