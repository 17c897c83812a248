//! Listing the objects in the order of their keys.

use agentdrop_domain::blob::{BlobEntry, BlobError, ObjectKey, UnfinishedEntry};
use agentdrop_domain::clock::Timestamp;
use aws_sdk_s3::types::{MultipartUpload, Object};

use super::Bucket;
use super::error::{self, failed, odd};

/// The most objects one request tells of.
const MAX_KEYS: usize = 1000;

/// Up to `limit` objects behind `after`.
pub(super) async fn page(
    bucket: &Bucket,
    after: Option<&ObjectKey>,
    limit: usize,
) -> Result<Vec<BlobEntry>, BlobError> {
    let mut found = Vec::new();
    let mut after = after.map(|key| key.as_str().to_owned());
    while found.len() < limit {
        let keys = i32::try_from((limit - found.len()).min(MAX_KEYS)).unwrap_or(i32::MAX);
        let request = bucket.client.list_objects_v2().bucket(&bucket.name).max_keys(keys);
        let page = request.set_start_after(after).send().await;
        let page = page.map_err(|e| failed("ListObjectsV2", &bucket.name, e))?;
        for object in page.contents() {
            found.extend(entry(bucket, object)?);
        }
        after = page.contents().last().and_then(Object::key).map(str::to_owned);
        if page.is_truncated() != Some(true) || after.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Unfinished uploads behind `after`: one page of them that has one of ours.
pub(super) async fn unfinished(
    bucket: &Bucket,
    after: Option<&ObjectKey>,
    limit: usize,
) -> Result<Vec<UnfinishedEntry>, BlobError> {
    const OPERATION: &str = "ListMultipartUploads";
    let uploads = i32::try_from(limit.min(MAX_KEYS)).unwrap_or(i32::MAX);
    let mut marker = after.map(|key| key.as_str().to_owned());
    loop {
        let request = bucket.client.list_multipart_uploads().bucket(&bucket.name).max_uploads(uploads);
        let page = match request.set_key_marker(marker).send().await {
            Ok(page) => page,
            // Then the service's own rule for unfinished uploads has to remove them.
            Err(e) if error::code(&e) == Some("NotImplemented") => return Ok(Vec::new()),
            Err(e) => return Err(failed(OPERATION, &bucket.name, e)),
        };
        let found: Vec<_> = page.uploads().iter().filter_map(unfinished_entry).collect();
        marker = page.uploads().last().and_then(MultipartUpload::key).map(str::to_owned);
        // Some services begin again at the marker's own key.
        let found: Vec<_> =
            found.into_iter().filter(|entry| after.is_none_or(|after| entry.key > *after)).collect();
        if !found.is_empty() || page.is_truncated() != Some(true) || marker.is_none() {
            return Ok(found);
        }
    }
}

fn unfinished_entry(upload: &MultipartUpload) -> Option<UnfinishedEntry> {
    let key = ObjectKey::try_from(upload.key()?.to_owned()).ok()?;
    let begun = upload.initiated()?;
    Some(UnfinishedEntry { key, begun: Timestamp::from_timestamp(begun.secs(), begun.subsec_nanos())? })
}

/// `None` for what somebody else put into the bucket.
fn entry(bucket: &Bucket, object: &Object) -> Result<Option<BlobEntry>, BlobError> {
    let Some(key) = object.key().and_then(|key| ObjectKey::try_from(key.to_owned()).ok()) else {
        return Ok(None);
    };
    let modified = object
        .last_modified()
        .and_then(|at| Timestamp::from_timestamp(at.secs(), at.subsec_nanos()))
        .ok_or_else(|| odd("ListObjectsV2", &bucket.name, "an object has no time of its last change"))?;
    Ok(Some(BlobEntry { key, size: error::length(object.size())?, modified }))
}
