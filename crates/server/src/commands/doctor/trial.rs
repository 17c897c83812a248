//! An object's way into a store, out of it and away.

use std::time::{Duration, Instant};

use agentdrop_adapters::clock::SystemClock;
use agentdrop_adapters::ids::UuidGenerator;
use agentdrop_adapters::secrets::OsSecrets;
use agentdrop_domain::blob::{BlobError, BlobStore, ByteSource, ObjectKey, SourceError};
use agentdrop_domain::clock::{Clock, Timestamp};
use agentdrop_domain::ids::IdGenerator;
use async_trait::async_trait;
use bytes::Bytes;

/// Bytes of the trial object.
const SIZE: usize = 4096;

/// How an object fared.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// How long all of it took.
    pub took: Duration,
    /// When it was stored.
    pub stored: Moment,
}

/// A moment by two clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// By this machine's, not before.
    pub earliest: Timestamp,
    /// By this machine's, not after.
    pub latest: Timestamp,
    /// By the other's.
    pub theirs: Timestamp,
}

/// What the store did not do.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// It refused.
    #[error("can't {doing}")]
    Refused {
        /// What it was asked to do.
        doing: &'static str,
        /// What it said.
        source: BlobError,
    },
    /// The bytes stopped on their way out.
    #[error("can't read a whole object")]
    Cut(#[source] SourceError),
    /// Other bytes came out than went in.
    #[error("an object came back with other bytes than were stored")]
    Differs,
    /// A listing lacks what was stored.
    #[error("a stored object is missing in the listing")]
    Unlisted,
    /// A deletion did nothing.
    #[error("an object is still there after its deletion")]
    Undeleted,
}

/// Puts an object into the store, reads it, lists it, compares, and deletes it.
///
/// # Errors
/// What the store did not do. The object is deleted whatever happens, if the store lets itself be asked.
pub async fn trial(store: &dyn BlobStore) -> Result<Trial, TrialError> {
    let started = Instant::now();
    // The ping repeats nothing, so that a store which is not there does not take long.
    store.ping().await.map_err(refused("use it"))?;
    let name = UuidGenerator.uuid().simple().to_string();
    let (key, before) = (object_key(&name), object_key(&name[..name.len() - 1]));
    let tried = put_and_get(store, &key, &before).await;
    let deleted = delete(store, &key).await;
    let stored = tried?;
    deleted?;
    Ok(Trial { took: started.elapsed(), stored })
}

/// One folder's depth only: a folder made here would outlive the trial and belong to this process's user.
#[expect(clippy::expect_used, reason = "hex digits and a hyphen are allowed in keys")]
pub fn object_key(name: &str) -> ObjectKey {
    ObjectKey::try_from(format!("doctor-{name}")).expect("a key")
}

async fn put_and_get(
    store: &dyn BlobStore,
    key: &ObjectKey,
    before: &ObjectKey,
) -> Result<Moment, TrialError> {
    let bytes = Bytes::copy_from_slice(&OsSecrets::default().bytes::<SIZE>());
    let earliest = SystemClock.now();
    let put = store.put(key, &mut Once(Some(bytes.clone())), Some(SIZE as u64)).await;
    put.map_err(refused("store an object"))?;
    let latest = SystemClock.now();
    let blob = store.get(key, None).await.map_err(refused("read an object"))?;
    if !holds(blob.body, &bytes).await? {
        return Err(TrialError::Differs);
    }
    let listed = store.list(Some(before), 1).await.map_err(refused("list objects"))?;
    let entry = listed.into_iter().find(|entry| entry.key == *key).ok_or(TrialError::Unlisted)?;
    Ok(Moment { earliest, latest, theirs: entry.modified })
}

/// Whether a body is exactly these bytes.
async fn holds(mut body: Box<dyn ByteSource>, bytes: &[u8]) -> Result<bool, TrialError> {
    let mut rest = bytes;
    while let Some(block) = body.next().await.map_err(TrialError::Cut)? {
        match rest.strip_prefix(&*block) {
            Some(after) => rest = after,
            None => return Ok(false),
        }
    }
    Ok(rest.is_empty())
}

async fn delete(store: &dyn BlobStore, key: &ObjectKey) -> Result<(), TrialError> {
    store.delete(key).await.map_err(refused("delete an object"))?;
    match store.head(key).await.map_err(refused("look for an object"))? {
        None => Ok(()),
        Some(_) => Err(TrialError::Undeleted),
    }
}

fn refused(doing: &'static str) -> impl FnOnce(BlobError) -> TrialError {
    move |source| TrialError::Refused { doing, source }
}

/// A stream of one block.
struct Once(Option<Bytes>);

#[async_trait]
impl ByteSource for Once {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        Ok(self.0.take())
    }
}
