//! Where bytes are kept: few primitives, no HTTP in them, errors a caller can act on.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use crate::clock::Timestamp;
use crate::ids::UploadId;
use crate::store::Source;

/// The name of an object in the store: 1 to 255 of `a-z 0-9 - /`, made by us, never by a client.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

/// A text that is not an object key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 255 lower-case letters, digits, '-' and single '/'")]
pub struct BadObjectKey;

impl ObjectKey {
    /// Where the bytes of an upload go, and stay when a transfer takes them over. The first two digits are
    /// a folder of their own, so that no folder grows without bound.
    #[must_use]
    pub fn of_upload(id: UploadId) -> Self {
        let text = id.to_string();
        Self(format!("objects/{}/{text}", &text[..2]))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = BadObjectKey;

    fn try_from(text: String) -> Result<Self, BadObjectKey> {
        let segment_ok = |segment: &str| {
            !segment.is_empty()
                && segment.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if text.len() <= 255 && text.split('/').all(segment_ok) { Ok(Self(text)) } else { Err(BadObjectKey) }
    }
}

/// Why a stream of incoming bytes ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The sender vanished, or its framing broke.
    #[error("the stream was cut: {0}")]
    Cut(String),
    /// No byte came for too long.
    #[error("no byte came for {0} seconds")]
    Idle(u64),
    /// More bytes came than are allowed.
    #[error("the stream is larger than {limit} bytes")]
    TooLarge {
        /// The most that was allowed, in bytes.
        limit: u64,
    },
    /// Whoever watched over the stream stopped it (its upload row is gone, or the database is).
    #[error("the stream was stopped: {0}")]
    Stopped(Source),
    /// The store could not read on (outgoing streams).
    #[error("the store could not read on")]
    Store(#[source] Source),
}

/// A stream of bytes, in blocks. `Ok(None)` is its true end; an error is not.
#[async_trait]
pub trait ByteSource: Send {
    /// The next block, never empty.
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError>;
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such object.
    #[error("there is no object {0}")]
    NotFound(ObjectKey),
    /// The range begins behind the object's end.
    #[error("the range lies outside the object of {size} bytes")]
    OutOfRange {
        /// The object's size in bytes.
        size: u64,
    },
    /// The incoming stream failed; nothing was stored.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store has no room left.
    #[error("the store is full")]
    NoSpace(#[source] Source),
    /// The store can't do it now; the same call may succeed later.
    #[error("the store is not available")]
    Unavailable(#[source] Source),
    /// The store refused in a way that nobody planned for (bad credentials, no such bucket).
    #[error("the store answered in an unexpected way")]
    Internal(#[source] Source),
}

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of these bytes, computed while they passed.
    pub sha256: [u8; 32],
}

/// An object on its way out.
pub struct Blob {
    /// The whole object's size in bytes, whatever range was asked.
    pub size: u64,
    /// The bytes of the range.
    pub body: Box<dyn ByteSource>,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobEntry {
    /// Its name.
    pub key: ObjectKey,
    /// Its size in bytes.
    pub size: u64,
    /// When the store last changed it, by the store's clock.
    pub modified: Timestamp,
}

/// What an unfinished [`BlobStore::put`] left, or one that is running is making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedEntry {
    /// The object that it would have made.
    pub key: ObjectKey,
    /// When it was begun, by the store's clock.
    pub begun: Timestamp,
}

/// A store of bytes.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Stores a stream under a key. The object appears whole or not at all: a failed stream leaves nothing
    /// behind that [`BlobStore::get`] can see, and what it leaves unseen [`BlobStore::delete`] removes. When
    /// this returns `Ok`, the bytes survive a crash.
    ///
    /// `size` is the stream's length in bytes, where it is known beforehand.
    async fn put(
        &self,
        key: &ObjectKey,
        body: &mut dyn ByteSource,
        size: Option<u64>,
    ) -> Result<Stored, BlobError>;

    /// Opens an object, or the bytes `range` of it (cut off at its end).
    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Blob, BlobError>;

    /// An object's size in bytes, `None` if there is none.
    async fn head(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError>;

    /// Removes an object and whatever an unfinished [`BlobStore::put`] of that key left. Removing what is
    /// not there succeeds.
    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError>;

    /// Up to `limit` objects in the order of their keys, those after `after` only.
    async fn list(&self, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<BlobEntry>, BlobError>;

    /// Unfinished puts in the order of their keys, those after `after` only, about `limit` of them; a key may come
    /// more than once. A service that does not tell of them has none, as far as anybody knows. [`BlobStore::delete`]
    /// ends them.
    async fn list_unfinished(
        &self,
        after: Option<&ObjectKey>,
        limit: usize,
    ) -> Result<Vec<UnfinishedEntry>, BlobError>;

    /// SHA-256 of objects, one after the other.
    async fn sha256(&self, keys: &[ObjectKey]) -> Result<[u8; 32], BlobError>;

    /// Whether the store answers, for readiness.
    async fn ping(&self) -> Result<(), BlobError>;
}
