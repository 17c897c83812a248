//! Uploads in parts.

use std::sync::Arc;

use agentdrop_domain::blob::{BlobError, ObjectKey};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::super::block::Block;
use super::Bucket;
use super::body;
use super::error::{self, failed, odd};

/// The most parts of one upload.
pub(super) const MAX_PARTS: usize = 10_000;
/// The most pages of unfinished uploads of one key that are looked at; a page has up to 1,000.
const MAX_PAGES: usize = 100;

/// An upload that is under way. Its bytes are invisible until it is completed, and kept until it is aborted.
pub(super) struct Multipart<'a> {
    bucket: &'a Bucket,
    key: &'a ObjectKey,
    id: String,
    sent: Vec<CompletedPart>,
}

impl<'a> Multipart<'a> {
    pub async fn begin(bucket: &'a Bucket, key: &'a ObjectKey) -> Result<Self, BlobError> {
        let request = bucket.client.create_multipart_upload().bucket(&bucket.name).key(key.as_str());
        let begun = request.send().await.map_err(|e| failed("CreateMultipartUpload", &bucket.name, e))?;
        let id = begun
            .upload_id
            .ok_or_else(|| odd("CreateMultipartUpload", &bucket.name, "the answer has no upload id"))?;
        Ok(Self { bucket, key, id, sent: Vec::new() })
    }

    /// How many parts were sent.
    pub fn parts(&self) -> usize {
        self.sent.len()
    }

    /// Sends the next part.
    pub async fn send(&mut self, part: &Arc<Block>) -> Result<(), BlobError> {
        const OPERATION: &str = "UploadPart";
        let Bucket { client, name } = self.bucket;
        let number = i32::try_from(self.sent.len() + 1).map_err(|e| odd(OPERATION, name, e))?;
        let request = client.upload_part().bucket(name).key(self.key.as_str()).upload_id(&self.id);
        let request = request.part_number(number).content_length(error::signed(part.len)?);
        let sent = request.body(body::of(part)).send().await.map_err(|e| failed(OPERATION, name, e))?;
        let tag = sent.e_tag.ok_or_else(|| odd(OPERATION, name, "the answer has no ETag"))?;
        self.sent.push(CompletedPart::builder().part_number(number).e_tag(tag).build());
        Ok(())
    }

    /// Makes the object of the parts, or nothing.
    pub async fn complete(mut self) -> Result<(), BlobError> {
        let Bucket { client, name } = self.bucket;
        let parts = std::mem::take(&mut self.sent);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = client.complete_multipart_upload().bucket(name).key(self.key.as_str());
        match request.upload_id(&self.id).multipart_upload(parts).send().await {
            Ok(_) => Ok(()),
            Err(e) => {
                self.abort().await;
                Err(failed("CompleteMultipartUpload", name, e))
            }
        }
    }

    /// Removes the parts, as far as the service answers. What stays, [`abort_all`] finds.
    pub async fn abort(self) {
        if let Err(error) = abort(self.bucket, self.key, &self.id).await {
            tracing::warn!(key = %self.key, %error, "an upload that failed left parts until the object is deleted");
        }
    }
}

/// Removes the parts of one unfinished upload.
pub(super) async fn abort(bucket: &Bucket, key: &ObjectKey, id: &str) -> Result<(), BlobError> {
    let request = bucket.client.abort_multipart_upload().bucket(&bucket.name).key(key.as_str());
    match request.upload_id(id).send().await {
        Ok(_) => Ok(()),
        Err(e) if error::code(&e) == Some("NoSuchUpload") => Ok(()),
        Err(e) => Err(failed("AbortMultipartUpload", &bucket.name, e)),
    }
}

/// Removes the parts of every unfinished upload of a key.
pub(super) async fn abort_all(bucket: &Bucket, key: &ObjectKey) -> Result<(), BlobError> {
    const OPERATION: &str = "ListMultipartUploads";
    // An aborted upload is not listed again, so each page is the first one.
    for _ in 0..MAX_PAGES {
        let request = bucket.client.list_multipart_uploads().bucket(&bucket.name).prefix(key.as_str());
        let page = match request.send().await {
            Ok(page) => page,
            // Then the service's own rule for unfinished uploads has to remove them.
            Err(e) if error::code(&e) == Some("NotImplemented") => return Ok(()),
            Err(e) => return Err(failed(OPERATION, &bucket.name, e)),
        };
        // The prefix is also that of longer keys, which come behind this one.
        let ids: Vec<_> = page
            .uploads()
            .iter()
            .filter(|upload| upload.key() == Some(key.as_str()))
            .filter_map(|upload| upload.upload_id())
            .collect();
        for id in &ids {
            abort(bucket, key, id).await?;
        }
        if ids.is_empty() || page.is_truncated() != Some(true) {
            return Ok(());
        }
    }
    Err(odd(OPERATION, &bucket.name, "aborted uploads are still listed"))
}
