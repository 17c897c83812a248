//! What the service said, in the port's words.

use std::error::Error;
use std::fmt;
use std::iter::successors;

use agentdrop_domain::blob::BlobError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// A request that failed, told so that an operator can act on it.
#[derive(Debug, thiserror::Error)]
#[error("{operation} on bucket {bucket:?}: {what}")]
pub(super) struct S3Error {
    operation: &'static str,
    bucket: String,
    what: String,
}

/// The service's code for what went wrong.
pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// The status of the answer, if there was one.
pub(super) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

/// A request that failed in a way its caller has no other word for.
pub(super) fn failed<E>(operation: &'static str, bucket: &str, error: SdkError<E, HttpResponse>) -> BlobError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let kind = kind(&error);
    let source = S3Error { operation, bucket: bucket.to_owned(), what: tell(&error) };
    kind(source.into())
}

/// An answer that lacks what every service sends.
pub(super) fn odd(operation: &'static str, bucket: &str, what: impl fmt::Display) -> BlobError {
    BlobError::Internal(S3Error { operation, bucket: bucket.to_owned(), what: what.to_string() }.into())
}

/// A length as the SDK has it.
pub(super) fn length(length: Option<i64>) -> Result<u64, BlobError> {
    length
        .and_then(|length| u64::try_from(length).ok())
        .ok_or_else(|| BlobError::Internal("the answer tells no Content-Length".into()))
}

/// A length as the SDK wants it.
pub(super) fn signed(length: usize) -> Result<i64, BlobError> {
    i64::try_from(length).map_err(|e| BlobError::Internal(e.into()))
}

type Kind = fn(agentdrop_domain::store::Source) -> BlobError;

fn kind<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Kind {
    match error {
        SdkError::ServiceError(_) => of_answer(status(error), code(error)),
        SdkError::ConstructionFailure(_) => BlobError::Internal,
        // Not reached, too slow, or cut off.
        _ => BlobError::Unavailable,
    }
}

fn of_answer(status: Option<u16>, code: Option<&str>) -> Kind {
    match (status, code) {
        (Some(507), _)
        | (_, Some("XMinioStorageFull" | "XMinioAdminBucketQuotaExceeded" | "QuotaExceeded")) => {
            BlobError::NoSpace
        }
        (Some(408 | 429 | 500..), _)
        | (_, Some("SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout" | "Throttling")) => {
            BlobError::Unavailable
        }
        _ => BlobError::Internal,
    }
}

fn tell<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let Some(said) = error.as_service_error() else { return in_one_line(error) };
    let status = status(error).unwrap_or_default();
    let (code, message) = (said.code().unwrap_or_default(), said.message().unwrap_or_default());
    let hint = match (status, code) {
        (_, "NoSuchBucket") => "; there is no such bucket: create it or name another",
        (_, "RequestTimeTooSkewed") => "; this machine's clock is wrong",
        (403, _) => "; check the access key, the secret key and what they may do",
        (404, "NotFound" | "") => "; there is no such bucket: create it or name another",
        (301, _) | (_, "AuthorizationHeaderMalformed") => "; check the region",
        _ => "",
    };
    format!("{status} {code} {message}{hint}")
}

/// An error and its causes. The SDK's own form adds all of it once more in Rust's notation.
fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let causes = successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let kind = |status, code| of_answer(Some(status), code)("cause".into());
        assert!(matches!(kind(507, None), BlobError::NoSpace(_)));
        assert!(matches!(kind(500, Some("XMinioStorageFull")), BlobError::NoSpace(_)));
        for (status, code) in
            [(503, Some("SlowDown")), (500, None), (429, None), (400, Some("RequestTimeout"))]
        {
            assert!(matches!(kind(status, code), BlobError::Unavailable(_)), "{status} {code:?}");
        }
        for (status, code) in [(403, Some("AccessDenied")), (404, Some("NoSuchBucket")), (301, None)] {
            assert!(matches!(kind(status, code), BlobError::Internal(_)), "{status} {code:?}");
        }
    }
}
