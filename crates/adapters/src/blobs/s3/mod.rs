//! Objects in a bucket of an S3 service.
//!
//! A stream of up to one part is stored by one request, a longer one by a multipart upload, whose parts are of
//! one size. An upload holds one part in memory.

mod body;
mod client;
mod direct;
mod download;
mod error;
mod listing;
mod multipart;
mod upload;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use agentdrop_domain::blob::{
    Blob, BlobEntry, BlobError, BlobStore, ByteSource, ObjectKey, Stored, UnfinishedEntry,
};
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;

pub use self::direct::S3DirectStore;
use self::error::failed;
use super::digest;

/// How long [`BlobStore::ping`] waits.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the bucket is and who asks.
#[derive(Clone)]
pub struct S3Config {
    /// The bucket; it must exist.
    pub bucket: String,
    /// `http(s)://host[:port]` of the service; `None` is AWS.
    pub endpoint: Option<String>,
    /// The region requests are signed for.
    pub region: String,
    /// Who asks.
    pub access_key_id: String,
    /// The proof of it; never printed.
    pub secret_access_key: String,
    /// Whether the bucket is in the path (`host/bucket/key`), which every service understands, or in the host
    /// name (`bucket.host/key`).
    pub path_style: bool,
}

impl fmt::Debug for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Config")
            .field("bucket", &self.bucket)
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("path_style", &self.path_style)
            .finish_non_exhaustive()
    }
}

/// A [`BlobStore`] in a bucket.
#[derive(Debug, Clone)]
pub struct S3BlobStore {
    bucket: Bucket,
}

/// A client and the bucket it works on.
#[derive(Clone)]
struct Bucket {
    client: Client,
    name: String,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client prints pages.
        f.debug_struct("Bucket").field("name", &self.name).finish_non_exhaustive()
    }
}

impl S3BlobStore {
    /// A store in the bucket. Nothing is asked of the service yet: see [`BlobStore::ping`].
    #[must_use]
    pub fn new(config: S3Config) -> Self {
        let name = config.bucket.clone();
        Self { bucket: Bucket { client: client::connect(config), name } }
    }
}

impl Bucket {
    /// An object's size in bytes.
    async fn size(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        let request = self.client.head_object().bucket(&self.name).key(key.as_str());
        match request.send().await {
            Ok(about) => error::length(about.content_length).map(Some),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_not_found()) => {
                // An answer without a body: it may as well be the bucket that is not there.
                self.exists().await.map(|()| None)
            }
            Err(e) => Err(failed("HeadObject", &self.name, e)),
        }
    }

    async fn exists(&self) -> Result<(), BlobError> {
        match self.client.head_bucket().bucket(&self.name).send().await {
            Ok(_) => Ok(()),
            Err(e) => Err(failed("HeadBucket", &self.name, e)),
        }
    }

    /// [`Bucket::exists`], soon: it does not repeat what failed.
    async fn answers(&self) -> Result<(), BlobError> {
        let once = aws_sdk_s3::Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(PING_TIMEOUT).build());
        let request = self.client.head_bucket().bucket(&self.name);
        match request.customize().config_override(once).send().await {
            Ok(_) => Ok(()),
            Err(e) => Err(failed("HeadBucket", &self.name, e)),
        }
    }

    async fn remove(&self, key: &ObjectKey) -> Result<(), BlobError> {
        match self.client.delete_object().bucket(&self.name).key(key.as_str()).send().await {
            Ok(_) => Ok(()),
            // Some services say so, S3 itself does not.
            Err(e) if error::code(&e) == Some("NoSuchKey") => Ok(()),
            Err(e) => Err(failed("DeleteObject", &self.name, e)),
        }
    }
}

#[async_trait]
impl BlobStore for S3BlobStore {
    async fn put(
        &self,
        key: &ObjectKey,
        body: &mut dyn ByteSource,
        size: Option<u64>,
    ) -> Result<Stored, BlobError> {
        upload::put(&self.bucket, key, body, size).await
    }

    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Blob, BlobError> {
        download::open(&self.bucket, key, range).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        self.bucket.size(key).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        // The unfinished ones first, so that none of them is completed behind the removal.
        multipart::abort_all(&self.bucket, key).await?;
        self.bucket.remove(key).await
    }

    async fn list(&self, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<BlobEntry>, BlobError> {
        listing::page(&self.bucket, after, limit).await
    }

    async fn list_unfinished(
        &self,
        after: Option<&ObjectKey>,
        limit: usize,
    ) -> Result<Vec<UnfinishedEntry>, BlobError> {
        listing::unfinished(&self.bucket, after, limit).await
    }

    async fn sha256(&self, keys: &[ObjectKey]) -> Result<[u8; 32], BlobError> {
        digest::of_objects(self, keys).await
    }

    async fn ping(&self) -> Result<(), BlobError> {
        self.bucket.answers().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_printed() {
        let config = S3Config {
            bucket: "files".into(),
            endpoint: None,
            region: "eu-central-1".into(),
            access_key_id: "AKIA-example".into(),
            secret_access_key: "hidden-example".into(),
            path_style: true,
        };
        let store = format!("{config:?} {:?}", S3BlobStore::new(config.clone()));
        assert!(store.contains("eu-central-1"));
        assert!(!store.contains("AKIA-example") && !store.contains("hidden-example"));
    }
}
