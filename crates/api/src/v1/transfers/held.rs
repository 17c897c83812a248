//! Received bytes that are discarded unless a transfer takes them over.

use agentdrop_domain::idempotency::{Answer, FormHasher, RequestDigest, Running};
use agentdrop_domain::transfer::{
    self, CreateTransfer, Draft, FileName, ReceivedBytes, ReceivedFile, Transfer,
};
use agentdrop_domain::{act, caller::Caller};

use super::answer::TransferBody;
use crate::http::error::chain;
use crate::http::idempotency::Rendering;
use crate::http::{ApiError, created};
use crate::state::Api;

/// Bytes in the store under an upload row. Dropped, for whatever reason, they are discarded in the
/// background, so that a client that vanishes leaves nothing.
pub struct HeldBytes {
    api: Api,
    bytes: Option<ReceivedBytes>,
}

impl HeldBytes {
    /// Holds what has just been received.
    pub fn new(api: Api, bytes: ReceivedBytes) -> Self {
        Self { api, bytes: Some(bytes) }
    }

    /// The bytes, unless a transfer has taken them over.
    pub fn received(&self) -> Option<&ReceivedBytes> {
        self.bytes.as_ref()
    }
}

impl HeldFile {
    /// Adds the file to what its request asks for.
    pub fn add_to(&self, form: &mut FormHasher) {
        let Some(bytes) = &self.bytes.bytes else { return };
        let stored = &bytes.stored;
        form.file(self.name.as_str(), &self.content_type, stored.size, &stored.sha256);
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        let Some(bytes) = self.bytes.take() else { return };
        let ports = self.api.ports.clone();
        self.api.run_aside(async move {
            if let Err(error) = transfer::discard(&ports, bytes.upload).await {
                tracing::warn!(cause = chain(&error), "an upload is left to the sweeper");
            }
        });
    }
}

/// A received file with its bytes held.
pub struct HeldFile {
    /// Its name.
    pub name: FileName,
    /// Its MIME type as declared.
    pub content_type: String,
    /// Its bytes.
    pub bytes: HeldBytes,
}

/// Makes a transfer of held files, under the mark of an idempotency key if there is one; after a refusal they
/// are discarded.
///
/// # Errors
/// What the use case refused.
pub async fn commit(
    api: &Api,
    caller: Caller,
    draft: Draft,
    mut files: Vec<HeldFile>,
    under: Option<(Running, RequestDigest)>,
) -> Result<Answer, ApiError> {
    let received = files.iter().filter_map(|file| {
        let bytes = file.bytes.bytes.clone()?;
        Some(ReceivedFile { name: file.name.clone(), content_type: file.content_type.clone(), bytes })
    });
    let create = CreateTransfer { caller, draft, files: received.collect() };
    let render = |api: &Api, transfer: Transfer| created(&TransferBody::of(api, &transfer));
    let answer = match under {
        Some((running, request)) => {
            let rendering = Rendering { api: api.clone(), render };
            running.perform(&api.ports, request, create, rendering).await?
        }
        None => render(api, act::perform(&api.ports, &create).await?)?,
    };
    for file in &mut files {
        file.bytes.bytes = None;
    }
    Ok(answer)
}
