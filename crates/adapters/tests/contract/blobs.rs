//! What every blob store does, whatever it is made of. Each case keeps to keys of its own, so that a store may
//! be shared by all of them and by other runs.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use agentdrop_adapters::clock::SystemClock;
use agentdrop_adapters::ids::UuidGenerator;
use agentdrop_domain::blob::{
    Blob, BlobEntry, BlobError, BlobStore, ByteSource, ObjectKey, SourceError, Stored,
};
use agentdrop_domain::clock::Clock;
use agentdrop_domain::ids::{IdGenerator, UploadId};
use async_trait::async_trait;
use bytes::Bytes;

/// Runs every case as a test of its own on the store that `$fixture` makes: an expression for something with a
/// method `store(&self) -> &dyn BlobStore`.
macro_rules! blob_contract {
    ($name:ident, $fixture:expr $(, #[$attribute:meta])*) => {
        blob_contract! { $name, $fixture, [$(#[$attribute])*];
            an_object_comes_back_as_it_was_put
            an_object_of_exactly_one_part_and_of_one_byte_more
            an_object_of_many_parts
            an_object_in_chunks_of_one_byte
            a_range_is_cut_off_at_the_objects_end
            a_range_behind_the_end_is_refused
            an_empty_object_has_no_ranges
            a_stream_that_fails_leaves_nothing_to_see
            a_stream_that_fails_leaves_the_object_it_would_have_replaced
            a_second_put_replaces_the_object
            what_is_not_there_is_told_apart
            a_deleted_object_is_gone
            a_listing_tells_of_every_object
            a_listing_goes_on_where_it_ended
            objects_are_put_beside_each_other
            two_puts_of_one_key_leave_one_whole_object
            the_keys_of_uploads_are_keys
            objects_are_hashed_one_after_the_other
            a_finished_put_is_not_unfinished
            a_store_that_answers_says_so
        }
    };
    ($name:ident, $fixture:expr, $attributes:tt; $($case:ident)*) => {
        mod $name {
            use super::*;
            $(blob_contract! { @ $attributes $fixture, $case })*
        }
    };
    (@ [$(#[$attribute:meta])*] $fixture:expr, $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attribute])*
        async fn $case() {
            let fixture = $fixture;
            crate::contract::$case(fixture.store()).await;
        }
    };
}
pub(crate) use blob_contract;

/// The size of a part of a large upload.
const PART: usize = 5 << 20;
/// The size of the chunks that a stream arrives in: not a divisor of anything.
const CHUNK: usize = 37_123;

/// Keys that no other case and no other run has.
pub struct Keys(String);

impl Keys {
    pub fn new() -> Self {
        Self(format!("test/{}", UuidGenerator.uuid()))
    }

    pub fn key(&self, name: &str) -> ObjectKey {
        format!("{}/{name}", self.0).try_into().unwrap()
    }
}

/// Bytes without a period that a lost or doubled block could hide in.
pub fn content(len: usize) -> Bytes {
    let mut state = len as u32 | 1;
    let mut bytes = Vec::with_capacity(len + 3);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes.into()
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().try_into().unwrap()
}

/// A stream of chunks that ends well or with an error.
pub struct Chunks {
    chunks: VecDeque<Bytes>,
    error: Option<SourceError>,
}

impl Chunks {
    pub fn of(bytes: &Bytes, len: usize) -> Self {
        let mut rest = bytes.clone();
        let chunks = std::iter::from_fn(|| {
            let next = rest.split_to(len.min(rest.len()));
            (!next.is_empty()).then_some(next)
        });
        Self { chunks: chunks.collect(), error: None }
    }

    /// Fails where it would have ended.
    pub fn failing(bytes: &Bytes) -> Self {
        Self { error: Some(SourceError::Idle(60)), ..Self::of(bytes, CHUNK) }
    }
}

#[async_trait]
impl ByteSource for Chunks {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        match self.chunks.pop_front() {
            Some(chunk) => Ok(Some(chunk)),
            None => self.error.take().map_or(Ok(None), Err),
        }
    }
}

pub async fn put(store: &dyn BlobStore, key: &ObjectKey, bytes: &Bytes) -> Stored {
    store.put(key, &mut Chunks::of(bytes, CHUNK), None).await.unwrap()
}

/// The whole object's size and the bytes of the range.
pub async fn get(
    store: &dyn BlobStore,
    key: &ObjectKey,
    range: Option<Range<u64>>,
) -> Result<(u64, Vec<u8>), BlobError> {
    let Blob { size, mut body } = store.get(key, range).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await? {
        assert!(!chunk.is_empty());
        bytes.extend_from_slice(&chunk);
    }
    Ok((size, bytes))
}

/// Compares without printing millions of numbers.
#[track_caller]
fn assert_same(seen: &[u8], expected: &[u8]) {
    assert_eq!(seen.len(), expected.len());
    assert_eq!(sha256(seen), sha256(expected));
}

async fn round_trip(store: &dyn BlobStore, len: usize, chunk: usize, size: Option<u64>) {
    let key = Keys::new().key("object");
    let bytes = content(len);
    let stored = store.put(&key, &mut Chunks::of(&bytes, chunk), size).await.unwrap();
    assert_eq!(stored, Stored { size: len as u64, sha256: sha256(&bytes) });
    assert_eq!(store.head(&key).await.unwrap(), Some(len as u64));
    let (size, seen) = get(store, &key, None).await.unwrap();
    assert_eq!(size, len as u64);
    assert_same(&seen, &bytes);
    store.delete(&key).await.unwrap();
}

pub async fn an_object_comes_back_as_it_was_put(store: &dyn BlobStore) {
    for len in [0, 1, 1000, 3 << 20] {
        round_trip(store, len, CHUNK, None).await;
        round_trip(store, len, CHUNK, Some(len as u64)).await;
    }
}

pub async fn an_object_of_exactly_one_part_and_of_one_byte_more(store: &dyn BlobStore) {
    for len in [PART, PART + 1] {
        round_trip(store, len, CHUNK, None).await;
        round_trip(store, len, 1 << 20, Some(len as u64)).await;
    }
}

pub async fn an_object_of_many_parts(store: &dyn BlobStore) {
    round_trip(store, 20 << 20, CHUNK, None).await;
    round_trip(store, (20 << 20) + 5, 11 << 20, Some((20 << 20) + 5)).await;
}

pub async fn an_object_in_chunks_of_one_byte(store: &dyn BlobStore) {
    round_trip(store, 300_000, 1, None).await;
}

pub async fn a_range_is_cut_off_at_the_objects_end(store: &dyn BlobStore) {
    let key = Keys::new().key("object");
    let bytes = content(PART + 1000);
    let len = bytes.len();
    put(store, &key, &bytes).await;
    let ranges = [0..1, 0..len, 1..2, 999..600_000, len - 1..len, len - 10..len + 1000, 0..usize::MAX, 5..5];
    for range in ranges {
        let (size, seen) = get(store, &key, Some(range.start as u64..range.end as u64)).await.unwrap();
        assert_eq!(size, len as u64, "{range:?}");
        assert_same(&seen, &bytes[range.start..range.end.min(len)]);
    }
    store.delete(&key).await.unwrap();
}

pub async fn a_range_behind_the_end_is_refused(store: &dyn BlobStore) {
    let key = Keys::new().key("object");
    put(store, &key, &content(1000)).await;
    for range in [1000..1001, 1000..1000, 1001..2000, 5000..u64::MAX] {
        match get(store, &key, Some(range.clone())).await {
            Err(BlobError::OutOfRange { size: 1000 }) => {}
            other => panic!("{range:?}: {other:?}"),
        }
    }
    store.delete(&key).await.unwrap();
}

pub async fn an_empty_object_has_no_ranges(store: &dyn BlobStore) {
    let key = Keys::new().key("empty");
    put(store, &key, &Bytes::new()).await;
    for range in [0..1, 0..0, 7..8] {
        match get(store, &key, Some(range.clone())).await {
            Err(BlobError::OutOfRange { size: 0 }) => {}
            other => panic!("{range:?}: {other:?}"),
        }
    }
    store.delete(&key).await.unwrap();
}

/// At once, within the first part, at its end, behind several.
const FAILURES: [usize; 5] = [0, 1000, PART, PART + 1, 2 * PART + 5_000_000];

pub async fn a_stream_that_fails_leaves_nothing_to_see(store: &dyn BlobStore) {
    let keys = Keys::new();
    for len in FAILURES {
        let key = keys.key("object");
        match store.put(&key, &mut Chunks::failing(&content(len)), None).await {
            Err(BlobError::Source(SourceError::Idle(60))) => {}
            other => panic!("{len}: {other:?}"),
        }
        assert_eq!(store.head(&key).await.unwrap(), None, "{len}");
        assert!(matches!(get(store, &key, None).await, Err(BlobError::NotFound(_))), "{len}");
        assert_eq!(after(store, &keys.key("0"), 1, &keys).await, [], "{len}");
        store.delete(&key).await.unwrap();
    }
}

pub async fn a_stream_that_fails_leaves_the_object_it_would_have_replaced(store: &dyn BlobStore) {
    let key = Keys::new().key("object");
    let old = content(100_000);
    put(store, &key, &old).await;
    for len in FAILURES {
        store.put(&key, &mut Chunks::failing(&content(len)), None).await.unwrap_err();
        assert_same(&get(store, &key, None).await.unwrap().1, &old);
    }
    store.delete(&key).await.unwrap();
}

pub async fn a_second_put_replaces_the_object(store: &dyn BlobStore) {
    let key = Keys::new().key("object");
    for len in [PART + 5, 100, 0, 5000] {
        let bytes = content(len);
        put(store, &key, &bytes).await;
        assert_same(&get(store, &key, None).await.unwrap().1, &bytes);
    }
    store.delete(&key).await.unwrap();
}

pub async fn what_is_not_there_is_told_apart(store: &dyn BlobStore) {
    let keys = Keys::new();
    let key = keys.key("folder/object");
    put(store, &key, &content(10)).await;
    for absent in [keys.key("nothing"), keys.key("folder/nothing"), keys.key("folder/object-")] {
        assert_eq!(store.head(&absent).await.unwrap(), None, "{absent}");
        for range in [None, Some(0..1), Some(0..0)] {
            match get(store, &absent, range).await {
                Err(BlobError::NotFound(key)) => assert_eq!(key, absent),
                other => panic!("{absent}: {other:?}"),
            }
        }
        store.delete(&absent).await.unwrap();
    }
    assert_eq!(store.head(&key).await.unwrap(), Some(10));
    store.delete(&key).await.unwrap();
}

/// Not among the cases of every store: the S3 server in this process fails at it.
pub async fn what_lies_above_or_below_an_object_is_not_there(store: &dyn BlobStore) {
    let keys = Keys::new();
    let key = keys.key("folder/object");
    put(store, &key, &content(10)).await;
    for absent in [keys.key("folder"), keys.key("folder/object/below")] {
        assert_eq!(store.head(&absent).await.unwrap(), None, "{absent}");
        assert!(matches!(get(store, &absent, None).await, Err(BlobError::NotFound(_))), "{absent}");
        store.delete(&absent).await.unwrap();
    }
    assert_eq!(store.head(&key).await.unwrap(), Some(10));
    store.delete(&key).await.unwrap();
}

pub async fn a_deleted_object_is_gone(store: &dyn BlobStore) {
    let keys = Keys::new();
    let (key, longer) = (keys.key("object"), keys.key("object-2"));
    put(store, &key, &content(10)).await;
    put(store, &longer, &content(20)).await;
    store.delete(&key).await.unwrap();
    assert_eq!(store.head(&key).await.unwrap(), None);
    assert!(matches!(get(store, &key, None).await, Err(BlobError::NotFound(_))));
    assert_eq!(store.head(&longer).await.unwrap(), Some(20));
    store.delete(&key).await.unwrap();
    store.delete(&longer).await.unwrap();
}

/// The names of this case's objects in the listing behind a key, with their sizes.
async fn after(store: &dyn BlobStore, after: &ObjectKey, limit: usize, keys: &Keys) -> Vec<(String, u64)> {
    let entries = store.list(Some(after), limit).await.unwrap();
    assert!(entries.len() <= limit);
    let seen: Vec<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
    assert!(seen.is_sorted(), "after {after}: {seen:#?}");
    let mine = |BlobEntry { key, size, .. }: BlobEntry| {
        let name = key.as_str().strip_prefix(&keys.0)?.strip_prefix('/')?;
        Some((name.to_owned(), size))
    };
    entries.into_iter().filter_map(mine).collect()
}

pub async fn a_listing_tells_of_every_object(store: &dyn BlobStore) {
    let keys = Keys::new();
    let before = SystemClock.now() - Duration::from_secs(60);
    let names = ["aa/1", "aa/2", "ab/0", "b0/5"];
    put_all(store, &keys, &names).await;
    let expected = names.iter().enumerate().map(|(size, name)| ((*name).to_owned(), size as u64));
    assert_eq!(after(store, &keys.key("0"), 4, &keys).await, expected.collect::<Vec<_>>());
    let listed = store.list(Some(&keys.key("0")), 4).await.unwrap();
    assert!(listed.iter().all(|entry| entry.modified > before), "{listed:?}");
    for name in names {
        store.delete(&keys.key(name)).await.unwrap();
    }
    assert_eq!(after(store, &keys.key("0"), 4, &keys).await, []);
}

/// Names in the order of their bytes, which is not that of folders: a hyphen sorts before the slash, the slash
/// before digits and letters.
const UNEVEN: [&str; 6] = ["a-b", "a/b", "a/c-d/e", "a/c/d", "a0", "b"];

/// Not among the cases of every store: SeaweedFS does not keep to it. The keys of uploads are all of one shape,
/// of which both orders are the same.
pub async fn keys_of_uneven_depth_are_listed_in_the_order_of_bytes(store: &dyn BlobStore) {
    assert_eq!(listed_uneven(store).await, UNEVEN);
}

/// [`UNEVEN`] as the store lists it.
pub async fn listed_uneven(store: &dyn BlobStore) -> Vec<String> {
    let keys = Keys::new();
    put_all(store, &keys, &UNEVEN).await;
    let listed = store.list(Some(&keys.key("0")), UNEVEN.len()).await.unwrap();
    for name in UNEVEN {
        store.delete(&keys.key(name)).await.unwrap();
    }
    let bare = |entry: &BlobEntry| entry.key.as_str().strip_prefix(&keys.0).unwrap()[1..].to_owned();
    listed.iter().map(bare).collect()
}

/// Puts objects of 0, 1, … bytes, the last one first.
async fn put_all(store: &dyn BlobStore, keys: &Keys, names: &[&str]) {
    for (size, name) in names.iter().enumerate().rev() {
        put(store, &keys.key(name), &content(size)).await;
    }
}

pub async fn a_listing_goes_on_where_it_ended(store: &dyn BlobStore) {
    let keys = Keys::new();
    let names: Vec<String> = (10..35).map(|n| format!("{}/{}", n / 10, n % 10)).collect();
    for name in &names {
        put(store, &keys.key(name), &Bytes::from_static(b"x")).await;
    }
    let mut seen = Vec::new();
    let mut last = keys.key("0");
    while seen.len() < names.len() {
        let page = after(store, &last, (names.len() - seen.len()).min(7), &keys).await;
        last = keys.key(&page.last().expect("the listing ended early").0);
        seen.extend(page.into_iter().map(|(name, _)| name));
    }
    assert_eq!(seen, names);
    assert_eq!(store.list(Some(&last), 0).await.unwrap(), []);
    // Where it goes on need not be there any more.
    store.delete(&keys.key("2/3")).await.unwrap();
    assert_eq!(after(store, &keys.key("2/3"), 1, &keys).await, [("2/4".to_owned(), 1)]);
    for name in names {
        store.delete(&keys.key(&name)).await.unwrap();
    }
}

pub async fn objects_are_put_beside_each_other(store: &dyn BlobStore) {
    let keys = Keys::new();
    let contents: Vec<Bytes> = [PART + 77, 1 << 20, 5, PART * 2].map(content).into();
    let named = |n: usize| keys.key(&format!("object-{n}"));
    let puts =
        contents.iter().enumerate().map(|(n, bytes)| async move { put(store, &named(n), bytes).await });
    let stored = futures_util::future::join_all(puts).await;
    for (n, bytes) in contents.iter().enumerate() {
        assert_eq!(stored[n].sha256, sha256(bytes));
        assert_same(&get(store, &named(n), None).await.unwrap().1, bytes);
        store.delete(&named(n)).await.unwrap();
    }
}

pub async fn two_puts_of_one_key_leave_one_whole_object(store: &dyn BlobStore) {
    let key = Keys::new().key("object");
    let (one, other) = (content(PART + 1), content(PART + 2));
    futures_util::future::join(put(store, &key, &one), put(store, &key, &other)).await;
    let (_, seen) = get(store, &key, None).await.unwrap();
    assert!(seen == one || seen == other, "{} bytes of neither", seen.len());
    store.delete(&key).await.unwrap();
    assert_eq!(store.head(&key).await.unwrap(), None);
}

pub async fn the_keys_of_uploads_are_keys(store: &dyn BlobStore) {
    let key = ObjectKey::of_upload(UploadId::from(UuidGenerator.uuid()));
    let bytes = content(1234);
    put(store, &key, &bytes).await;
    assert_same(&get(store, &key, None).await.unwrap().1, &bytes);
    store.delete(&key).await.unwrap();
    assert_eq!(store.head(&key).await.unwrap(), None);
}

pub async fn objects_are_hashed_one_after_the_other(store: &dyn BlobStore) {
    let keys = Keys::new();
    let mut whole = Vec::new();
    for (name, size) in [("a", 3), ("b", 0), ("c", 100_000)] {
        let bytes = content(size);
        put(store, &keys.key(name), &bytes).await;
        whole.extend_from_slice(&bytes);
    }
    let all = ["a", "b", "c"].map(|name| keys.key(name));
    assert_eq!(store.sha256(&all).await.unwrap(), sha256(&whole));
    assert_eq!(store.sha256(&[]).await.unwrap(), sha256(b""));
    let missing = store.sha256(&[keys.key("a"), keys.key("none")]).await;
    assert!(matches!(missing, Err(BlobError::NotFound(_))), "{missing:?}");
}

pub async fn a_finished_put_is_not_unfinished(store: &dyn BlobStore) {
    let keys = Keys::new();
    put(store, &keys.key("whole"), &content(PART + 1)).await;
    store.put(&keys.key("failed"), &mut Chunks::failing(&content(PART + 1)), None).await.unwrap_err();
    let unfinished = store.list_unfinished(Some(&keys.key("0")), 100).await.unwrap();
    assert!(unfinished.iter().all(|entry| !entry.key.as_str().starts_with(&keys.0)), "{unfinished:?}");
    store.delete(&keys.key("whole")).await.unwrap();
}

pub async fn a_store_that_answers_says_so(store: &dyn BlobStore) {
    store.ping().await.unwrap();
}
