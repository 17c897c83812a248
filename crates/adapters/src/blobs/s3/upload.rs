//! Storing a stream.

use std::sync::Arc;

use agentdrop_domain::blob::{BlobError, ByteSource, ObjectKey, SourceError, Stored};
use ring::digest::{Context, SHA256};
use tokio::task::spawn_blocking;

use super::super::block::{Block, Blocks, Gathered};
use super::super::digest::{hash, sha256};
use super::Bucket;
use super::error::failed;
use super::multipart::{MAX_PARTS, Multipart};
use super::{body, error};

/// The smallest part, in bytes. Services ask for at least 5 MiB, but for the last one.
const PART: u64 = 8 << 20;

pub(super) async fn put(
    bucket: &Bucket,
    key: &ObjectKey,
    body: &mut dyn ByteSource,
    size: Option<u64>,
) -> Result<Stored, BlobError> {
    let part = part_len(size);
    let mut stream = Hashed { blocks: Blocks::new(body), part, hasher: Context::new(&SHA256), size: 0 };
    match stream.blocks.next(part).await? {
        Gathered::Last(whole) => {
            let whole = Arc::new(whole);
            stream.hash_beside(&whole, put_object(bucket, key, &whole)).await?;
        }
        Gathered::Full(first) => {
            let mut upload = Multipart::begin(bucket, key).await?;
            match send_parts(&mut stream, &mut upload, first).await {
                Ok(()) => upload.complete().await?,
                Err(error) => {
                    upload.abort().await;
                    return Err(error);
                }
            }
        }
    }
    Ok(Stored { size: stream.size, sha256: sha256(stream.hasher) })
}

/// How long the parts are, in bytes, so that their number suffices for `size`.
fn part_len(size: Option<u64>) -> usize {
    let needed = size.unwrap_or_default().div_ceil(MAX_PARTS as u64).next_multiple_of(1 << 20);
    usize::try_from(needed.max(PART)).unwrap_or(usize::MAX)
}

/// A stream that is hashed while its blocks are sent.
struct Hashed<'a> {
    blocks: Blocks<'a>,
    /// The length of a part in bytes.
    part: usize,
    hasher: Context,
    /// What was sent, in bytes.
    size: u64,
}

impl Hashed<'_> {
    /// Sends a block and hashes it meanwhile.
    async fn hash_beside(
        &mut self,
        block: &Arc<Block>,
        sending: impl Future<Output = Result<(), BlobError>>,
    ) -> Result<(), BlobError> {
        let hashing = {
            let (mut hasher, block) = (self.hasher.clone(), block.clone());
            spawn_blocking(move || {
                hash(&mut hasher, &block);
                hasher
            })
        };
        sending.await?;
        self.hasher = hashing.await.map_err(|e| BlobError::Internal(e.into()))?;
        self.size += block.len as u64;
        Ok(())
    }
}

async fn send_parts(
    stream: &mut Hashed<'_>,
    upload: &mut Multipart<'_>,
    first: Block,
) -> Result<(), BlobError> {
    let mut gathered = Gathered::Full(first);
    loop {
        let (part, last) = match gathered {
            Gathered::Full(part) => (Arc::new(part), false),
            Gathered::Last(part) => (Arc::new(part), true),
        };
        stream.hash_beside(&part, upload.send(&part)).await?;
        if last {
            return Ok(());
        }
        if upload.parts() == MAX_PARTS {
            return Err(SourceError::TooLarge { limit: stream.size }.into());
        }
        // Not held while the next one is received.
        drop(part);
        gathered = stream.blocks.next(stream.part).await?;
    }
}

async fn put_object(bucket: &Bucket, key: &ObjectKey, whole: &Arc<Block>) -> Result<(), BlobError> {
    let request = bucket.client.put_object().bucket(&bucket.name).key(key.as_str());
    match request.content_length(error::signed(whole.len)?).body(body::of(whole)).send().await {
        Ok(_) => Ok(()),
        Err(e) => Err(failed("PutObject", &bucket.name, e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_suffice() {
        for size in [0, 1, 80_000 << 20, (80_000 << 20) + 1, 5 << 40] {
            let part = part_len(Some(size)) as u64;
            assert!(part >= PART && size.div_ceil(part) <= 10_000, "{size} {part}");
        }
        assert_eq!(part_len(None) as u64, PART);
        assert_eq!(part_len(Some(80_000 << 20)) as u64, PART);
    }
}
