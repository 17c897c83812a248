//! Reads a form for what it asks for, and keeps nothing of it.

use agentdrop_domain::blob::{ByteSource as _, SourceError};
use agentdrop_domain::idempotency::{FormHasher, Hasher, RequestDigest, RequestHasher};
use agentdrop_domain::transfer::MAX_FILES;
use multer::{Field, Multipart};

use super::reader::{
    FileSource, MAX_PARTS, broken, content_type, disposition, file_name, invalid, read_text,
};
use super::refusal::broken_stream;
use crate::http::ApiError;
use crate::http::crossing::{Far, Searched};
use crate::state::Api;

/// The digest of a whole form within a request, by the measure of the one that made a transfer.
///
/// # Errors
/// Whatever is wrong with the form. A file of more than `limit` bytes is too large for any transfer.
pub async fn digest_form(
    api: &Api,
    request: RequestHasher,
    limit: Option<u64>,
    boundary: String,
    body: Far,
) -> Result<RequestDigest, ApiError> {
    let (body, searched) = body.paced();
    let form = FormHasher::new(&*api.ports.sealer, request);
    let mut reader = FingerprintReader { api, form, searched, limit, files: 0 };
    let mut parts = Multipart::new(body, boundary);
    for _ in 0..=MAX_PARTS {
        match parts.next_field().await.map_err(broken)? {
            Some(part) => reader.take(part).await?,
            None => return Ok(reader.form.finish()),
        }
    }
    Err(invalid("files", format!("must be at most {MAX_FILES} files")))
}

struct FingerprintReader<'a> {
    api: &'a Api,
    form: FormHasher,
    searched: Searched,
    limit: Option<u64>,
    files: usize,
}

impl FingerprintReader<'_> {
    async fn take(&mut self, part: Field<'static>) -> Result<(), ApiError> {
        self.searched.found();
        let disposition = disposition(&part);
        let name = disposition.get_name().unwrap_or_default().to_owned();
        if name != "files" {
            let text = read_text(part, &name, &self.searched).await?;
            self.form.field(&name, &text);
            return Ok(());
        }
        let file_name = file_name(&disposition, self.files)?;
        let content_type = content_type(&part);
        let (size, sha256) = self.hash(FileSource { part, searched: self.searched.clone() }).await?;
        self.form.file(file_name.as_str(), &content_type, size, &sha256);
        self.files += 1;
        Ok(())
    }

    async fn hash(&self, mut bytes: FileSource) -> Result<(u64, [u8; 32]), ApiError> {
        let mut hasher: Box<dyn Hasher> = self.api.ports.sealer.hasher();
        let mut size = 0;
        while let Some(chunk) = bytes.next().await.map_err(|error| broken_stream(&error))? {
            size += chunk.len() as u64;
            if let Some(limit) = self.limit
                && size > limit
            {
                return Err(broken_stream(&SourceError::TooLarge { limit }));
            }
            hasher.update(&chunk);
        }
        Ok((size, hasher.finish()))
    }
}
