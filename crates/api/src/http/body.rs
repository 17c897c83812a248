//! JSON bodies, at most 256 KiB.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use agentdrop_domain::error::Invalid;
use serde::de::DeserializeOwned;

use super::ApiError;
use super::auth::after_auth;
use super::idempotency::remember_body;

/// The largest JSON body, in bytes.
pub const MAX_JSON_BYTES: usize = 256 << 10;

/// A JSON object as the body of a request. No body at all counts as `{}`, so that what is missing is named
/// field by field.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = web::Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let read = bytes.await.map_err(|error| read_error(&error));
            if let Ok(bytes) = &read {
                remember_body(&request, bytes);
            }
            let body = read.and_then(|bytes| body_of(&bytes, is_json(&request)));
            after_auth(&request, body).await
        })
    }
}

fn body_of<T: DeserializeOwned>(bytes: &[u8], is_json: bool) -> Result<Body<T>, ApiError> {
    match bytes {
        [] => parse(b"{}"),
        _ if is_json => parse(bytes),
        _ => Err(not_json()),
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let essence = request.content_type().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn not_json() -> ApiError {
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        format!("send the body as JSON, with {}: application/json", header::CONTENT_TYPE),
    )
}

fn read_error(error: &actix_web::Error) -> ApiError {
    if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PAYLOAD_TOO_LARGE",
            format!("a JSON body may have at most {MAX_JSON_BYTES} bytes"),
        );
    }
    ApiError::invalid(Invalid::field("body", "the body ended before it was complete"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, ApiError> {
    let value: serde_json::Value = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::invalid(Invalid::field("body", format!("is not JSON: {error}"))))?;
    if !value.is_object() {
        return Err(ApiError::invalid(Invalid::field("body", "must be a JSON object")));
    }
    serde_json::from_value(value)
        .map(Body)
        .map_err(|error| ApiError::invalid(Invalid::field("body", error.to_string())))
}
