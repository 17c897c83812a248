//! `POST /v1/transfers`: fields and files in any order, the files streamed to the store.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, post, web};
use agentdrop_domain::idempotency::Answered;
use agentdrop_domain::transfer::RouteError;

use super::answer::TransferBody;
use super::form::CreateTransferForm;
use super::reader::receive_transfer;
use crate::http::crossing::{crossing, while_pumping};
use crate::http::drain::Drained;
use crate::http::error::CandidateBody;
use crate::http::idempotency::{Streamed, respond};
use crate::http::{ApiError, Auth, CommonErrors, ErrorBody, Idempotency, IdempotencyHeader};
use crate::state::Api;

/// Send files to an agent.
///
/// Fields and files may come in any order; what can be refused before the files' bytes is. The answers, in
/// the order in which they are looked for: 401; bad fields; `MODE_NOT_AVAILABLE`; `SCOPE_MISMATCH`; the
/// recipient (`SHARE_REQUIRED`, `AMBIGUOUS_RECIPIENT`); the sender; the pairing (`SHARE_REQUIRED`) and its
/// direction (`PERMISSION_DENIED`); whether both agents are connected; the channel; `ENCRYPTION_REQUIRED`;
/// the month's transfers; file sizes and storage; missing fields and files.
#[utoipa::path(
    tag = "transfers",
    operation_id = "createTransfer",
    params(IdempotencyHeader),
    request_body(content = CreateTransferForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, body = TransferBody),
        (status = 400, description = "`VALIDATION_ERROR`, `AMBIGUOUS_RECIPIENT` (with `candidates`), \
            `MODE_NOT_AVAILABLE`, `AGENT_NOT_CONNECTED`, `TARGET_NOT_CONNECTED`, `ENCRYPTION_REQUIRED` (one of \
            the two ends accepts no plaintext), `UPLOAD_INCOMPLETE`", body = ErrorBody),
        (status = 403, description = "`SHARE_REQUIRED`, `PERMISSION_DENIED`, `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        (status = 408, description = "`UPLOAD_TIMEOUT`: no byte came for a minute", body = ErrorBody),
        (status = 409, description = "`CHANNEL_REVOKED`", body = ErrorBody),
        (status = 413, description = "`FILE_TOO_LARGE`; `STORAGE_LIMIT_REACHED`: the plan's storage is full", body = ErrorBody),
        (status = 415, description = "`UNSUPPORTED_MEDIA_TYPE`", body = ErrorBody),
        (status = 507, description = "`INSUFFICIENT_STORAGE`: the server's store is full", body = ErrorBody),
        CommonErrors,
        (status = 429, description = "`RATE_LIMITED`: too many calls; `TRANSFER_LIMIT_REACHED`: the plan's transfers of \
            this month are used up. Come back after `Retry-After` seconds.", body = ErrorBody),
    ),
    security(("api_key" = []))
)]
#[post("/transfers")]
pub async fn create(
    request: HttpRequest,
    mut payload: web::Payload,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    // Not by extractors: a refused caller's body must be drained too.
    match receive(&api, &request, &mut payload).await {
        Ok(answered) => Ok(respond(answered)),
        Err(error) => Ok(Drained::answer(error.error_response(), payload)),
    }
}

/// The boundary between the parts, from the `Content-Type`.
fn boundary(request: &HttpRequest) -> Result<String, ApiError> {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    multer::parse_boundary(value.unwrap_or_default()).map_err(|_| {
        ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "send the transfer as multipart/form-data, with its boundary in the Content-Type",
        )
    })
}

async fn receive(api: &Api, request: &HttpRequest, payload: &mut web::Payload) -> Result<Answered, ApiError> {
    let auth = Auth::of(request).await?;
    let once = Idempotency::of(request)?.streamed(api)?;
    receive_from(api, auth, once, request, payload).await
}

/// Receives the form of a caller who is known.
///
/// # Errors
/// Whatever is wrong with it; then nothing of it is kept.
pub(crate) async fn receive_from(
    api: &Api,
    auth: Auth,
    once: Option<Streamed>,
    request: &HttpRequest,
    payload: &mut web::Payload,
) -> Result<Answered, ApiError> {
    let boundary = boundary(request)?;
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let length = length.and_then(|text| text.parse().ok());
    let (near, far) = crossing();
    let receiving = api.run(receive_transfer(api.clone(), auth, once, boundary, length, far));
    while_pumping(api, near, payload, receiving).await
}

impl From<RouteError> for ApiError {
    fn from(error: RouteError) -> Self {
        let message = error.to_string();
        let bad_request = |code| Self::new(StatusCode::BAD_REQUEST, code, message.clone());
        match error {
            RouteError::Denied(inner) => inner.into(),
            RouteError::Invalid(inner) => inner.into(),
            RouteError::EncryptionRequired(_) => bad_request("ENCRYPTION_REQUIRED"),
            RouteError::Quota(inner) => inner.into(),
            RouteError::Store(inner) => inner.into(),
            RouteError::ModeNotAvailable(_) => bad_request("MODE_NOT_AVAILABLE"),
            RouteError::SenderNotConnected => bad_request("AGENT_NOT_CONNECTED"),
            RouteError::RecipientNotConnected => bad_request("TARGET_NOT_CONNECTED"),
            RouteError::AmbiguousRecipient(candidates) => bad_request("AMBIGUOUS_RECIPIENT")
                .candidates(candidates.iter().map(CandidateBody::from).collect()),
            RouteError::ShareRequired => Self::new(StatusCode::FORBIDDEN, "SHARE_REQUIRED", message),
            RouteError::PermissionDenied(_) => Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message),
            RouteError::ChannelRevoked => Self::new(StatusCode::CONFLICT, "CHANNEL_REVOKED", message),
        }
    }
}
