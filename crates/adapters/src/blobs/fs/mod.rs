//! Objects as files under one folder.
//!
//! An object `a/b` is the file `<root>/a/b`. An upload is written to `<root>/.incoming/a.b/<uuid>` and renamed
//! into place when it is whole; a dot cannot be in a key, so neither name can be taken by an object.

mod error;
mod layout;
mod list;
mod read;
mod room;
mod write;

pub use room::{Disk, DiskReserve, FreeSpace};

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use agentdrop_domain::blob::{
    Blob, BlobEntry, BlobError, BlobStore, ByteSource, ObjectKey, Stored, UnfinishedEntry,
};
use async_trait::async_trait;

use self::error::blocking;
use self::layout::Layout;
use super::digest;
pub use crate::durability::Durability;

/// A [`BlobStore`] in a folder of the local file system.
#[derive(Debug, Clone)]
pub struct FsBlobStore {
    layout: Arc<Layout>,
    durability: Durability,
    reserve: DiskReserve,
}

impl FsBlobStore {
    /// A store under `root`, which is made if it is not there.
    ///
    /// # Errors
    /// [`BlobError`] if the folder can't be made or written to.
    pub async fn open(root: impl Into<PathBuf>, durability: Durability) -> Result<Self, BlobError> {
        let layout = Arc::new(Layout::new(root.into()));
        let store = Self { layout: layout.clone(), durability, reserve: DiskReserve::default() };
        blocking(move || layout.create()).await?;
        store.ping().await?;
        Ok(store)
    }

    /// The store with a part of the disk kept back: uploads that would touch it are refused.
    #[must_use]
    pub fn keeping_back(self, reserve: DiskReserve) -> Self {
        Self { reserve, ..self }
    }
}

#[async_trait]
impl BlobStore for FsBlobStore {
    async fn put(
        &self,
        key: &ObjectKey,
        body: &mut dyn ByteSource,
        size: Option<u64>,
    ) -> Result<Stored, BlobError> {
        let reserve = self.reserve.clone();
        write::put(&self.layout, write::Manner { durability: self.durability, reserve, size }, key, body)
            .await
    }

    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Blob, BlobError> {
        read::open(&self.layout, key, range).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        let (layout, key) = (self.layout.clone(), key.clone());
        blocking(move || layout.size(&key)).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        let (layout, key, durability) = (self.layout.clone(), key.clone(), self.durability);
        blocking(move || layout.remove(&key, durability)).await
    }

    async fn list(&self, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<BlobEntry>, BlobError> {
        let (layout, after) = (self.layout.clone(), after.cloned());
        blocking(move || list::page(&layout, after.as_ref(), limit)).await
    }

    async fn list_unfinished(
        &self,
        after: Option<&ObjectKey>,
        limit: usize,
    ) -> Result<Vec<UnfinishedEntry>, BlobError> {
        let (layout, after) = (self.layout.clone(), after.cloned());
        blocking(move || list::unfinished(&layout, after.as_ref(), limit)).await
    }

    async fn sha256(&self, keys: &[ObjectKey]) -> Result<[u8; 32], BlobError> {
        digest::of_objects(self, keys).await
    }

    async fn ping(&self) -> Result<(), BlobError> {
        let layout = self.layout.clone();
        blocking(move || layout.probe()).await
    }
}
