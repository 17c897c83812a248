//! What reads bytes of strangers, as the fuzz targets call it: without sockets, and mostly in plain types. The
//! functions that do it are those that serve.

use actix_http::BoxedPayloadStream;
use actix_web::body::{BodySize, MessageBody as _};
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, ResponseError as _, web};
use agentdrop_domain::idempotency::{Answered, RequestHasher, Usage};
use agentdrop_domain::transfer::TransferFile;
use bytes::Bytes;
use futures_util::stream;

use crate::blobs::described;
use crate::http::idempotency::{Streamed, key_of};
use crate::http::{ApiError, Auth};
use crate::state::Api;
use crate::v1::transfers::receive_from;

pub use crate::blobs::{signed_query, ticket_of};
pub use crate::listen::{MAX_HEAD_BYTES, Unframed};

/// An answer without its bytes.
#[derive(Debug)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// How many bytes are announced.
    pub length: Option<u64>,
}

/// A refusal.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The stable code.
    pub code: &'static str,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { status: error.status_code().as_u16(), code: error.code() }
    }
}

/// What a fetch of a file is answered. Headers that HTTP does not allow come to nothing.
#[must_use]
pub fn file_head(file: &TransferFile, range: Option<&[u8]>, if_range: Option<&[u8]>) -> Option<Head> {
    let given = [(header::RANGE, range), (header::IF_RANGE, if_range)];
    let request = request(given.into_iter().filter_map(|(name, value)| Some((name, value?))))?;
    let response = described(&request, file).unwrap_or_else(|error| error.error_response());
    Some(head_of(&response))
}

/// The key that these values of `Idempotency-Key` give. Values that HTTP does not allow come to nothing.
#[must_use]
pub fn idempotency_key(values: &[&[u8]]) -> Option<Result<Option<String>, Refusal>> {
    let name = HeaderName::from_static("idempotency-key");
    let request = request(values.iter().map(|value| (name.clone(), *value)))?;
    let key = key_of(request.headers());
    Some(key.map(|key| key.map(|key| key.as_str().to_owned())).map_err(Refusal::from))
}

/// Sends a form of that `Content-Type`, whose body comes in pieces, by a caller who is known.
///
/// # Errors
/// The refusal.
pub async fn send_form(
    api: &Api,
    auth: Auth,
    once: Option<Usage>,
    content_type: &[u8],
    pieces: Vec<Bytes>,
) -> Result<Answered, Refusal> {
    let once = once.map(|usage| Streamed::new(usage, RequestHasher::new(&*api.ports.sealer)));
    let length = pieces.iter().map(Bytes::len).sum::<usize>().to_string();
    let headers = [(header::CONTENT_TYPE, content_type), (header::CONTENT_LENGTH, length.as_bytes())];
    // As where the header is missing.
    let request = request(headers).unwrap_or_else(|| TestRequest::default().to_http_request());
    let body: BoxedPayloadStream = Box::pin(stream::iter(pieces.into_iter().map(Ok)));
    let payload = web::Payload::from_request(&request, &mut Payload::from(body)).await;
    let mut payload = payload.map_err(|_| ApiError::internal())?;
    receive_from(api, auth, once, &request, &mut payload).await.map_err(Refusal::from)
}

fn request<'a>(headers: impl IntoIterator<Item = (HeaderName, &'a [u8])>) -> Option<HttpRequest> {
    let mut request = TestRequest::default();
    for (name, value) in headers {
        request = request.append_header((name, HeaderValue::from_bytes(value).ok()?));
    }
    Some(request.to_http_request())
}

fn head_of(response: &HttpResponse) -> Head {
    let headers = response.headers().iter();
    Head {
        status: response.status().as_u16(),
        headers: headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
        length: match response.body().size() {
            BodySize::Sized(length) => Some(length),
            BodySize::None | BodySize::Stream => None,
        },
    }
}
