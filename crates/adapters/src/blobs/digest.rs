//! SHA-256 of a stream while it passes.

use agentdrop_domain::blob::{ByteSource, SourceError, Stored};
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
