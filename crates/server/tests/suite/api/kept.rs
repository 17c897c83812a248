//! What the server keeps behind its answers: objects in the store and uploads in the database.

use std::time::Duration;

use agentdrop_domain::blob::{BlobEntry, BlobStore, ByteSource, ObjectKey, SourceError};
use agentdrop_test_support::app::App;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::{Instant, sleep};

/// How long something that happens in the background may take.
pub const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// The objects in the store.
pub async fn objects(app: &App) -> Vec<BlobEntry> {
    app.running.ports.blobs.list(None, 1_000).await.unwrap()
}

/// How many uploads have no transfer yet.
pub async fn uploads(app: &App) -> usize {
    let ports = &app.running.ports;
    let after_every_lease = ports.clock.now() + Duration::from_secs(365 * 86_400);
    let mut view = ports.database.read().await.unwrap();
    view.abandoned_uploads(after_every_lease, 1_000).await.unwrap().len()
}

/// Waits until as many objects and uploads are left.
pub async fn expect_left(app: &App, objects_left: usize, uploads_left: usize) {
    expect_left_within(PATIENCE, app, objects_left, uploads_left).await;
}

/// Waits for no longer than `patience` until as many objects and uploads are left.
pub async fn expect_left_within(patience: Duration, app: &App, objects_left: usize, uploads_left: usize) {
    let deadline = Instant::now() + patience;
    loop {
        let found = (objects(app).await.len(), uploads(app).await);
        if found == (objects_left, uploads_left) {
            return;
        }
        assert!(Instant::now() < deadline, "objects and uploads after {patience:?}: {found:?}");
        sleep(PAUSE).await;
    }
}

/// Waits until nothing is left of any upload.
pub async fn expect_nothing(app: &App) {
    expect_left(app, 0, 0).await;
}

/// Waits until an upload has begun.
pub async fn expect_an_upload(app: &App) {
    let deadline = Instant::now() + PATIENCE;
    while uploads(app).await == 0 {
        assert!(Instant::now() < deadline, "no upload has begun");
        sleep(PAUSE).await;
    }
}

/// Puts an object into the store, past the server.
pub async fn put(store: &dyn BlobStore, key: &ObjectKey, bytes: &'static [u8]) {
    store.put(key, &mut Once(Some(bytes.into())), None).await.unwrap();
}

struct Once(Option<Bytes>);

#[async_trait]
impl ByteSource for Once {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        Ok(self.0.take())
    }
}
