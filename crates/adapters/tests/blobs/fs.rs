//! The file system.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agentdrop_adapters::blobs::fs::{DiskReserve, Durability, FreeSpace, FsBlobStore};
use agentdrop_adapters::clock::SystemClock;
use agentdrop_domain::blob::{BlobError, BlobStore, ByteSource, SourceError};
use agentdrop_domain::clock::Clock as _;
use async_trait::async_trait;
use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::contract::{
    Chunks, Keys, blob_contract, content, get, keys_of_uneven_depth_are_listed_in_the_order_of_bytes, put,
    what_lies_above_or_below_an_object_is_not_there,
};

struct Fixture {
    store: FsBlobStore,
    root: TempDir,
}

impl Fixture {
    async fn new(durability: Durability) -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { store: FsBlobStore::open(root.path(), durability).await.unwrap(), root }
    }

    fn store(&self) -> &dyn BlobStore {
        &self.store
    }
}

blob_contract!(durable, Fixture::new(Durability::Full).await);
blob_contract!(fast, Fixture::new(Durability::Os).await);

/// All files below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path.display().to_string()) }
    }
    found
}

/// Gives some bytes, tells that they were taken, and then nothing for ever.
struct Stuck {
    bytes: Option<Bytes>,
    taken: Option<oneshot::Sender<()>>,
}

#[async_trait]
impl ByteSource for Stuck {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        if let Some(bytes) = self.bytes.take() {
            return Ok(Some(bytes));
        }
        let _ = self.taken.take().map(|taken| taken.send(()));
        std::future::pending().await
    }
}

/// Begins an upload and leaves it without a word, as a killed process does.
async fn cut_off(store: &FsBlobStore, keys: &Keys, bytes: Bytes) {
    let (taken, when_taken) = oneshot::channel();
    let (store, key) = (store.clone(), keys.key("object"));
    let upload = tokio::spawn(async move {
        store.put(&key, &mut Stuck { bytes: Some(bytes), taken: Some(taken) }, None).await
    });
    when_taken.await.unwrap();
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn what_a_killed_upload_left_is_unseen_and_goes_with_the_object() {
    let Fixture { store, root } = Fixture::new(Durability::Full).await;
    let keys = Keys::new();
    for _ in 0..3 {
        cut_off(&store, &keys, content(2 << 20)).await;
    }
    assert_eq!(files(root.path()).len(), 3);
    assert_eq!(store.list(None, 10).await.unwrap(), []);
    assert_eq!(store.head(&keys.key("object")).await.unwrap(), None);
    store.delete(&keys.key("objec")).await.unwrap();
    assert_eq!(files(root.path()).len(), 3);
    store.delete(&keys.key("object")).await.unwrap();
    assert_eq!(files(root.path()), [""; 0]);
}

#[tokio::test]
async fn neither_a_failed_nor_a_finished_upload_leaves_a_file_beside() {
    let Fixture { store, root } = Fixture::new(Durability::Full).await;
    let keys = Keys::new();
    store.put(&keys.key("failed"), &mut Chunks::failing(&content(3 << 20)), None).await.unwrap_err();
    put(&store, &keys.key("stored"), &content(3 << 20)).await;
    assert_eq!(files(root.path()), [root.path().join(keys.key("stored").as_str()).display().to_string()]);
}

#[tokio::test]
async fn an_upload_whose_object_was_deleted_meanwhile_fails() {
    let Fixture { store, root } = Fixture::new(Durability::Full).await;
    let key = Keys::new().key("object");

    /// Deletes the object before its end.
    struct Deleting<'a>(Chunks, &'a FsBlobStore, &'a agentdrop_domain::blob::ObjectKey);
    #[async_trait]
    impl ByteSource for Deleting<'_> {
        async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
            let next = self.0.next().await?;
            if next.is_none() {
                self.1.delete(self.2).await.unwrap();
            }
            Ok(next)
        }
    }
    let mut body = Deleting(Chunks::of(&content(2 << 20), 100_000), &store, &key);
    store.put(&key, &mut body, None).await.unwrap_err();
    assert_eq!(files(root.path()), [""; 0]);
}

