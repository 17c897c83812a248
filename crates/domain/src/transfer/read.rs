//! The bytes of a file, whether one object holds them or several.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::TransferFile;
use super::presigned::PartsThere;
use crate::act::{self, Ports};
use crate::blob::{BlobError, BlobStore, ByteSource, ObjectKey, SourceError};
use crate::store::StoreError;

/// Why bytes can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens a file's bytes, or those of `range`.
///
/// # Errors
/// [`ReadError`]; the first object's, at least, is told before a byte is read.
pub async fn open_bytes(
    ports: &Ports,
    file: &TransferFile,
    range: Option<Range<u64>>,
) -> Result<Box<dyn ByteSource>, ReadError> {
    if file.size == 0 {
        // There may be no object: clients send no part of an empty file.
        return Ok(Box::new(Pieces { blobs: ports.blobs.clone(), waiting: VecDeque::new(), open: None }));
    }
    if file.parts == 0 {
        return Ok(ports.blobs.get(&file.object_key, range).await?.body);
    }
    let parts = act::ask(ports, &PartsThere { file: file.id }).await?;
    if parts.len() != file.parts as usize {
        return Err(BlobError::NotFound(file.object_key.clone()).into());
    }
    let sizes = parts.into_iter().map(|part| (part.object_key, part.size));
    let mut pieces = Pieces {
        blobs: ports.blobs.clone(),
        waiting: within(sizes, &range.unwrap_or(0..file.size)).into(),
        open: None,
    };
    pieces.open_next().await?;
    Ok(Box::new(pieces))
}

/// What a range of the whole means for each of the objects it consists of.
fn within(
    objects: impl IntoIterator<Item = (ObjectKey, u64)>,
    range: &Range<u64>,
) -> Vec<(ObjectKey, Range<u64>)> {
    let mut begin = 0;
    let mut found = Vec::new();
    for (key, size) in objects {
        let (from, to) = (range.start.max(begin), range.end.min(begin + size));
        if from < to {
            found.push((key, from - begin..to - begin));
        }
        begin += size;
    }
    found
}

/// Objects, one after the other.
struct Pieces {
    blobs: Arc<dyn BlobStore>,
    waiting: VecDeque<(ObjectKey, Range<u64>)>,
    open: Option<Box<dyn ByteSource>>,
}

impl Pieces {
    async fn open_next(&mut self) -> Result<(), BlobError> {
        self.open = match self.waiting.pop_front() {
            Some((key, range)) => Some(self.blobs.get(&key, Some(range)).await?.body),
            None => None,
        };
        Ok(())
    }
}

#[async_trait]
impl ByteSource for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        while let Some(open) = &mut self.open {
            if let Some(block) = open.next().await? {
                return Ok(Some(block));
            }
            self.open_next().await.map_err(|error| SourceError::Store(error.into()))?;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
