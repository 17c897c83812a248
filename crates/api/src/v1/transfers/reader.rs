//! Reads the parts of the multipart form, in any order: fields are collected, files are stored.

use actix_web::http::header::{ContentDisposition, DispositionType, HeaderValue};
use agentdrop_domain::act;
use agentdrop_domain::blob::{ByteSource, SourceError};
use agentdrop_domain::error::{FieldErrors, Invalid};
use agentdrop_domain::idempotency::{Answer, Answered, FormHasher, Running};
use agentdrop_domain::transfer::{
    Arrival, CheckSoFar, Counted, FileName, MAX_FILES, ReceivedBytes, TransferForm, receive,
};
use async_trait::async_trait;
use bytes::Bytes;
use multer::{Field, Multipart};

use super::fingerprint::digest_form;
use super::form;
use super::held::{HeldBytes, HeldFile, commit};
use super::refusal::broken_stream;
use crate::http::crossing::{Far, Searched};
use crate::http::idempotency::{Streamed, Turn, hold, replay};
use crate::http::{ApiError, Auth};
use crate::state::Api;

/// The largest text field, in bytes.
const MAX_FIELD_BYTES: usize = 64 << 10;
/// The most parts a form may have, files and fields together.
pub(super) const MAX_PARTS: usize = MAX_FILES + 50;
/// The longest MIME type that is kept, in bytes.
const MAX_CONTENT_TYPE: usize = 255;

/// Reads a whole form and makes a transfer of it.
///
/// # Errors
/// Whatever is wrong with the form; then nothing of it is kept.
pub async fn receive_transfer(
    api: Api,
    auth: Auth,
    once: Option<Streamed>,
    boundary: String,
    content_length: Option<u64>,
    body: Far,
) -> Result<Answered, ApiError> {
    let Some(once) = once else {
        return make_transfer(api, auth, boundary, content_length, body, None).await.map(Answered::Now);
    };
    match once.begin(&api).await? {
        Turn::Act { running, request } => {
            let form = FormHasher::new(&*api.ports.sealer, request);
            let under = Some((running.clone(), form));
            let making = make_transfer(api.clone(), auth, boundary, content_length, body, under);
            hold(&api, running, making).await
        }
        Turn::Compare { stored, request } => {
            let limit = api.ports.settings.plans.of(&auth.account.plan).max_file_bytes;
            let request = digest_form(&api, request, limit, boundary, body).await?;
            replay(&api, stored, request)
        }
    }
}

async fn make_transfer(
    api: Api,
    auth: Auth,
    boundary: String,
    content_length: Option<u64>,
    body: Far,
    under: Option<(Running, FormHasher)>,
) -> Result<Answer, ApiError> {
    let (running, asked) = under.unzip();
    let (body, searched) = body.paced();
    let mut reader = FormReader::new(api, auth, content_length, searched, asked);
    let mut parts = Multipart::new(body, boundary);
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        reader.take(part).await?;
    }
    reader.finish(running).await
}

struct FormReader {
    api: Api,
    auth: Auth,
    /// The whole body's, in bytes, where it is known.
    content_length: Option<u64>,
    searched: Searched,
    form: TransferForm,
    errors: FieldErrors,
    files: Vec<HeldFile>,
    parts: usize,
    /// The form has changed since it was last looked at as a whole.
    unchecked: bool,
    /// What is asked for, where that is to be compared later.
    asked: Option<FormHasher>,
}

impl FormReader {
    fn new(
        api: Api,
        auth: Auth,
        content_length: Option<u64>,
        searched: Searched,
        asked: Option<FormHasher>,
    ) -> Self {
        Self {
            api,
            auth,
            content_length,
            searched,
            form: TransferForm::default(),
            errors: FieldErrors::default(),
            files: Vec::new(),
            parts: 0,
            unchecked: true,
            asked,
        }
    }