#[tokio::test]
async fn a_folder_that_vanished_is_an_outage_and_not_an_absent_object() {
    let Fixture { store, root } = Fixture::new(Durability::Full).await;
    let key = Keys::new().key("object");
    put(&store, &key, &content(100)).await;
    root.close().unwrap();
    assert!(matches!(store.head(&key).await, Err(BlobError::Unavailable(_))));
    assert!(matches!(get(&store, &key, None).await, Err(BlobError::Unavailable(_))));
    assert!(matches!(store.delete(&key).await, Err(BlobError::Unavailable(_))));
    assert!(matches!(store.list(None, 1).await, Err(BlobError::Unavailable(_))));
    assert!(matches!(store.ping().await, Err(BlobError::Unavailable(_))));
    let again = store.put(&key, &mut Chunks::of(&content(100), 10), None).await;
    assert!(matches!(again, Err(BlobError::Unavailable(_))), "{again:?}");
}

#[tokio::test]
async fn unfinished_uploads_are_told_of_in_the_order_of_their_keys() {
    let Fixture { store, root } = Fixture::new(Durability::Full).await;
    let keys = Keys::new();
    // The folder's own clock may be a little behind.
    let before = SystemClock.now() - Duration::from_secs(10);
    for name in ["c", "a-b", "a/b", "b"] {
        let folder = root.path().join(".incoming").join(keys.key(name).as_str().replace('/', "."));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("bytes"), "x").unwrap();
    }
    std::fs::create_dir(root.path().join(".incoming/NOT.ours")).unwrap();
    let listed = async |after: Option<&str>, limit| {
        let after = after.map(|name| keys.key(name));
        store.list_unfinished(after.as_ref(), limit).await.unwrap()
    };
    let names = |page: &[agentdrop_domain::blob::UnfinishedEntry]| -> Vec<_> {
        page.iter().map(|entry| entry.key.clone()).collect()
    };
    let first = listed(None, 3).await;
    assert_eq!(names(&first), ["a-b", "a/b", "b"].map(|name| keys.key(name)));
    assert!(first.iter().all(|entry| entry.begun > before));
    assert_eq!(names(&listed(Some("b"), 3).await), [keys.key("c")]);
    assert_eq!(listed(Some("c"), 3).await, []);
    store.delete(&keys.key("a/b")).await.unwrap();
    assert_eq!(names(&listed(Some("a-b"), 1).await), [keys.key("b")]);
}

#[tokio::test]
async fn a_root_that_is_a_file_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(FsBlobStore::open(file.path(), Durability::Full).await.is_err());
    assert!(FsBlobStore::open(file.path().join("below"), Durability::Full).await.is_err());
}

#[tokio::test]
async fn what_somebody_else_put_into_the_folder_is_not_listed() {
    let Fixture { store, root } = Fixture::new(Durability::Full).await;
    std::fs::create_dir(root.path().join("lost+found")).unwrap();
    std::fs::write(root.path().join("lost+found/object"), "x").unwrap();
    std::fs::write(root.path().join("README.txt"), "x").unwrap();
    let key = Keys::new().key("object");
    put(&store, &key, &content(1)).await;
    let listed: Vec<_> = store.list(None, 10).await.unwrap().into_iter().map(|entry| entry.key).collect();
    assert_eq!(listed, [key]);
}

#[tokio::test]
async fn a_folder_is_no_object() {
    let fixture = Fixture::new(Durability::Full).await;
    what_lies_above_or_below_an_object_is_not_there(fixture.store()).await;
}

#[tokio::test]
async fn folders_are_listed_where_their_keys_are() {
    let fixture = Fixture::new(Durability::Full).await;
    keys_of_uneven_depth_are_listed_in_the_order_of_bytes(fixture.store()).await;
}

