//! The parts of a file: which have arrived, fresh URLs for them, putting them together, giving them up.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use agentdrop_domain::error::FieldErrors;
use agentdrop_domain::ids::{FileId, TransferId};
use agentdrop_domain::transfer::{
    AbortParts, ClaimedPart, CompleteParts, DirectError, ListParts, PartsError, PartsOfFile, StoredPart,
    complete_parts, parts_of_file,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::prepare::{PartUrl, part_urls};
use crate::blobs::Awaited;
use crate::http::auth::after_auth;
use crate::http::fields::Field;
use crate::http::path::segment;
use crate::http::{ApiError, Auth, Body, CommonErrors, ErrorBody, wire};
use crate::state::Api;
use crate::v1::transfers::answer::FileBody;

/// A file that is uploaded in parts.
#[derive(Debug, Serialize, ToSchema)]
struct PartsBody {
    /// The file's id.
    file_id: String,
    /// Names the upload when it is completed or aborted.
    upload_id: String,
    /// Its size in bytes.
    size: u64,
    /// The size of every part but the last, in bytes.
    part_size: u64,
    /// How many parts it has.
    part_count: u64,
    /// Those that have arrived, in order.
    parts: Vec<PartBody>,
    /// When the URLs stop working, and an unconfirmed transfer ends.
    expires_at: String,
}

/// A part that has arrived.
#[derive(Debug, Serialize, ToSchema)]
struct PartBody {
    /// Its place, from 1.
    part_number: u32,
    /// Its size in bytes.
    size: u64,
    /// Its `ETag`, without quotes; empty where the store does not tell it, as once the parts are put together.
    etag: String,
}

/// Fresh URLs.
#[derive(Debug, Serialize, ToSchema)]
struct PartUrlsBody {
    /// In the order asked for.
    part_urls: Vec<PartUrl>,
    /// When they stop working.
    expires_at: String,
}

/// For which parts.
#[derive(Debug, Deserialize, ToSchema)]
struct WantedParts {
    /// The parts' places, from 1; absent: all that have not arrived.
    #[serde(default)]
    #[schema(value_type = Option<Vec<u32>>)]
    part_numbers: Field<Vec<u32>>,
}

/// Which upload.
#[derive(Debug, Deserialize, ToSchema)]
struct AbortBody {
    /// The upload's id.
    #[serde(default)]
    #[schema(value_type = String)]
    upload_id: Field<String>,
}

/// Which upload, and its parts.
#[derive(Debug, Deserialize, ToSchema)]
struct CompleteBody {
    /// The upload's id.
    #[serde(default)]
    #[schema(value_type = String)]
    upload_id: Field<String>,
    /// The parts with the `ETag`s that their PUTs were answered.
    #[serde(default)]
    #[schema(value_type = Vec<ClaimedPartBody>)]
    parts: Field<Vec<ClaimedPartBody>>,
}

/// A part as the client knows it.
#[derive(Debug, Deserialize, ToSchema)]
struct ClaimedPartBody {
    /// Its place, from 1.
    part_number: u32,
    /// Its `ETag`; quotes are ignored.
    etag: String,
}

/// What is left of an aborted upload.
#[derive(Debug, Serialize, ToSchema)]
struct AbortedBody {
    /// The file's id.
    file_id: String,
    /// `aborted`.
    #[schema(example = "aborted")]
    status: &'static str,
}

async fn place(request: &HttpRequest) -> Result<(TransferId, FileId), ApiError> {
    let place = segment(request, "id").and_then(|id| Ok((id, segment(request, "file_id")?)));
    after_auth(request, place).await
}

async fn find(api: &Api, ask: ListParts) -> Result<PartsOfFile, ApiError> {
    let ports = api.ports.clone();
    api.run(async move { Ok(parts_of_file(&ports, &ask).await?) }).await
}

/// See which parts of a file have arrived, so that an upload that broke off goes on where it was.
#[utoipa::path(
    tag = "transfers",
    operation_id = "listParts",
    params(
        ("id" = String, Path, description = "the transfer's id"),
        ("file_id" = String, Path, description = "the file's id"),
    ),
    responses(
        (status = 200, body = PartsBody),
        (status = 400, description = "`SIZE_MISMATCH`: the store holds another number of bytes", body = ErrorBody),
        (status = 403, description = "`FORBIDDEN`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, not yours, or not uploaded in parts", body = ErrorBody),
        (status = 409, description = "`ALREADY_CONFIRMED`", body = ErrorBody),
        (status = 410, description = "`GONE`: aborted, deleted, or not uploaded in time", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/transfers/{id}/files/{file_id}/parts")]
pub async fn list(auth: Auth, request: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let (transfer, file) = place(&request).await?;
    let found = find(&api, ListParts { caller: auth.caller, transfer, file }).await?;
    Ok(HttpResponse::Ok().json(PartsBody::from(&found)))
}

impl From<&PartsOfFile> for PartsBody {
    fn from(found: &PartsOfFile) -> Self {
        let size = found.file.size;
        let part = |part: &StoredPart| PartBody {
            part_number: part.number,
            size: part.size,
            etag: part.etag.clone(),
        };
        Self {
            file_id: found.file.id.to_string(),
            upload_id: found.prepared.upload_name(),
            size,
            part_size: found.prepared.part_size.unwrap_or(size),
            part_count: found.prepared.part_count(size),
            parts: found.parts.iter().map(part).collect(),
            expires_at: wire::time(found.transfer.expires_at),
        }
    }
}

/// Get fresh URLs for the parts of a file.
#[utoipa::path(
    tag = "transfers",
    operation_id = "renewPartUrls",
    params(
        ("id" = String, Path, description = "the transfer's id"),
        ("file_id" = String, Path, description = "the file's id"),
    ),
    request_body = WantedParts,
    responses(
        (status = 200, body = PartUrlsBody),
        (status = 400, description = "`VALIDATION_ERROR`, `SIZE_MISMATCH`", body = ErrorBody),
        (status = 403, description = "`FORBIDDEN`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, not yours, or not uploaded in parts", body = ErrorBody),
        (status = 409, description = "`ALREADY_CONFIRMED`", body = ErrorBody),
        (status = 410, description = "`GONE`: aborted, deleted, or not uploaded in time", body = ErrorBody),
        (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = ErrorBody),
        (status = 415, description = "`UNSUPPORTED_MEDIA_TYPE`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/transfers/{id}/files/{file_id}/part-urls")]
pub async fn urls(
    auth: Auth,
    request: HttpRequest,
    body: Body<WantedParts>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let (transfer, file) = place(&request).await?;
    let found = find(&api, ListParts { caller: auth.caller, transfer, file }).await?;
    let numbers = wanted(body.0, &found)?;
    let PartsOfFile { transfer, file, prepared, direct, .. } = &found;
    let part_urls = part_urls(&api, Awaited { transfer, direct: *direct, file, prepared }, numbers)?;
    let expires_at = wire::time(transfer.expires_at);
    Ok(HttpResponse::Ok().json(PartUrlsBody { part_urls, expires_at }))
}

fn wanted(body: WantedParts, found: &PartsOfFile) -> Result<Vec<u32>, ApiError> {
    let count = u32::try_from(found.prepared.part_count(found.file.size)).unwrap_or(u32::MAX);
    let mut errors = FieldErrors::default();
    let expected = format!("an array of at most {count} numbers from 1 to {count}");
    let asked = body.part_numbers.optional(&mut errors, "part_numbers", &expected);
    let Some(numbers) = asked else {
        errors.finish()?;
        let there = |number: &u32| found.parts.iter().any(|part| part.number == *number);
        return Ok((1..=count).filter(|number| !there(number)).collect());
    };
    if numbers.len() > count as usize || numbers.iter().any(|number| !(1..=count).contains(number)) {
        errors.add("part_numbers", format!("must be {expected}"));
    }
    errors.finish()?;
    Ok(numbers)
}

/// Put the parts of a file together. Done again, it succeeds again.
#[utoipa::path(
    tag = "transfers",
    operation_id = "completeMultipart",
    params(
        ("id" = String, Path, description = "the transfer's id"),
        ("file_id" = String, Path, description = "the file's id"),
    ),
    request_body = CompleteBody,
    responses(
        (status = 200, body = FileBody),
        (status = 400, description = "`VALIDATION_ERROR`; `FILES_MISSING`: parts have not arrived; `SIZE_MISMATCH`", body = ErrorBody),
        (status = 403, description = "`FORBIDDEN`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, not yours, or not uploaded in parts", body = ErrorBody),
        (status = 409, description = "`ALREADY_CONFIRMED`", body = ErrorBody),
        (status = 410, description = "`GONE`: aborted, deleted, or not uploaded in time", body = ErrorBody),
        (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = ErrorBody),
        (status = 415, description = "`UNSUPPORTED_MEDIA_TYPE`", body = ErrorBody),
        (status = 507, description = "`INSUFFICIENT_STORAGE`: the server's store is full", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/transfers/{id}/files/{file_id}/complete-multipart")]
pub async fn complete(
    auth: Auth,
    request: HttpRequest,
    body: Body<CompleteBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let (transfer, file) = place(&request).await?;
    let mut errors = FieldErrors::default();
    let upload_id = body.0.upload_id.required(&mut errors, "upload_id", "the upload's id");
    let expected = "an array of objects with part_number and etag";
    let parts = body.0.parts.required(&mut errors, "parts", expected);
    errors.finish()?;
    let claimed = |part: ClaimedPartBody| ClaimedPart {
        number: part.part_number,
        etag: part.etag.trim_matches('"').to_owned(),
    };
    let act = CompleteParts {
        caller: auth.caller,
        transfer,
        file,
        upload_id: upload_id.unwrap_or_default(),
        parts: parts.unwrap_or_default().into_iter().map(claimed).collect(),
    };
    let ports = api.ports.clone();
    let file = api.run(async move { Ok(complete_parts(&ports, &act).await?) }).await?;
    Ok(HttpResponse::Ok().json(FileBody::from(&file)))
}

/// Give up a file that is uploaded in parts. With its last file, the transfer is deleted.
#[utoipa::path(
    tag = "transfers",
    operation_id = "abortMultipart",
    params(
        ("id" = String, Path, description = "the transfer's id"),
        ("file_id" = String, Path, description = "the file's id"),
    ),
    request_body = AbortBody,
    responses(
        (status = 200, body = AbortedBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`FORBIDDEN`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, not yours, or not uploaded in parts", body = ErrorBody),
        (status = 409, description = "`ALREADY_CONFIRMED`", body = ErrorBody),
        (status = 410, description = "`GONE`: deleted, or not uploaded in time", body = ErrorBody),
        (status = 413, description = "`PAYLOAD_TOO_LARGE`", body = ErrorBody),
        (status = 415, description = "`UNSUPPORTED_MEDIA_TYPE`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/transfers/{id}/files/{file_id}/abort-multipart")]
pub async fn abort(
    auth: Auth,
    request: HttpRequest,
    body: Body<AbortBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let (transfer, file) = place(&request).await?;
    let mut errors = FieldErrors::default();
    let upload_id = body.0.upload_id.required(&mut errors, "upload_id", "the upload's id");
    errors.finish()?;
    let upload_id = upload_id.unwrap_or_default();
    api.perform(AbortParts { caller: auth.caller, transfer, file, upload_id }).await?;
    Ok(HttpResponse::Ok().json(AbortedBody { file_id: file.to_string(), status: "aborted" }))
}

impl From<PartsError> for ApiError {
    fn from(error: PartsError) -> Self {
        let message = error.to_string();
        match error {
            PartsError::Denied(inner) => inner.into(),
            PartsError::Invalid(inner) => inner.into(),
            PartsError::Store(inner) => inner.into(),
            PartsError::AlreadyConfirmed => Self::new(StatusCode::CONFLICT, "ALREADY_CONFIRMED", message),
            PartsError::Gone => Self::new(StatusCode::GONE, "GONE", message),
            PartsError::FilesMissing(invalid) => {
                Self::new(StatusCode::BAD_REQUEST, "FILES_MISSING", message).details(invalid)
            }
        }
    }
}

impl<E: Into<ApiError>> From<DirectError<E>> for ApiError {
    fn from(error: DirectError<E>) -> Self {
        match error {
            DirectError::Act(inner) => inner.into(),
            DirectError::Blob(inner) => inner.into(),
            DirectError::SizeMismatch { name, expected, found } => {
                let message =
                    format!("the store has {found} bytes of {name:?}, but {expected} were announced");
                Self::new(StatusCode::BAD_REQUEST, "SIZE_MISMATCH", message)
            }
        }
    }
}
