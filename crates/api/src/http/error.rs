//! Errors on the wire: `{"error":{"code","message","status","details","request_id"}}`.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use agentdrop_domain::account::QuotaError;
use agentdrop_domain::agent::Candidate;
use agentdrop_domain::blob::BlobError;
use agentdrop_domain::error::{Denied, FieldError, Invalid};
use agentdrop_domain::store::StoreError;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::envelope::current_request_id;

/// Seconds after which a client should try again when something behind the server is down.
pub const OUTAGE_RETRY_SECONDS: u64 = 5;

/// A refusal or failure, ready for the wire.
#[derive(Debug)]
pub struct ApiError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Vec<FieldError>,
    candidates: Vec<CandidateBody>,
    retry_after: Option<u64>,
    allow: Option<String>,
    size: Option<u64>,
}

/// The body of every error answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    error: ErrorObject,
}

#[derive(Debug, Serialize, ToSchema)]
struct ErrorObject {
    /// A stable word for programs.
    #[schema(example = "VALIDATION_ERROR")]
    code: &'static str,
    /// A sentence for people: what to change.
    message: String,
    /// The HTTP status again.
    #[schema(example = 400)]
    status: u16,
    /// One row per bad field; empty unless the request failed validation.
    details: Vec<DetailBody>,
    /// Only with `AMBIGUOUS_RECIPIENT`: the accounts that hold an agent of that name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<CandidateBody>,
    /// Names the request in the server's log; also in `X-Request-Id`.
    request_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct DetailBody {
    /// The field's name on the wire.
    field: String,
    /// What is allowed there.
    message: String,
}

/// One account that holds an agent of the wanted name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CandidateBody {
    /// The account's id; accepted as `recipient_account`.
    pub account_id: String,
    /// The account's display name; accepted as `recipient_account`.
    pub account_name: String,
    /// The account's address, masked.
    #[schema(example = "an*@example.com")]
    pub email_masked: String,
}

impl From<&Candidate> for CandidateBody {
    fn from(candidate: &Candidate) -> Self {
        Self {
            account_id: candidate.account_id.to_string(),
            account_name: candidate.account_name.clone(),
            email_masked: candidate.email_masked.clone(),
        }
    }
}

impl ApiError {
    /// A refusal with a status, a stable code and a sentence that says what to change.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            message: message.into(),
            details: Vec::new(),
            candidates: Vec::new(),
            retry_after: None,
            allow: None,
            size: None,
        }))
    }

    /// 400 `VALIDATION_ERROR`.
    #[must_use]
    pub fn invalid(invalid: Invalid) -> Self {
        let message = invalid.to_string();
        let mut error = Self::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message);
        error.0.details = invalid.0;
        error
    }

    /// 404 `NOT_FOUND`.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("{what} not found"))
    }

    /// 401 `UNAUTHORIZED`.
    #[must_use]
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
    }

    /// 500: nobody planned for this. The log has the cause under the request id.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL_ERROR",
            "the server met an unexpected condition; its log has the cause under this request_id",
        )
    }

    /// 503: something behind the server does not answer now. Nothing was changed, unless it went away during a commit.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "SERVICE_UNAVAILABLE",
            "the server's storage is not available right now; try again",
        )
        .retry_after(OUTAGE_RETRY_SECONDS)
    }

    /// Adds rows that say where it is wrong.
    #[must_use]
    pub fn details(mut self, rows: Invalid) -> Self {
        self.0.details = rows.0;
        self
    }

    /// Whether it tells of an outage, which may be over soon.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.0.status == StatusCode::SERVICE_UNAVAILABLE
    }

    /// Says after how many seconds to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    /// Names the methods that the path has.
    #[must_use]
    pub fn allow(mut self, methods: String) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// Says how many bytes there are, to a client that asked for others.
    #[must_use]
    pub fn file_size(mut self, size: u64) -> Self {
        self.0.size = Some(size);
        self
    }

    /// Names the accounts to choose from.
    #[must_use]
    pub fn candidates(mut self, candidates: Vec<CandidateBody>) -> Self {
        self.0.candidates = candidates;
        self
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.0.code
    }

    fn add_headers(&self, response: &mut HttpResponseBuilder) {
        if let Some(seconds) = self.0.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(methods) = &self.0.allow {
            response.insert_header((header::ALLOW, methods.clone()));
        }
        if let Some(size) = self.0.size {
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")));
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.0.status.as_u16(), self.0.code, self.0.message)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        let details = self
            .0
            .details
            .iter()
            .map(|detail| DetailBody { field: detail.field.clone(), message: detail.message.clone() })
            .collect();
        let error = ErrorObject {
            code: self.0.code,
            message: self.0.message.clone(),
            status: self.0.status.as_u16(),
            details,
            candidates: self.0.candidates.clone(),
            request_id: current_request_id(),
        };
        let mut response = HttpResponse::build(self.0.status);
        self.add_headers(&mut response);
        response.json(ErrorBody { error })
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        let message = denied.to_string();
        match denied {
            Denied::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message),
            Denied::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message),
            Denied::ScopeMismatch { .. } => Self::new(StatusCode::FORBIDDEN, "SCOPE_MISMATCH", message),
        }
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::invalid(invalid)
    }
}

