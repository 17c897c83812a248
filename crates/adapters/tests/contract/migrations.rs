use agentdrop_domain::store::Database;

use super::backend::{OPTIONS, TestDb, in_parallel};
use super::fixtures::ALL;

pub async fn four_migrators_at_once(db: &TestDb) {
    assert!(!db.database.is_migrated().await.unwrap());
    assert!(db.database.ping().await.is_err(), "without tables it is not ready");
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(db.another_node(OPTIONS).await);
    }
    let applied = in_parallel(4, move |n| {
        let node = nodes[n as usize].clone();
        async move { node.migrate().await.unwrap().len() }
    });
    let mut applied = applied.await;
    applied.sort_unstable();
    assert_eq!(applied[..3], [0, 0, 0], "one does it all");
    assert!(applied[3] > 0);
    assert!(db.database.is_migrated().await.unwrap());
    assert_eq!(db.read().await.accounts(ALL).await.unwrap().total, 0);
    db.database.ping().await.unwrap();
}

pub async fn migrating_again_does_nothing(db: &TestDb) {
    assert!(db.database.is_migrated().await.unwrap());
    assert_eq!(db.database.migrate().await.unwrap(), [""; 0]);
}

pub async fn all_nodes_get_the_same_secret(db: &TestDb) {
    let database = db.database.clone();
    let secrets = in_parallel(16, move |n| {
        let database = database.clone();
        async move { database.server_secret("signing", vec![n as u8; 32]).await.unwrap() }
    });
    let secrets = secrets.await;
    assert!(secrets.iter().all(|secret| *secret == secrets[0]), "{secrets:?}");
    assert_eq!(secrets[0], [secrets[0][0]; 32]);
    let other = db.database.server_secret("other", vec![99]).await.unwrap();
    assert_eq!(other, [99]);
    assert_eq!(db.database.server_secret("other", vec![1]).await.unwrap(), [99]);
}

pub async fn the_database_tells_the_time(db: &TestDb) {
    let theirs = std::time::SystemTime::from(db.database.now().await.unwrap());
    let off = theirs.elapsed().unwrap_or_else(|error| error.duration());
    assert!(off < std::time::Duration::from_secs(60), "off by {off:?}");
}

#[cfg(unix)]
pub async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let db = TestDb::sqlite().await;
    let folder = db.file().parent().unwrap().to_owned();
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
        files += 1;
    }
    assert!(files >= 2, "the database and what lies beside it");
}
