//! Why bytes were not received, on the wire.

use actix_web::http::StatusCode;
use agentdrop_domain::blob::{BlobError, SourceError};
use agentdrop_domain::transfer::ReceiveError;

use crate::http::ApiError;
use crate::http::error::chain;

impl From<ReceiveError> for ApiError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Store(error) => error.into(),
            ReceiveError::Quota(error) => error.into(),
            ReceiveError::Replaced => Self::new(StatusCode::CONFLICT, "UPLOAD_REPLACED", error.to_string()),
            ReceiveError::Blob(BlobError::Source(error)) => broken_stream(&error),
            ReceiveError::Blob(error) => error.into(),
        }
    }
}

/// The answer to a body that broke off.
#[must_use]
pub fn broken_stream(error: &SourceError) -> ApiError {
    match error {
        SourceError::TooLarge { limit } => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "FILE_TOO_LARGE",
            format!("a file may have at most {limit} bytes on your plan"),
        ),
        SourceError::Idle(_) => {
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "UPLOAD_TIMEOUT", error.to_string())
        }
        SourceError::Cut(why) => ApiError::new(
            StatusCode::BAD_REQUEST,
            "UPLOAD_INCOMPLETE",
            format!("the body is not complete ({why}); nothing was kept, send it again"),
        ),
        SourceError::Stopped(_) | SourceError::Store(_) => {
            tracing::warn!(cause = chain(error), "an upload was stopped");
            ApiError::unavailable()
        }
    }
}
