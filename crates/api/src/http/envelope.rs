//! Round every request: an id, a log line, the headers that every answer carries.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, ResponseError as _, web};
use tracing::Instrument as _;

use super::ApiError;
use super::drain::Drained;
use super::rate_limit::RateStatus;
use crate::state::Api;

tokio::task_local! {
    static REQUEST_ID: String;
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request that this task answers; empty outside one.
#[must_use]
pub fn current_request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// The middleware.
///
/// # Errors
/// What the inner service answers as an error that it has not turned into a response itself.
pub async fn envelope(
    api: web::Data<Api>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = format!("req_{}", api.ports.ids.uuid().simple());
    // The path only: query strings of /blobs carry signatures.
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.path());
    REQUEST_ID.scope(id.clone(), answer(id, request, next).instrument(span)).await
}

async fn answer(
    id: String,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = std::time::Instant::now();
    let private = is_private(request.path());
    let mut response = if request.headers().contains_key(header::CONTENT_ENCODING) {
        let refusal = Drained::answer(encoded_body().error_response(), request.take_payload());
        request.into_response(refusal).map_into_right_body()
    } else {
        match next.call(request).await {
            Ok(response) => response.map_into_left_body(),
            Err(error) => return Err(error),
        }
    };
    let status = response.status();
    tracing::info!(status = status.as_u16(), millis = started.elapsed().as_millis(), "answered");
    add_headers(&mut response, &id, private);
    Ok(response)
}

fn encoded_body() -> ApiError {
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "a Content-Encoding on a request body is not accepted; send the bytes as they are",
    )
}

fn is_private(path: &str) -> bool {
    path.starts_with("/v1/") || path.starts_with("/blobs/")
}

fn add_headers<B>(response: &mut ServiceResponse<B>, id: &str, private: bool) {
    let rate = response.request().extensions().get::<RateStatus>().copied();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if private {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Some(rate) = rate {
        rate.add_to(headers);
    }
}
