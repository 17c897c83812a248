//! `Idempotency-Key`: the same request under the same key acts once and is answered alike.
//!
//! An operation takes part by three lines: [`IdempotencyHeader`] among its documented parameters,
//! [`Idempotency`] among its arguments, and [`Idempotency::perform`] instead of `Api::perform`. One whose body
//! is streamed begins with [`Idempotency::streamed`].

mod describe;
mod streamed;

pub use describe::{IdempotencyHeader, describe};
pub use streamed::{Streamed, Turn, hold, replay};

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, web};
use agentdrop_domain::act::Act;
use agentdrop_domain::error::Invalid;
use agentdrop_domain::idempotency::{
    self, Answer, Answered, IdempotencyKey, KeyInUse, PerformError, Render, ReplayError, RequestHasher,
    Target, Usage,
};
use agentdrop_domain::ids::ApiKeyId;
use agentdrop_domain::store::Source;
use serde::Serialize;

use super::ApiError;
use super::auth::{after_auth, bearer};
use super::error::chain;
use crate::state::Api;

const HEADER: &str = "Idempotency-Key";
const REPLAYED: &str = "Idempotency-Replayed";
/// Seconds after which a twin that is at work has probably ended.
const TWIN_RETRY_SECONDS: u64 = 1;

/// The use that a request makes of an idempotency key, or none.
#[derive(Debug)]
pub struct Idempotency {
    request: HttpRequest,
    key: Option<IdempotencyKey>,
}

/// The key that the request was authenticated with.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuthenticatedBy(pub(super) ApiKeyId);

/// The body of a request as it came.
struct RawBody(web::Bytes);

/// Remembers a body for the comparison with that of an earlier request, if it may be needed.
pub(super) fn remember_body(request: &HttpRequest, bytes: &web::Bytes) {
    if request.headers().contains_key(HEADER) {
        request.extensions_mut().insert(RawBody(bytes.clone()));
    }
}

impl FromRequest for Idempotency {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { after_auth(&request, Self::of(&request)).await })
    }
}

impl Idempotency {
    /// Reads the header outside an extractor.
    ///
    /// # Errors
    /// 400 `VALIDATION_ERROR` naming the header.
    pub fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        Ok(Self { request: request.clone(), key: key_of(request.headers())? })
    }

    /// Performs an act and answers what `render` makes of its output: once for all requests that are the same.
    ///
    /// # Errors
    /// What the act refused, or 409 because the key is in use.
    pub async fn perform<A, R>(&self, api: &Api, act: A, render: R) -> Result<HttpResponse, ApiError>
    where
        A: Act + 'static,
        A::Output: 'static,
        A::Error: Into<ApiError> + 'static,
        R: Fn(&Api, A::Output) -> Result<Answer, ApiError> + Send + Sync + 'static,
    {
        let Some(usage) = self.usage(api)? else {
            let output = api.perform(act).await?;
            return Ok(respond(Answered::Now(render(api, output)?)));
        };
        let request = self.hasher(api).with(&self.body()).finish();
        let (ports, rendering) = (api.ports.clone(), Rendering { api: api.clone(), render });
        let answered = api
            .run(async move { Ok(idempotency::perform_once(&ports, usage, request, act, rendering).await?) });
        answered.await.map(respond)
    }

    /// The answer that the same request was given before, for an operation that does something else before it acts.
    ///
    /// # Errors
    /// 409 if the key stands for another request; an outage.
    pub async fn answered_before(&self, api: &Api) -> Result<Option<HttpResponse>, ApiError> {
        let Some(usage) = self.usage(api)? else { return Ok(None) };
        let request = self.hasher(api).with(&self.body()).finish();
        let ports = api.ports.clone();
        let before = api.run(async move { Ok(idempotency::answered_before(&ports, usage, request).await?) });
        Ok(before.await?.map(|answer| respond(Answered::Before(answer))))
    }

    /// For an operation whose body is streamed: `None` without a key.
    ///
    /// # Errors
    /// Only if the request was not authenticated.
    pub fn streamed(&self, api: &Api) -> Result<Option<Streamed>, ApiError> {
        Ok(self.usage(api)?.map(|usage| Streamed::new(usage, self.hasher(api))))
    }

    fn usage(&self, api: &Api) -> Result<Option<Usage>, ApiError> {
        let Some(key) = &self.key else { return Ok(None) };
        let credential = self.request.extensions().get::<AuthenticatedBy>().copied();
        let AuthenticatedBy(credential) = credential.ok_or_else(ApiError::internal)?;
        let target = Target { method: self.request.method().as_str(), path: self.request.path() };
        let token = bearer(&self.request)?;
        Ok(Some(Usage::of(&*api.ports.sealer, credential, &token, target, key)))
    }

    /// A request is its body and whatever else changes what it means.
    fn hasher(&self, api: &Api) -> RequestHasher {
        let agent = self.request.headers().get("x-agentdrop-agent");
        RequestHasher::new(&*api.ports.sealer)
            .with(self.request.query_string().as_bytes())
            .with(agent.map_or(&[], |value| value.as_bytes()))
    }

    fn body(&self) -> web::Bytes {
        self.request.extensions().get::<RawBody>().map(|RawBody(bytes)| bytes.clone()).unwrap_or_default()
    }
}

