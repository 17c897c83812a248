//! Preparing a transfer, in one piece a file or in parts.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, post, web};
use agentdrop_domain::transfer::{
    PrepareError, PrepareTransfer, Prepared, PreparedFile, Right, Ticket, Transfer, TransferFile,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::PrepareBody;
use crate::blobs::signed_url;
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
    let render = |api: &Api, (transfer, _): (Transfer, Prepared)| {
        created(&PreparedBody {
            id: transfer.id.to_string(),
            status: "pending",
            upload_urls: transfer.files.iter().map(|file| upload_url(api, &transfer, file)).collect(),
            confirm_url: confirm_url(api, &transfer),
            expires_at: wire::time(transfer.expires_at),
        })
    };
    idempotency.perform(&api, act(auth, body.0, false)?, render).await
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
        let files = transfer.files.iter().zip(&prepared.files);
        created(&PreparedMultipartBody {
            id: transfer.id.to_string(),
            status: "pending",
            files: files.map(|(file, prepared)| in_parts(api, &transfer, file, prepared)).collect(),
            confirm_url: confirm_url(api, &transfer),
            expires_at: wire::time(transfer.expires_at),
        })
    };
    idempotency.perform(&api, act(auth, body.0, true)?, render).await
}

fn act(auth: Auth, body: PrepareBody, in_parts: bool) -> Result<PrepareTransfer, ApiError> {
    let (draft, files) = body.judged(in_parts)?;
    Ok(PrepareTransfer { caller: auth.caller, draft, files })
}

fn confirm_url(api: &Api, transfer: &Transfer) -> String {
    api.url(&format!("/v1/transfers/{}/confirm", transfer.id))
}

fn upload_url(api: &Api, transfer: &Transfer, file: &TransferFile) -> UploadUrl {
    let right = Right::Send(transfer.id, None);
    let ticket = Ticket { file: file.id, right, size: file.size, expires_at: transfer.expires_at };
    UploadUrl {
        file_id: file.id.to_string(),
        file_name: file.name.to_string(),
        upload_url: signed_url(api, &ticket),
        method: "PUT",
        headers: BTreeMap::from([("Content-Type", file.content_type.clone())]),
    }
}

fn in_parts(api: &Api, transfer: &Transfer, file: &TransferFile, prepared: &PreparedFile) -> FileInParts {
    let count = u32::try_from(prepared.part_count(file.size)).unwrap_or(u32::MAX);
    FileInParts {
        file_id: file.id.to_string(),
        file_name: file.name.to_string(),
        upload_id: file.id.to_string(),
        part_size: prepared.part_size.unwrap_or(file.size),
        part_urls: (1..=count).filter_map(|number| part_url(api, transfer, file, prepared, number)).collect(),
    }
}

/// Where a part goes; `None` if the file has no such part.
pub fn part_url(
    api: &Api,
    transfer: &Transfer,
    file: &TransferFile,
    prepared: &PreparedFile,
    number: u32,
) -> Option<PartUrl> {
    let size = prepared.size_of_part(file.size, number)?;
    let right = Right::Send(transfer.id, Some(number));
    let ticket = Ticket { file: file.id, right, size, expires_at: transfer.expires_at };
    Some(PartUrl { part_number: number, size, upload_url: signed_url(api, &ticket) })
}

crate::refusals!(PrepareError: pass [Route] { FileTooLarge => PAYLOAD_TOO_LARGE "FILE_TOO_LARGE" });
