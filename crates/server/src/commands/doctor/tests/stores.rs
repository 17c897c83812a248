use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentdrop_adapters::blobs::fs::{Durability, FsBlobStore};
use agentdrop_domain::blob::{
    Blob, BlobEntry, BlobError, BlobStore, ByteSource, ObjectKey, Stored, UnfinishedEntry,
};
use agentdrop_test_support::s3::S3Server;
use async_trait::async_trait;

use super::super::trial::{TrialError, trial};
use super::*;

#[tokio::test]
async fn a_trial_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = FsBlobStore::open(folder.path(), Durability::Full).await.unwrap();
    let before = names(folder.path());
    let trial = trial(&store).await.unwrap();
    assert!(trial.stored.earliest <= trial.stored.latest);
    assert_eq!(names(folder.path()), before);
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A store with one fault.
struct Faulty {
    store: FsBlobStore,
    fault: Fault,
    deletions: AtomicUsize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    OtherBytes,
    FewerBytes,
    Forgetful,
    Keeps,
    Full,
}

/// Stands before a put: what goes into the store instead.
pub struct Replaced(pub Option<bytes::Bytes>);

#[async_trait]
impl ByteSource for Replaced {
    async fn next(&mut self) -> Result<Option<bytes::Bytes>, agentdrop_domain::blob::SourceError> {
        Ok(self.0.take())
    }
}

#[async_trait]
impl BlobStore for Faulty {
    async fn put(
        &self,
        key: &ObjectKey,
        body: &mut dyn ByteSource,
        size: Option<u64>,
    ) -> Result<Stored, BlobError> {
        let length = size.unwrap() as usize;
        match self.fault {
            Fault::OtherBytes => self.store.put(key, &mut Replaced(Some(vec![0; length].into())), size).await,
            Fault::FewerBytes => {
                let bytes = body.next().await?.unwrap();
                self.store.put(key, &mut Replaced(Some(bytes.slice(..length - 1))), None).await
            }
            Fault::Full => Err(BlobError::NoSpace("quota".into())),
            Fault::Forgetful | Fault::Keeps => self.store.put(key, body, size).await,
        }
    }

    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Blob, BlobError> {
        self.store.get(key, range).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        self.store.head(key).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        self.deletions.fetch_add(1, Ordering::Relaxed);
        if self.fault == Fault::Keeps { Ok(()) } else { self.store.delete(key).await }
    }

    async fn list(&self, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<BlobEntry>, BlobError> {
        if self.fault == Fault::Forgetful { Ok(Vec::new()) } else { self.store.list(after, limit).await }
    }

    async fn list_unfinished(
        &self,
        after: Option<&ObjectKey>,
        limit: usize,
    ) -> Result<Vec<UnfinishedEntry>, BlobError> {
        self.store.list_unfinished(after, limit).await
    }

    async fn sha256(&self, keys: &[ObjectKey]) -> Result<[u8; 32], BlobError> {
        self.store.sha256(keys).await
    }

    async fn ping(&self) -> Result<(), BlobError> {
        self.store.ping().await
    }
}

#[tokio::test]
async fn every_fault_of_a_store_is_found_and_the_object_deleted() {
    for fault in [Fault::OtherBytes, Fault::FewerBytes, Fault::Forgetful, Fault::Keeps, Fault::Full] {
        let folder = tempfile::tempdir().unwrap();
        let store = FsBlobStore::open(folder.path(), Durability::Os).await.unwrap();
        let store = Faulty { store, fault, deletions: AtomicUsize::new(0) };
        let error = trial(&store).await.unwrap_err();
        let found = match fault {
            Fault::OtherBytes | Fault::FewerBytes => matches!(error, TrialError::Differs),
            Fault::Forgetful => matches!(error, TrialError::Unlisted),
            Fault::Keeps => matches!(error, TrialError::Undeleted),
            Fault::Full => matches!(error, TrialError::Refused { doing: "store an object", .. }),
        };
        assert!(found, "{fault:?}: {error:?}");
        assert_eq!(store.deletions.into_inner(), 1, "{fault:?}");
    }
}

pub fn in_bucket(server: &S3Server) -> Setup {
    Setup::new()
        .set("AGENTDROP_S3_ENDPOINT", &server.endpoint)
        .set("AGENTDROP_S3_BUCKET", &server.bucket)
        .set("AGENTDROP_S3_REGION", &server.region)
        .set("AGENTDROP_S3_ACCESS_KEY_ID", &server.access_key_id)
        .set("AGENTDROP_S3_SECRET_ACCESS_KEY", &server.secret_access_key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_tried_and_asked_for_its_time() {
    let server = S3Server::start();
    let setup = in_bucket(&server);
    assert_line(&setup.finding("storage").await, Verdict::Ok, &["S3 bucket agentdrop-test", "stored, read"]);
    assert_line(&setup.finding("clock").await, Verdict::Ok, &["as the storage's"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_and_a_wrong_bucket_are_failures() {
    let server = S3Server::start();
    let setup = in_bucket(&server).set("AGENTDROP_S3_SECRET_ACCESS_KEY", "another-secret");
    let finding = setup.finding("storage").await;
    assert_line(&finding, Verdict::Fail, &["check bucket, region and both keys"]);
    assert!(!finding.line("x").contains("another-secret"));
    let setup = in_bucket(&server).set("AGENTDROP_S3_BUCKET", "not-there");
    assert_line(&setup.finding("storage").await, Verdict::Fail, &["not-there", "check bucket"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_service_is_a_failure() {
    let server = S3Server::start();
    let setup = in_bucket(&server);
    drop(server);
    assert_line(&setup.finding("storage").await, Verdict::Fail, &["check that the S3 service runs"]);
}
