//! Preparing a transfer, in one piece a file or in parts.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, post, web};
use agentdrop_domain::transfer::{
    BegunUpload, CheckPrepare, PrepareError, PrepareTransfer, Prepared, PutUrl, Transfer, begin_parts,
    discard,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::PrepareBody;
use crate::blobs::Awaited;
use crate::http::error::chain;
use crate::http::{
    ApiError, Auth, Body, CommonErrors, ErrorBody, Idempotency, IdempotencyHeader, created, wire,
};
use crate::state::Api;

/// A transfer that waits for its files.
#[derive(Debug, Serialize, ToSchema)]
struct PreparedBody {
    /// The transfer's id.
    #[schema(example = "tr_9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c")]
    id: String,
    /// `pending`.
    #[schema(example = "pending")]
    status: &'static str,
    /// One URL a file, in the order of the files.
    upload_urls: Vec<UploadUrl>,
    /// Where to say that all files are uploaded.
    confirm_url: String,
    /// When the URLs stop working, and an unconfirmed transfer ends.
    expires_at: String,
}

/// Where a file goes.
#[derive(Debug, Serialize, ToSchema)]
struct UploadUrl {
    /// The file's id.
    file_id: String,
    /// Its name.
    file_name: String,
    /// The URL; it is its own key.
    upload_url: String,
    /// `PUT`.
    #[schema(example = "PUT")]
    method: &'static str,
    /// Headers to send.
    headers: BTreeMap<&'static str, String>,
}

/// A transfer that waits for its files' parts.
#[derive(Debug, Serialize, ToSchema)]
struct PreparedMultipartBody {
    /// The transfer's id.
    #[schema(example = "tr_9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c")]
    id: String,
    /// `pending`.
    #[schema(example = "pending")]
    status: &'static str,
    /// In the order of the files.
    files: Vec<FileInParts>,
    /// Where to say that all files are complete.
    confirm_url: String,
    /// When the URLs stop working, and an unconfirmed transfer ends.
    expires_at: String,
}

/// A file to upload in parts.
#[derive(Debug, Serialize, ToSchema)]
struct FileInParts {
    /// The file's id.
    file_id: String,
    /// Its name.
    file_name: String,
    /// Names the upload when it is completed or aborted.
    upload_id: String,
    /// The size of every part but the last, in bytes.
    part_size: u64,
    /// One URL a part.
    part_urls: Vec<PartUrl>,
}

/// Where a part goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartUrl {
    /// Its place, from 1.
    part_number: u32,
    /// Its size in bytes.
    size: u64,
    /// The URL; it is its own key.
    upload_url: String,
}

