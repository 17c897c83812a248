//! Channels: the two public keys that two agents agreed to encrypt with.

mod body;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, post, web};
use agentdrop_domain::channel::{Get, GetError, List, ListError, OpenError, Opened, Revoke, RevokeError};
use agentdrop_domain::ids::ChannelId;

use self::body::{ChannelBody, ChannelListBody, OpenChannelBody, OpenedChannelBody, RevokedChannelBody};
use crate::http::error::CandidateBody;
use crate::http::{
    ApiError, Auth, Body, CommonErrors, ErrorBody, Id, Idempotency, IdempotencyHeader, Paging, Query,
    Services, created, ok,
};
use crate::state::Api;

/// The operations of this subject.
pub fn configure(services: &mut Services<'_>) {
    services.service(create).service(list).service(get_one).service(revoke);
}

/// Ask for a channel between your agent and another.
///
/// Between your own agents it is active at once. Across accounts both need an active pairing; the first side
/// gets a pending channel, and it is active when the other side asks too. Checked in this order: your agent,
/// the other agent, the connection, the pairing, both agents' keys, an active channel.
#[utoipa::path(
    tag = "channels",
    operation_id = "createChannel",
    params(IdempotencyHeader),
    request_body = OpenChannelBody,
    responses(
        (status = 200, description = "the channel was there: still pending, or active now that both sides asked", body = OpenedChannelBody),
        (status = 201, description = "a new channel", body = OpenedChannelBody),
        (status = 400, description = "`VALIDATION_ERROR`; `AMBIGUOUS_RECIPIENT`: several agents that you can reach bear this slug, use the UUID", body = ErrorBody),
        (status = 403, description = "`NO_CONNECTION`: no active connection leads to such an agent; `SHARE_REQUIRED`: no active pairing of the two agents; `FORBIDDEN`: an agent key of another of your agents; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: your agent is missing, or one of the two has no public key", body = ErrorBody),
        (status = 409, description = "`CHANNEL_EXISTS`: an active one; it is in the list", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/channels")]
async fn create(
    auth: Auth,
    idempotency: Idempotency,
    body: Body<OpenChannelBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let act = body.0.into_act(auth.caller)?;
    let render = |_: &Api, opened: Opened| {
        let body = OpenedChannelBody::from(&opened);
        if opened.created { created(&body) } else { ok(&body) }
    };
    idempotency.perform(&api, act, render).await
}

/// List your pending and active channels.
///
/// An agent key sees those of its agent; an account key those of the agent in `X-AgentDrop-Agent`, or of all
/// its agents.
#[utoipa::path(
    tag = "channels",
    operation_id = "listChannels",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, default 100"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
        ("X-AgentDrop-Agent" = Option<String>, Header, description = "your agent, by UUID or slug"),
    ),
    responses(
        (status = 200, body = ChannelListBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: you have no agent of that name", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/channels")]
async fn list(auth: Auth, mut query: Query, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let paging = query.paging(Paging::DEFAULT_LIMIT);
    query.finish()?;
    let slice = api.ask(List { caller: auth.caller, page: paging.page() }).await?;
    Ok(HttpResponse::Ok().json(ChannelListBody::of(&slice, paging)))
}

/// Read one channel, as one of its two parties.
///
/// A revoked one too: transfers that name it stay readable.
#[utoipa::path(
    tag = "channels",
    operation_id = "getChannel",
    params(("id" = String, Path, description = "the channel's id")),
    responses(
        (status = 200, body = ChannelBody),
        (status = 403, description = "`FORBIDDEN`: an agent key of an agent that is not a party; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no channel of yours", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/channels/{id}")]
async fn get_one(auth: Auth, id: Id<ChannelId>, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let view = api.ask(Get { caller: auth.caller, id: id.0 }).await?;
    Ok(HttpResponse::Ok().json(ChannelBody::from(&view)))
}

/// Revoke a channel.
///
/// New transfers that name it are refused; active ones stay readable.
#[utoipa::path(
    tag = "channels",
    operation_id = "revokeChannel",
    params(("id" = String, Path, description = "the channel's id")),
    responses(
        (status = 200, body = RevokedChannelBody),
        (status = 400, description = "`ALREADY_REVOKED`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no channel of yours", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[delete("/channels/{id}")]
async fn revoke(auth: Auth, id: Id<ChannelId>, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    api.perform(Revoke { caller: auth.caller, id: id.0 }).await?;
    Ok(HttpResponse::Ok().json(RevokedChannelBody::of(id.0)))
}

impl From<OpenError> for ApiError {
    fn from(error: OpenError) -> Self {
        let message = error.to_string();
        match error {
            OpenError::Denied(denied) => denied.into(),
            OpenError::Invalid(invalid) => invalid.into(),
            OpenError::Store(error) => error.into(),
            OpenError::Ambiguous(candidates) => {
                Self::new(StatusCode::BAD_REQUEST, "AMBIGUOUS_RECIPIENT", message)
                    .candidates(candidates.iter().map(CandidateBody::from).collect())
            }
            OpenError::NoConnection => Self::new(StatusCode::FORBIDDEN, "NO_CONNECTION", message),
            OpenError::ShareRequired => Self::new(StatusCode::FORBIDDEN, "SHARE_REQUIRED", message),
            OpenError::NotConnected(_) => Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message),
            OpenError::Exists => Self::new(StatusCode::CONFLICT, "CHANNEL_EXISTS", message),
        }
    }
}

crate::refusals!(ListError: pass [Denied, Store] {});
crate::refusals!(GetError: pass [Denied, Store] {});
crate::refusals!(RevokeError: pass [Denied, Store] { AlreadyRevoked => BAD_REQUEST "ALREADY_REVOKED" });
