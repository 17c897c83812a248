//! `PUT /blobs/{id}`: a file, or a part of one, to a signed URL.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentLength, Header as _};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, put, web};
use agentdrop_domain::blob::Stored;
use agentdrop_domain::ids::FileId;
use agentdrop_domain::transfer::{Arrived, AwaitedPiece, Piece, Right, StoreAwaitedError, store_awaited};
use serde::Serialize;
use utoipa::ToSchema;

use super::url::{forged, verified};
use crate::http::crossing::{Far, crossing, while_pumping};
use crate::http::drain::Drained;
use crate::http::path::segment;
use crate::http::{ApiError, ErrorBody};
use crate::state::Api;

/// What was stored.
#[derive(Debug, Serialize, ToSchema)]
struct StoredBody {
    /// Its size in bytes.
    size: u64,
    /// SHA-256 of its bytes, lower-case hex; the same as the `ETag`.
    sha256: String,
}

/// Upload a file, or a part of one, to a URL that a prepared transfer was answered.
///
/// No key is needed; the URL is the key. It takes exactly as many bytes as were announced, and takes them again
/// until the transfer is confirmed (a part: until the file is completed); the last ones count. Sent again while they
/// still come, the newer request counts, and the older one ends.
#[utoipa::path(
    tag = "transfers",
    operation_id = "storeFile",
    params(
        ("id" = String, Path, description = "the file's id"),
        ("transfer" = String, Query, description = "from the signed URL"),
        ("part" = Option<u32>, Query, description = "from the signed URL"),
        ("size" = u64, Query, description = "from the signed URL"),
        ("expires" = i64, Query, description = "from the signed URL"),
        ("key" = String, Query, description = "from the signed URL"),
        ("sig" = String, Query, description = "from the signed URL"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, body = StoredBody, headers(("ETag" = String, description = "names the bytes; for a part, \
            what complete-multipart asks for"))),
        (status = 400, description = "`SIZE_MISMATCH`, `UPLOAD_INCOMPLETE`", body = ErrorBody),
        (status = 403, description = "`FORBIDDEN`: the URL was changed, or is not one of ours", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        (status = 408, description = "`UPLOAD_TIMEOUT`: no byte came for a minute", body = ErrorBody),
        (status = 409, description = "`UPLOAD_REPLACED`: the same was sent again while these bytes came", body = ErrorBody),
        (status = 410, description = "`GONE`: the transfer does not wait for these bytes any more", body = ErrorBody),
        (status = 411, description = "`LENGTH_REQUIRED`", body = ErrorBody),
        (status = 415, description = "`UNSUPPORTED_MEDIA_TYPE`: with a Content-Encoding", body = ErrorBody),
        (status = 500, description = "`INTERNAL_ERROR`", body = ErrorBody),
        (status = 503, description = "`SERVICE_UNAVAILABLE`", body = ErrorBody),
        (status = 507, description = "`INSUFFICIENT_STORAGE`: the server's store is full", body = ErrorBody),
    )
)]
#[put("/blobs/{id}")]
pub async fn store(
    request: HttpRequest,
    mut payload: web::Payload,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    // Not by extractors: a refused caller's body must be drained too.
    match receive(&api, &request, &mut payload).await {
        Ok(Arrived(Stored { size, sha256 })) => {
            let sha256 = hex::encode(sha256);
            let etag = (header::ETAG, format!("\"{sha256}\""));
            Ok(HttpResponse::Ok().insert_header(etag).json(StoredBody { size, sha256 }))
        }
        Err(error) => Ok(Drained::answer(error.error_response(), payload)),
    }
}

async fn receive(api: &Api, request: &HttpRequest, payload: &mut web::Payload) -> Result<Arrived, ApiError> {
    let file: FileId = segment(request, "id")?;
    let ticket = verified(api, request, file)?;
    let Right::Send(transfer, part) = ticket.right else { return Err(forged()) };
    let piece = AwaitedPiece { piece: Piece { transfer, file, part }, size: ticket.size };
    if ticket.expires_at <= api.ports.clock.now() {
        return Err(StoreAwaitedError::Gone.into());
    }
    check_length(request, ticket.size)?;
    let (near, far) = crossing();
    let receiving = api.run(take(api.clone(), piece, far));
    while_pumping(api, near, payload, receiving).await
}

async fn take(api: Api, piece: AwaitedPiece, mut body: Far) -> Result<Arrived, ApiError> {
    Ok(store_awaited(&api.ports, piece, &mut body).await?)
}

fn check_length(request: &HttpRequest, expected: u64) -> Result<(), ApiError> {
    let headers = request.headers();
    if headers.contains_key(header::TRANSFER_ENCODING) {
        let message = "send a Content-Length: it must be the size that was announced";
        return Err(ApiError::new(StatusCode::LENGTH_REQUIRED, "LENGTH_REQUIRED", message));
    }
    // Without either there is no body.
    let received = ContentLength::parse(request).map_or(0, |ContentLength(length)| length as u64);
    if received == expected {
        Ok(())
    } else {
        Err(StoreAwaitedError::SizeMismatch { expected, received }.into())
    }
}

crate::refusals!(StoreAwaitedError: pass [Denied, Receive, Store] {
    Gone => GONE "GONE",
    SizeMismatch => BAD_REQUEST "SIZE_MISMATCH",
});