/// Prepare a transfer and get one signed URL a file to upload to.
///
/// PUT each file to its URL, then confirm. The checks and their order are those of `POST /v1/transfers`.
#[utoipa::path(
    tag = "transfers",
    operation_id = "prepareTransfer",
    params(IdempotencyHeader),
    request_body = PrepareBody,
    responses(
        (status = 201, body = PreparedBody),
        (status = 400, description = "`VALIDATION_ERROR`, `AMBIGUOUS_RECIPIENT` (with `candidates`), \
            `MODE_NOT_AVAILABLE`, `AGENT_NOT_CONNECTED`, `TARGET_NOT_CONNECTED`", body = ErrorBody),
        (status = 403, description = "`SHARE_REQUIRED`, `PERMISSION_DENIED`, `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        (status = 409, description = "`CHANNEL_REVOKED`", body = ErrorBody),
        (status = 413, description = "`FILE_TOO_LARGE`, `PAYLOAD_TOO_LARGE`", body = ErrorBody),
        (status = 415, description = "`UNSUPPORTED_MEDIA_TYPE`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/transfers/presigned")]
pub async fn prepare(
    auth: Auth,
    idempotency: Idempotency,
    body: Body<PrepareBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let render = |api: &Api, (transfer, prepared): (Transfer, Prepared)| {
        let upload_urls = Awaited::all(&transfer, &prepared).map(|file| upload_url(api, file));
        created(&PreparedBody {
            id: transfer.id.to_string(),
            status: "pending",
            upload_urls: upload_urls.collect::<Result<_, _>>()?,
            confirm_url: confirm_url(api, &transfer),
            expires_at: wire::time(transfer.expires_at),
        })
    };
    let (draft, files) = body.0.judged(false)?;
    let act = PrepareTransfer { caller: auth.caller, draft, files, begun: Vec::new() };
    idempotency.perform(&api, act, render).await
}

/// Prepare a transfer and get signed URLs to upload each file to in parts.
///
/// PUT each part to its URL, complete each file with the parts' `ETag`s, then confirm. The files of a transfer
/// may have 2,500 parts together.
#[utoipa::path(
    tag = "transfers",
    operation_id = "prepareMultipartTransfer",
    params(IdempotencyHeader),
    request_body = PrepareBody,
    responses(
        (status = 201, body = PreparedMultipartBody),
        (status = 400, description = "`VALIDATION_ERROR`, `AMBIGUOUS_RECIPIENT` (with `candidates`), \
            `MODE_NOT_AVAILABLE`, `AGENT_NOT_CONNECTED`, `TARGET_NOT_CONNECTED`", body = ErrorBody),
        (status = 403, description = "`SHARE_REQUIRED`, `PERMISSION_DENIED`, `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        (status = 409, description = "`CHANNEL_REVOKED`", body = ErrorBody),
        (status = 413, description = "`FILE_TOO_LARGE`, `PAYLOAD_TOO_LARGE`", body = ErrorBody),
        (status = 415, description = "`UNSUPPORTED_MEDIA_TYPE`", body = ErrorBody),
        (status = 507, description = "`INSUFFICIENT_STORAGE`: the server's store is full", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/transfers/presigned/multipart")]
pub async fn prepare_multipart(
    auth: Auth,
    idempotency: Idempotency,
    body: Body<PrepareBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let render = |api: &Api, (transfer, prepared): (Transfer, Prepared)| {
        let files = Awaited::all(&transfer, &prepared).map(|file| in_parts(api, file));
        created(&PreparedMultipartBody {
            id: transfer.id.to_string(),
            status: "pending",
            files: files.collect::<Result<_, _>>()?,
            confirm_url: confirm_url(api, &transfer),
            expires_at: wire::time(transfer.expires_at),
        })
    };
    let (draft, files) = body.0.judged(true)?;
    if api.ports.direct.is_some()
        && let Some(answer) = idempotency.answered_before(&api).await?
    {
        return Ok(answer);
    }
    let act = PrepareTransfer { caller: auth.caller, draft, files, begun: Vec::new() };
    let begun = BegunUploads::begin(&api, &act).await?;
    let act = PrepareTransfer { begun: begun.uploads(), ..act };
    idempotency.perform(&api, act, render).await
}

/// What the store has begun for direct delivery. Dropped, it is given up, which does nothing to what a transfer
/// has taken over.
struct BegunUploads {
    api: Api,
    uploads: Vec<BegunUpload>,
}

impl BegunUploads {
    /// One upload a file. The store hears of nothing that would be refused anyway.
    async fn begin(api: &Api, act: &PrepareTransfer) -> Result<Self, ApiError> {
        let mut begun = Self { api: api.clone(), uploads: Vec::new() };
        let Some(store) = api.ports.direct.clone().filter(|_| api.ports.settings.direct_delivery) else {
            return Ok(begun);
        };
        api.ask(CheckPrepare(act.clone())).await?;
        let account = act.caller.account;
        for _ in &act.files {
            let (ports, store) = (api.ports.clone(), store.clone());
            let upload = api.run(async move { Ok(begin_parts(&ports, &*store, account).await?) }).await?;
            begun.uploads.push(upload);
        }
        Ok(begun)
    }

    fn uploads(&self) -> Vec<BegunUpload> {
        self.uploads.clone()
    }
}

impl Drop for BegunUploads {
    fn drop(&mut self) {
        for begun in std::mem::take(&mut self.uploads) {
            let ports = self.api.ports.clone();
            self.api.run_aside(async move {
                if let Err(error) = discard(&ports, begun.upload).await {
                    tracing::warn!(cause = chain(&error), "an upload is left to the sweeper");
                }
            });
        }
    }
}

fn confirm_url(api: &Api, transfer: &Transfer) -> String {
    api.url(&format!("/v1/transfers/{}/confirm", transfer.id))
}

fn upload_url(api: &Api, awaited: Awaited<'_>) -> Result<UploadUrl, ApiError> {
    let file = awaited.file;
    let PutUrl { url, headers } = awaited.send_url(api, None, file.size)?;
    let headers = headers.into_iter().map(|(name, value)| (name, value.to_owned()));
    Ok(UploadUrl {
        file_id: file.id.to_string(),
        file_name: file.name.to_string(),
        upload_url: url,
        method: "PUT",
        headers: [("Content-Type", file.content_type.clone())].into_iter().chain(headers).collect(),
    })
}

fn in_parts(api: &Api, awaited: Awaited<'_>) -> Result<FileInParts, ApiError> {
    let Awaited { file, prepared, .. } = awaited;
    let count = u32::try_from(prepared.part_count(file.size)).unwrap_or(u32::MAX);
    Ok(FileInParts {
        file_id: file.id.to_string(),
        file_name: file.name.to_string(),
        upload_id: prepared.upload_name(),
        part_size: prepared.part_size.unwrap_or(file.size),
        part_urls: part_urls(api, awaited, 1..=count)?,
    })
}

/// Where parts go; places that the file does not have are left out.
///
/// # Errors
/// 500 if the store's URLs can't be signed.
pub fn part_urls(
    api: &Api,
    awaited: Awaited<'_>,
    numbers: impl IntoIterator<Item = u32>,
) -> Result<Vec<PartUrl>, ApiError> {
    let sized = |number| Some((number, awaited.prepared.size_of_part(awaited.file.size, number)?));
    let url = |(part_number, size)| {
        let upload_url = awaited.send_url(api, Some(part_number), size)?.url;
        Ok(PartUrl { part_number, size, upload_url })
    };
    numbers.into_iter().filter_map(sized).map(url).collect()
}

crate::refusals!(PrepareError: pass [Route] { FileTooLarge => PAYLOAD_TOO_LARGE "FILE_TOO_LARGE" });