#[tokio::test]
async fn an_open_object_can_be_read_to_its_end_after_its_deletion() {
    let Fixture { store, root: _root } = Fixture::new(Durability::Full).await;
    let key = Keys::new().key("object");
    let bytes = content(3 << 20);
    put(&store, &key, &bytes).await;
    let mut body = store.get(&key, None).await.unwrap().body;
    let mut seen = body.next().await.unwrap().unwrap().to_vec();
    store.delete(&key).await.unwrap();
    while let Some(chunk) = body.next().await.unwrap() {
        seen.extend(chunk);
    }
    assert!(seen == bytes);
}

/// Set in the process that may write only small files.
const LIMITED: &str = "AGENTDROP_TEST_FILE_SIZE_LIMITED";

/// A full disk cannot be had without rights, a largest file size can: both end a write midway, and the store
/// says the same of both.
#[test]
fn a_file_that_cannot_be_written_to_its_end_is_no_space() {
    let test = "fs::a_file_that_cannot_be_written_to_its_end_is_no_space";
    if std::env::var_os(LIMITED).is_some() {
        return tokio::runtime::Runtime::new().unwrap().block_on(an_upload_above_the_limit());
    }
    // Of 2 MiB; the shell counts in blocks of 512 bytes or, bash, of 1024.
    let mut child = Command::new("sh");
    child
        .args(["-c", r#"trap "" XFSZ; ulimit -f 2048; exec "$0" "$@""#])
        .arg(std::env::current_exe().unwrap());
    let output =
        child.args(["--exact", test, "--nocapture"]).env(LIMITED, "1").process_group(0).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

async fn an_upload_above_the_limit() {
    let Fixture { store, root } = Fixture::new(Durability::Full).await;
    let keys = Keys::new();
    put(&store, &keys.key("small"), &content(100_000)).await;
    let large = store.put(&keys.key("large"), &mut Chunks::of(&content(4 << 20), 100_000), None).await;
    assert!(matches!(large, Err(BlobError::NoSpace(_))), "{large:?}");
    assert_eq!(files(root.path()).len(), 1);
}

/// A disk with so many bytes left.
#[derive(Debug)]
struct Shrinking(AtomicU64);

impl FreeSpace for Shrinking {
    /// Somebody else writes 256 KiB between two looks.
    fn free_bytes(&self, _: &Path) -> std::io::Result<u64> {
        Ok(self.0.fetch_sub(256 << 10, Ordering::Relaxed))
    }
}

/// Stores so many bytes where so many are free and 1 MiB is kept back.
async fn put_with_free(free: u64, size: usize, known: bool) -> (Result<(), BlobError>, usize) {
    let Fixture { store, root } = Fixture::new(Durability::Os).await;
    let store = store.keeping_back(DiskReserve::new(1 << 20, Arc::new(Shrinking(AtomicU64::new(free)))));
    let keys = Keys::new();
    let bytes = content(size);
    let announced = known.then_some(size as u64);
    let stored = store.put(&keys.key("object"), &mut Chunks::of(&bytes, 100_000), announced).await;
    (stored.map(|_stored| ()), files(root.path()).len())
}

#[tokio::test]
async fn what_is_kept_back_of_the_disk_is_not_touched() {
    for (free, size, known, fits) in [
        (8 << 20, 1 << 20, true, true),
        // Before the first byte: for what is announced, or at all.
        (2 << 20, (1 << 20) + 1, true, false),
        (1 << 20, 1, false, false),
        // While they come.
        (2 << 20, 3 << 20, false, false),
    ] {
        let (outcome, left) = put_with_free(free, size, known).await;
        match outcome {
            Ok(()) => assert!(fits, "{free} {size}"),
            Err(error) => {
                assert!(!fits && matches!(error, BlobError::NoSpace(_)), "{free} {size}: {error:?}")
            }
        }
        assert_eq!(left, usize::from(fits), "a refused object leaves nothing");
    }
}
