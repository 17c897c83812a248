//! Reading an object.

use std::ops::Range;

use agentdrop_domain::blob::{Blob, BlobError, ByteSource, ObjectKey, SourceError};
use async_trait::async_trait;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::super::range::clip;
use super::Bucket;
use super::error::{self, failed, odd};

pub(super) async fn open(
    bucket: &Bucket,
    key: &ObjectKey,
    range: Option<Range<u64>>,
) -> Result<Blob, BlobError> {
    if let Some(range) = range.as_ref().filter(|range| range.is_empty()) {
        return nothing(bucket, key, range.clone()).await;
    }
    let request = bucket.client.get_object().bucket(&bucket.name).key(key.as_str());
    match request.set_range(range.as_ref().map(header)).send().await {
        Ok(answer) => blob(bucket, answer, range),
        Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_key()) => {
            Err(BlobError::NotFound(key.clone()))
        }
        Err(e) if error::status(&e) == Some(416) => {
            Err(BlobError::OutOfRange { size: size(bucket, key).await? })
        }
        Err(e) => Err(failed("GetObject", &bucket.name, e)),
    }
}

/// A range as HTTP says it, which names the last byte.
fn header(range: &Range<u64>) -> String {
    let Range { start, end } = range;
    // Services count in signed numbers.
    if *end > i64::MAX as u64 { format!("bytes={start}-") } else { format!("bytes={start}-{}", end - 1) }
}

fn blob(bucket: &Bucket, answer: GetObjectOutput, range: Option<Range<u64>>) -> Result<Blob, BlobError> {
    let len = error::length(answer.content_length)?;
    let size = match &answer.content_range {
        Some(told) => total(told).ok_or_else(|| odd("GetObject", &bucket.name, told))?,
        None => len,
    };
    // A service may send all of an object however little was asked; an empty one has no ranges at all.
    if clip(range, size)? != (0..size) && answer.content_range.is_none() {
        return Err(odd("GetObject", &bucket.name, "the service ignores ranges"));
    }
    Ok(Blob { size, body: Box::new(Download { body: answer.body, rest: len }) })
}

/// The size in `bytes 0-9/1000`.
fn total(content_range: &str) -> Option<u64> {
    content_range.rsplit_once('/')?.1.parse().ok()
}

/// The object without any of its bytes, for which HTTP has no range.
async fn nothing(bucket: &Bucket, key: &ObjectKey, range: Range<u64>) -> Result<Blob, BlobError> {
    let size = size(bucket, key).await?;
    clip(Some(range), size)?;
    Ok(Blob { size, body: Box::new(Download { body: ByteStream::default(), rest: 0 }) })
}

async fn size(bucket: &Bucket, key: &ObjectKey) -> Result<u64, BlobError> {
    bucket.size(key).await?.ok_or_else(|| BlobError::NotFound(key.clone()))
}

/// An answer's body.
struct Download {
    body: ByteStream,
    /// What is still to come, in bytes.
    rest: u64,
}

#[async_trait]
impl ByteSource for Download {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        loop {
            match self.body.try_next().await.map_err(|e| SourceError::Store(e.into()))? {
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => {
                    self.rest = self.rest.saturating_sub(chunk.len() as u64);
                    return Ok(Some(chunk));
                }
                None if self.rest == 0 => return Ok(None),
                None => {
                    let missing = format!("the service's answer ended {} bytes early", self.rest);
                    return Err(SourceError::Store(missing.into()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_without_an_end_is_said_so() {
        assert_eq!(header(&(5..6)), "bytes=5-5");
        assert_eq!(header(&(5..u64::MAX)), "bytes=5-");
    }

    #[test]
    fn the_size_is_read_from_content_range() {
        assert_eq!(total("bytes 0-9/1000"), Some(1000));
        assert_eq!(total("bytes */7"), Some(7));
        assert_eq!(total("bytes 0-9/*"), None);
        assert_eq!(total(""), None);
    }
}