    async fn take(&mut self, part: Field<'static>) -> Result<(), ApiError> {
        self.searched.found();
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(invalid("files", format!("must be at most {MAX_FILES} files")));
        }
        let disposition = disposition(&part);
        let name = disposition.get_name().unwrap_or_default().to_owned();
        if name == "files" {
            return self.take_file(part, &disposition).await;
        }
        if disposition.get_filename().is_some() {
            return Err(invalid(&name, "is not a file field; send each file as a part named \"files\""));
        }
        let text = read_text(part, &name, &self.searched).await?;
        if let Some(asked) = &mut self.asked {
            asked.field(&name, &text);
        }
        if form::is_known(&name) {
            form::take(&mut self.form, &mut self.errors, &name, text);
            self.unchecked = true;
        }
        Ok(())
    }

    async fn take_file(
        &mut self,
        part: Field<'static>,
        disposition: &ContentDisposition,
    ) -> Result<(), ApiError> {
        let index = self.files.len();
        if index >= MAX_FILES {
            return Err(invalid("files", format!("must be at most {MAX_FILES} files")));
        }
        let name = file_name(disposition, index)?;
        if self.files.iter().any(|file| file.name == name) {
            return Err(invalid(&format!("files[{index}]"), "must have a name of its own in this transfer"));
        }
        self.check_so_far().await?;
        let content_type = content_type(&part);
        let mut body = FileSource { part, searched: self.searched.clone() };
        let limit = self.api.ports.settings.plans.of(&self.auth.account.plan).max_file_bytes;
        let held: Vec<ReceivedBytes> =
            self.files.iter().filter_map(|file| file.bytes.received().cloned()).collect();
        let counted = Counted::AsTheyCome { content_length: self.content_length };
        let arrival =
            Arrival { account: self.auth.account.id, piece: None, held: &held, counted, size: None, limit };
        let received = receive(&self.api.ports, arrival, &mut body).await;
        let bytes = HeldBytes::new(self.api.clone(), received?);
        self.files.push(HeldFile { name, content_type, bytes });
        Ok(())
    }

    /// Refuses what is already hopeless before the next file's bytes are stored.
    async fn check_so_far(&mut self) -> Result<(), ApiError> {
        if !self.unchecked {
            return Ok(());
        }
        let mut errors = std::mem::take(&mut self.errors);
        self.form.check_given(&mut errors);
        errors.finish()?;
        let check = CheckSoFar { caller: self.auth.caller.clone(), form: self.form.clone() };
        act::ask(&self.api.ports, &check).await?;
        self.unchecked = false;
        Ok(())
    }

    async fn finish(self, running: Option<Running>) -> Result<Answer, ApiError> {
        let mut errors = self.errors;
        if self.files.is_empty() {
            errors.add("files", "is required; send at least one file");
        }
        let draft = self.form.into_draft(errors)?;
        let request = self.asked.map(|mut asked| {
            self.files.iter().for_each(|file| file.add_to(&mut asked));
            asked.finish()
        });
        commit(&self.api, self.auth.caller, draft, self.files, running.zip(request)).await
    }
}

/// The text of a field.
pub(super) async fn read_text(
    mut part: Field<'static>,
    name: &str,
    searched: &Searched,
) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(broken)? {
        searched.found();
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_FIELD_BYTES {
            return Err(invalid(name, format!("must be at most {MAX_FIELD_BYTES} bytes")));
        }
    }
    String::from_utf8(bytes).map_err(|_| invalid(name, "must be UTF-8 text"))
}

pub(super) fn invalid(field: &str, message: impl Into<String>) -> ApiError {
    ApiError::invalid(Invalid::field(field, message))
}

/// The part's `Content-Disposition`. The parser hands on only parts that have one; what it can't read names
/// nothing.
pub(super) fn disposition(part: &Field<'_>) -> ContentDisposition {
    let value = part.headers().get("content-disposition").map(|value| value.as_bytes());
    let value = value.and_then(|bytes| HeaderValue::from_bytes(bytes).ok());
    let unnamed = || ContentDisposition { disposition: DispositionType::FormData, parameters: Vec::new() };
    value.and_then(|value| ContentDisposition::from_raw(&value).ok()).unwrap_or_else(unnamed)
}

pub(super) fn file_name(disposition: &ContentDisposition, index: usize) -> Result<FileName, ApiError> {
    let name = match disposition.get_filename_ext() {
        Some(extended) => String::from_utf8(extended.value.clone()).ok(),
        None => disposition.get_filename().map(str::to_owned),
    };
    let field = format!("files[{index}]");
    let name = name.ok_or_else(|| invalid(&field, "must carry a file name in UTF-8"))?;
    FileName::try_from(name.as_str()).map_err(|error| invalid(&field, format!("its name {error}")))
}

pub(super) fn content_type(part: &Field<'_>) -> String {
    let declared = part.headers().get("content-type").and_then(|value| value.to_str().ok());
    let kept = declared.filter(|text| !text.is_empty() && text.len() <= MAX_CONTENT_TYPE);
    kept.unwrap_or("application/octet-stream").to_owned()
}

/// A file part as a stream of bytes.
pub(super) struct FileSource {
    pub(super) part: Field<'static>,
    pub(super) searched: Searched,
}

#[async_trait]
impl ByteSource for FileSource {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        loop {
            match self.part.chunk().await {
                Ok(Some(chunk)) if chunk.is_empty() => {}
                Ok(Some(chunk)) => {
                    self.searched.found();
                    return Ok(Some(chunk));
                }
                Ok(None) => return Ok(None),
                Err(error) => return Err(source_error(error)),
            }
        }
    }
}

/// What the parser says, as the stream's own error where it is one.
fn source_error(error: multer::Error) -> SourceError {
    match error {
        multer::Error::StreamReadFailed(inner) => match inner.downcast::<SourceError>() {
            Ok(error) => *error,
            Err(other) => SourceError::Cut(other.to_string()),
        },
        other => SourceError::Cut(other.to_string()),
    }
}

pub(super) fn broken(error: multer::Error) -> ApiError {
    broken_stream(&source_error(error))
}