impl From<QuotaError> for ApiError {
    fn from(error: QuotaError) -> Self {
        let message = error.to_string();
        match error {
            QuotaError::StorageLimitReached { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "STORAGE_LIMIT_REACHED", message)
            }
            QuotaError::TransferLimitReached { retry_after, .. } => {
                let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "TRANSFER_LIMIT_REACHED", message);
                refusal.retry_after(retry_after)
            }
            QuotaError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let cause = chain(&error);
        match error {
            StoreError::Unavailable { .. } => {
                tracing::warn!(cause, "the database is not available");
                Self::unavailable()
            }
            StoreError::Conflict(_) | StoreError::Internal(_) => {
                tracing::error!(cause, "the database refused");
                Self::internal()
            }
        }
    }
}

impl From<BlobError> for ApiError {
    fn from(error: BlobError) -> Self {
        let cause = chain(&error);
        match error {
            BlobError::Unavailable(_) | BlobError::Source(_) => {
                tracing::warn!(cause, "the store is not available");
                Self::unavailable()
            }
            BlobError::NoSpace(_) => {
                tracing::error!(cause, "the store is full");
                let message = "the server has no room left for this file";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "INSUFFICIENT_STORAGE", message)
            }
            BlobError::NotFound(_) | BlobError::OutOfRange { .. } | BlobError::Internal(_) => {
                tracing::error!(cause, "the store refused");
                Self::internal()
            }
        }
    }
}

/// An error and its causes in one line, for the log.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// What any authenticated operation may answer besides its own errors.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the OpenAPI generator only")]
pub enum CommonErrors {
    /// `UNAUTHORIZED`: no or unknown API key. `KEY_REVOKED`: the key was revoked.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// `RATE_LIMITED`: too many calls; come back after `Retry-After` seconds.
    #[response(status = 429)]
    RateLimited(ErrorBody),
    /// `INTERNAL_ERROR`: the server's log has the cause under the `request_id`.
    #[response(status = 500)]
    Internal(ErrorBody),
    /// `SERVICE_UNAVAILABLE`: the database or the store does not answer. Nothing was changed, unless the
    /// answer to a commit was lost; an `Idempotency-Key` makes repeating safe.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// The table of a use case's refusals: `refusals!(ProposeError: pass [Denied, Invalid, Store] {
/// ConnectionNotActive => BAD_REQUEST "CONNECTION_NOT_ACTIVE", … })`. The message is the error's own text.
#[macro_export]
macro_rules! refusals {
    ($error:ident: pass [$($passed:ident),*] { $($variant:ident => $status:ident $code:literal),* $(,)? }) => {
        impl From<$error> for $crate::http::ApiError {
            fn from(error: $error) -> Self {
                #[allow(unused_variables, reason = "a use case may have no refusal of its own")]
                let message = error.to_string();
                match error {
                    $($error::$passed(inner) => inner.into(),)*
                    $($error::$variant { .. } => $crate::http::ApiError::new(
                        actix_web::http::StatusCode::$status,
                        $code,
                        message,
                    ),)*
                }
            }
        }
    };
}
