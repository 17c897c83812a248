//! Listing the objects in the order of their keys.

use agentdrop_domain::blob::{BlobEntry, BlobError, ObjectKey};
use agentdrop_domain::clock::Timestamp;
use aws_sdk_s3::types::Object;

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
