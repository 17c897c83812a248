//! SHA-256 of a stream while it passes, and of objects that are there.

use agentdrop_domain::blob::{BlobError, BlobStore, ByteSource, ObjectKey, SourceError, Stored};
use async_trait::async_trait;
use bytes::Bytes;
use ring::digest::{Context, SHA256};

/// A stream that is hashed and counted. Each chunk is hashed when it comes, here and now: it is in the
/// processor's cache then, and handing it to another thread costs more than that thread would save.
pub(super) struct Hashed<'a> {
    body: &'a mut dyn ByteSource,
    hasher: Context,
    size: u64,
}

impl<'a> Hashed<'a> {
    pub fn new(body: &'a mut dyn ByteSource) -> Self {
        Self { body, hasher: Context::new(&SHA256), size: 0 }
    }

    /// What has passed.
    pub fn stored(self) -> Stored {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.hasher.finish().as_ref());
        Stored { size: self.size, sha256 }
    }
}

#[async_trait]
impl ByteSource for Hashed<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        let chunk = self.body.next().await?;
        if let Some(chunk) = &chunk {
            self.hasher.update(chunk);
            self.size += chunk.len() as u64;
        }
        Ok(chunk)
    }
}

/// SHA-256 of objects, one after the other.
pub(super) async fn of_objects(store: &dyn BlobStore, keys: &[ObjectKey]) -> Result<[u8; 32], BlobError> {
    let mut hasher = Context::new(&SHA256);
    for key in keys {
        let mut body = store.get(key, None).await?.body;
        while let Some(chunk) = body.next().await.map_err(|error| BlobError::Unavailable(error.into()))? {
            hasher.update(&chunk);
        }
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hasher.finish().as_ref());
    Ok(sha256)
}
