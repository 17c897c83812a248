//! Who calls: `Authorization: Bearer …`, and `X-AgentDrop-Agent` where a caller names an agent.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use agentdrop_domain::account::Account;
use agentdrop_domain::act;
use agentdrop_domain::api_key::{Authenticate, AuthenticateError, Authenticated, RecordUse};
use agentdrop_domain::caller::Caller;
use agentdrop_domain::secret::Token;
use tokio::sync::watch;

use super::ApiError;
use super::error::chain;
use super::idempotency::AuthenticatedBy;
use super::rate_limit::{Group, RateStatus, limited};
use crate::state::Api;

/// An authenticated caller whose call was counted against their plan's rate.
#[derive(Debug, Clone)]
pub struct Auth {
    /// The caller.
    pub caller: Caller,
    /// Their account.
    pub account: Account,
}

impl Auth {
    /// Authenticates a request outside an extractor.
    ///
    /// # Errors
    /// 401, 403 or 429, or 503 if the database does not answer.
    pub async fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        authenticate(request).await
    }
}

impl FromRequest for Auth {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        let (judging, judged) = watch::channel(());
        request.extensions_mut().insert(Judged(judged));
        Box::pin(async move {
            let auth = authenticate(&request).await;
            drop(judging);
            auth
        })
    }
}

/// Closed once the request's credential has been judged.
#[derive(Clone)]
struct Judged(watch::Receiver<()>);

/// What another extractor has found. A refusal is held back until the credential has been judged: extractors
/// run side by side, and a caller without a good key learns nothing else, nor escapes being counted.
///
/// # Errors
/// The refusal.
pub async fn after_auth<T>(request: &HttpRequest, found: Result<T, ApiError>) -> Result<T, ApiError> {
    let judged = request.extensions().get::<Judged>().cloned();
    if let (Err(_), Some(Judged(mut judged))) = (&found, judged) {
        // An error says that the sender is gone, which is what is waited for.
        let _closed = judged.changed().await;
    }
    found
}

/// The token of the `Authorization` header.
///
/// # Errors
/// 401 `UNAUTHORIZED` if the header is missing or of another form.
pub fn bearer(request: &HttpRequest) -> Result<Token, ApiError> {
    let missing = || ApiError::unauthorized("send your API key as \"Authorization: Bearer <key>\"");
    let value = request.headers().get(header::AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(missing());
    }
    Ok(Token::new(token.trim().to_owned()))
}

async fn authenticate(request: &HttpRequest) -> Result<Auth, ApiError> {
    let api = api_of(request)?;
    let token = bearer(request)?;
    let named_agent = named_agent(request)?;
    let ports = api.ports.clone();
    let question = Authenticate { token, named_agent };
    let known = api.run(async move { Ok(act::ask(&ports, &question).await) }).await?;
    let known = known.map_err(|error| refuse(&api, request, error))?;
    count_call(&api, request, &known)?;
    record_use(&api, known.use_to_record);
    request.extensions_mut().insert(AuthenticatedBy(known.caller.credential.key()));
    Ok(Auth { caller: known.caller, account: known.account })
}

fn api_of(request: &HttpRequest) -> Result<web::Data<Api>, ApiError> {
    request.app_data::<web::Data<Api>>().cloned().ok_or_else(ApiError::internal)
}

fn named_agent(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get("x-agentdrop-agent") else { return Ok(None) };
    let text = value.to_str().map_err(|_| {
        let message = "must be an agent's slug or UUID";
        ApiError::invalid(agentdrop_domain::error::Invalid::field("X-AgentDrop-Agent", message))
    })?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// Turns the refusal into its answer. Only a presented credential that is unknown or revoked counts as a
/// failed authentication (decision 3).
fn refuse(api: &Api, request: &HttpRequest, error: AuthenticateError) -> ApiError {
    let failed = matches!(error, AuthenticateError::Unknown | AuthenticateError::Revoked);
    if failed && let Err(limited) = api.limits.count_failure(client_address(api, request)) {
        return limited;
    }
    error.into()
}

/// Refuses and counts a failed authentication with a credential that is no API key.
///
/// # Errors
/// 429 when the address has failed too often.
pub fn count_failure(api: &Api, request: &HttpRequest) -> Result<(), ApiError> {
    api.limits.count_failure(client_address(api, request))
}

fn client_address(api: &Api, request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.collect();
    api.client_address(peer, &hops.join(","))
}

fn count_call(api: &Api, request: &HttpRequest, known: &Authenticated) -> Result<(), ApiError> {
    let pattern = request.match_pattern().unwrap_or_default();
    let group = Group::of(request.method(), &pattern);
    let show = |standing: RateStatus| {
        request.extensions_mut().insert(standing);
    };
    match api.limits.count(&known.account.plan, group, known.account.id) {
        Ok(standing) => {
            standing.into_iter().for_each(show);
            Ok(())
        }
        Err((standing, seconds)) => {
            show(standing);
            Err(limited("too many calls for your plan", seconds))
        }
    }
}

/// Notes the use of a key and an agent, if that is due, while the request goes on.
pub fn record_use(api: &Api, due: Option<RecordUse>) {
    let Some(record) = due else { return };
    let ports = api.ports.clone();
    api.run_aside(async move {
        if let Err(error) = act::perform(&ports, &record).await {
            tracing::warn!(cause = chain(&error), "the use of a key was not noted");
        }
    });
}

crate::refusals!(AuthenticateError: pass [Denied, Store] {
    Unknown => UNAUTHORIZED "UNAUTHORIZED",
    Revoked => UNAUTHORIZED "KEY_REVOKED",
});