/// The key that a request's headers give, if they give one.
///
/// # Errors
/// 400 `VALIDATION_ERROR` naming the header.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ApiError> {
    let bad = |message: String| ApiError::invalid(Invalid::field(HEADER, message));
    let mut values = headers.get_all(HEADER);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(bad("must be sent once".to_owned())),
        (Some(value), None) => {
            let text = std::str::from_utf8(value.as_bytes()).map_err(|_| bad("must be UTF-8".to_owned()))?;
            IdempotencyKey::try_from(text).map(Some).map_err(|error| bad(error.to_string()))
        }
    }
}

/// A rendering that the domain can call.
pub struct Rendering<R> {
    /// What URLs in answers need.
    pub api: Api,
    /// What makes the answer.
    pub render: R,
}

impl<O, R> Render<O> for Rendering<R>
where
    R: Fn(&Api, O) -> Result<Answer, ApiError> + Send + Sync,
{
    fn render(&self, output: O) -> Result<Answer, Source> {
        (self.render)(&self.api, output).map_err(Source::from)
    }
}

/// 201 with that body.
///
/// # Errors
/// 500 if the body can't be written as JSON.
pub fn created(body: &impl Serialize) -> Result<Answer, ApiError> {
    answer(StatusCode::CREATED, body)
}

/// 200 with that body.
///
/// # Errors
/// 500 if the body can't be written as JSON.
pub fn ok(body: &impl Serialize) -> Result<Answer, ApiError> {
    answer(StatusCode::OK, body)
}

/// A success with that body.
///
/// # Errors
/// 500 if the body can't be written as JSON.
pub fn answer(status: StatusCode, body: &impl Serialize) -> Result<Answer, ApiError> {
    let body = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(cause = chain(&error), "an answer can't be written as JSON");
        ApiError::internal()
    })?;
    Ok(Answer { status: status.as_u16(), body })
}

/// The response of an answer.
#[must_use]
pub fn respond(answered: Answered) -> HttpResponse {
    let (answer, replayed) = match answered {
        Answered::Now(answer) => (answer, false),
        Answered::Before(answer) => (answer, true),
    };
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or_default());
    if replayed {
        response.insert_header((REPLAYED, "true"));
    }
    response.content_type("application/json").body(answer.body)
}

impl From<KeyInUse> for ApiError {
    fn from(why: KeyInUse) -> Self {
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, why.to_string());
        match why {
            KeyInUse::InProgress => conflict("IDEMPOTENCY_IN_PROGRESS").retry_after(TWIN_RETRY_SECONDS),
            KeyInUse::Mismatch => conflict("IDEMPOTENCY_MISMATCH"),
        }
    }
}

impl<E: Into<ApiError>> From<PerformError<E>> for ApiError {
    fn from(error: PerformError<E>) -> Self {
        match error {
            PerformError::Refused(refusal) => refusal.into(),
            PerformError::KeyInUse(why) => why.into(),
        }
    }
}

crate::refusals!(ReplayError: pass [KeyInUse, Store] {});
