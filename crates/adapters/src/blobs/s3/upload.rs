//! Storing a stream.

use std::sync::Arc;

use agentdrop_domain::blob::{BlobError, ByteSource, ObjectKey, SourceError, Stored};

use super::super::block::{Block, Blocks, Gathered};
use super::super::digest::Hashed;
use super::Bucket;
use super::error::failed;
use super::multipart::{MAX_PARTS, Multipart};
use super::{body, error};

/// The smallest part, in bytes: what services ask for, but for the last one. An upload holds one in memory.
const PART: u64 = 5 << 20;

pub(super) async fn put(
    bucket: &Bucket,
    key: &ObjectKey,
    body: &mut dyn ByteSource,
    size: Option<u64>,
) -> Result<Stored, BlobError> {
    let part_len = part_len(size);
    let mut body = Hashed::new(body);
    let mut blocks = Blocks::in_one_piece(&mut body);
    match blocks.next(part_len).await? {
        Gathered::Last(whole) => put_object(bucket, key, &Arc::new(whole)).await?,
        Gathered::Full(first) => {
            let mut upload = Multipart::begin(bucket, key).await?;
            match send_parts(&mut upload, &mut blocks, part_len, first).await {
                Ok(()) => upload.complete().await?,
                Err(error) => {
                    upload.abort().await;
                    return Err(error);
                }
            }
        }
    }
    Ok(body.stored())
}

/// How long the parts are, in bytes, so that their number suffices for `size`.
fn part_len(size: Option<u64>) -> usize {
    let needed = size.unwrap_or_default().div_ceil(MAX_PARTS as u64).next_multiple_of(1 << 20);
    usize::try_from(needed.max(PART)).unwrap_or(usize::MAX)
}

async fn send_parts(
    upload: &mut Multipart<'_>,
    blocks: &mut Blocks<'_>,
    part_len: usize,
    first: Block,
) -> Result<(), BlobError> {
    upload.send(&Arc::new(first)).await?;
    while upload.parts() < MAX_PARTS {
        match blocks.next(part_len).await? {
            Gathered::Full(part) => upload.send(&Arc::new(part)).await?,
            Gathered::Last(part) => return upload.send(&Arc::new(part)).await,
        }
    }
    Err(SourceError::TooLarge { limit: (MAX_PARTS * part_len) as u64 }.into())
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
        for size in [0, 1, 50_000 << 20, (50_000 << 20) + 1, 5 << 40] {
            let part = part_len(Some(size)) as u64;
            assert!(part >= PART && size.div_ceil(part) <= 10_000, "{size} {part}");
        }
        assert_eq!(part_len(None) as u64, PART);
        assert_eq!(part_len(Some(50_000 << 20)) as u64, PART);
    }
}
