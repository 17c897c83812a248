//! Bytes in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use agentdrop_domain::blob::{
    Blob, BlobEntry, BlobError, BlobStore, ByteSource, ObjectKey, Stored, UnfinishedEntry,
};
use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

/// SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Objects by their keys. What an upload never asks for is not there.
#[derive(Default)]
pub struct Objects(Mutex<BTreeMap<ObjectKey, Vec<u8>>>);

impl Objects {
    /// What is there.
    pub fn all(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl BlobStore for Objects {
    async fn put(
        &self,
        key: &ObjectKey,
        body: &mut dyn ByteSource,
        _: Option<u64>,
    ) -> Result<Stored, BlobError> {
        let mut bytes = Vec::new();
        while let Some(block) = body.next().await? {
            assert!(!block.is_empty(), "a block is never empty");
            bytes.extend_from_slice(&block);
        }
        let stored = Stored { size: bytes.len() as u64, sha256: sha256(&bytes) };
        assert!(self.all().insert(key.clone(), bytes).is_none(), "a key is used once");
        Ok(stored)
    }

    async fn get(&self, _: &ObjectKey, _: Option<Range<u64>>) -> Result<Blob, BlobError> {
        unimplemented!("an upload reads nothing")
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        Ok(self.all().get(key).map(|bytes| bytes.len() as u64))
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        self.all().remove(key);
        Ok(())
    }

    async fn list(&self, _: Option<&ObjectKey>, _: usize) -> Result<Vec<BlobEntry>, BlobError> {
        unimplemented!("an upload lists nothing")
    }

    async fn list_unfinished(
        &self,
        _: Option<&ObjectKey>,
        _: usize,
    ) -> Result<Vec<UnfinishedEntry>, BlobError> {
        unimplemented!("an upload lists nothing")
    }

    async fn sha256(&self, _: &[ObjectKey]) -> Result<[u8; 32], BlobError> {
        unimplemented!("an upload's digest is taken as it comes")
    }

    async fn ping(&self) -> Result<(), BlobError> {
        Ok(())
    }
}
