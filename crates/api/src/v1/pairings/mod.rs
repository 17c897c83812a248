//! Pairings of agents under a connection. Every permission in and out is the caller's own view.

mod body;

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use agentdrop_domain::ids::{ConnectionId, PairingId};
use agentdrop_domain::pairing::{
    Confirm, ConfirmError, ConfirmRefused, EndRefused, List, ListError, Propose, ProposeError, Reject,
    RejectError, Revoke, RevokeError, UpdateError, UpdateRefused,
};

use self::body::{
    ConfirmPairingBody, ConfirmedPairingBody, EndedPairingBody, PairingListBody, ProposePairingBody,
    ProposedPairingBody, UpdatePairingBody, UpdatedPairingBody,
};
use crate::http::path::segment;
use crate::http::{
    ApiError, Auth, Body, CommonErrors, ErrorBody, Id, Idempotency, IdempotencyHeader, Paging, Query,
    Services, created,
};
use crate::state::Api;

/// The operations of this subject.
pub fn configure(services: &mut Services<'_>) {
    services.service(create).service(list).service(confirm).service(reject).service(update).service(revoke);
}

/// Propose a pairing between one of your agents and one of the connected account.
///
/// The pairing is pending until the other side confirms it. Checked in this order, the first failure is the
/// answer: the credential, the body, the key's scope (`SCOPE_MISMATCH`), the connection (`NOT_FOUND`), its
/// status (`CONNECTION_NOT_ACTIVE`), your agent and then theirs (`AGENT_NOT_FOUND`), your agent's key
/// (`AGENT_NOT_CONNECTED`), whether their agent is available (`AGENT_NOT_AVAILABLE`), its key
/// (`TARGET_NOT_CONNECTED`), an existing pairing (`PAIRING_EXISTS`), your plan (`PLAN_LIMIT_REACHED`).
#[utoipa::path(
    tag = "pairings",
    operation_id = "createPairing",
    params(("id" = String, Path, description = "the id of an active connection"), IdempotencyHeader),
    request_body = ProposePairingBody,
    responses(
        (status = 201, body = ProposedPairingBody),
        (status = 400, description = "`VALIDATION_ERROR`; `CONNECTION_NOT_ACTIVE`; `AGENT_NOT_CONNECTED`: your agent has no public key; `TARGET_NOT_CONNECTED`: theirs has none", body = ErrorBody),
        (status = 403, description = "`AGENT_NOT_AVAILABLE`: their agent is not available for connections; `PLAN_LIMIT_REACHED`; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no connection of yours; `AGENT_NOT_FOUND`: an agent is missing or not of the expected account", body = ErrorBody),
        (status = 409, description = "`PAIRING_EXISTS`: a pending or active pairing of the two agents, in either order", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/connections/{id}/pairings")]
async fn create(
    auth: Auth,
    idempotency: Idempotency,
    request: HttpRequest,
    body: Body<ProposePairingBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let (my_agent, their_agent, permission) = body.0.into_proposal()?;
    // Read after the body, so that a bad body is told whatever the path says.
    let connection: ConnectionId = segment(&request, "id")?;
    let viewer = auth.caller.account;
    let act = Propose { caller: auth.caller, connection, my_agent, their_agent, permission };
    idempotency.perform(&api, act, move |_, view| created(&ProposedPairingBody::of(&view, viewer))).await
}

/// List a connection's pairings.
#[utoipa::path(
    tag = "pairings",
    operation_id = "listPairings",
    params(
        ("id" = String, Path, description = "the connection's id"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 100"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
    ),
    responses(
        (status = 200, body = PairingListBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no connection of yours", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/connections/{id}/pairings")]
async fn list(
    auth: Auth,
    id: Id<ConnectionId>,
    mut query: Query,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let paging = query.paging(Paging::DEFAULT_LIMIT);
    query.finish()?;
    let viewer = auth.caller.account;
    let slice = api.ask(List { caller: auth.caller, connection: id.0, page: paging.page() }).await?;
    Ok(HttpResponse::Ok().json(PairingListBody::of(&slice, paging, viewer)))
}

/// Confirm a pairing that the other side proposed or changed last.
///
/// State the `version` or `permission` that you saw, and a change in between is refused instead of confirmed.
#[utoipa::path(
    tag = "pairings",
    operation_id = "confirmPairing",
    params(("id" = String, Path, description = "the pairing's id")),
    request_body = ConfirmPairingBody,
    responses(
        (status = 200, body = ConfirmedPairingBody),
        (status = 400, description = "`VALIDATION_ERROR`; `INVALID_STATUS`: it is not pending", body = ErrorBody),
        (status = 403, description = "`CANNOT_CONFIRM_OWN`: your side proposed it or changed it last; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no pairing of yours", body = ErrorBody),
        (status = 409, description = "`PAIRING_CHANGED`: it is not what you saw", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/pairings/{id}/confirm")]
async fn confirm(
    auth: Auth,
    id: Id<PairingId>,
    body: Body<ConfirmPairingBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let saw = body.0.into_saw()?;
    let viewer = auth.caller.account;
    let pairing = api.perform(Confirm { caller: auth.caller, id: id.0, saw }).await?;
    Ok(HttpResponse::Ok().json(ConfirmedPairingBody::of(&pairing, viewer)))
}

/// Reject a pairing that the other side proposed or changed last.
///
/// That is final; a new one may be proposed. Your own proposal is withdrawn with `DELETE`.
#[utoipa::path(
    tag = "pairings",
    operation_id = "rejectPairing",
    params(("id" = String, Path, description = "the pairing's id")),
    responses(
        (status = 200, body = EndedPairingBody),
        (status = 400, description = "`INVALID_STATUS`: it is not pending", body = ErrorBody),
        (status = 403, description = "`FORBIDDEN`: your side proposed it or changed it last; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no pairing of yours", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/pairings/{id}/reject")]
async fn reject(auth: Auth, id: Id<PairingId>, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let pairing = api.perform(Reject { caller: auth.caller, id: id.0 }).await?;
    Ok(HttpResponse::Ok().json(EndedPairingBody::from(&pairing)))
}

/// Change a pairing's permission.
///
/// Your side becomes the proposer, and the pairing is pending until the other side confirms. The present
/// permission of an active pairing changes nothing.
#[utoipa::path(
    tag = "pairings",
    operation_id = "updatePairing",
    params(("id" = String, Path, description = "the pairing's id")),
    request_body = UpdatePairingBody,
    responses(
        (status = 200, body = UpdatedPairingBody),
        (status = 400, description = "`VALIDATION_ERROR`; `INVALID_STATUS`: it is revoked or rejected", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no pairing of yours", body = ErrorBody),
        (status = 409, description = "`PAIRING_CHANGED`: it is not what you saw", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[patch("/pairings/{id}")]
async fn update(
    auth: Auth,
    id: Id<PairingId>,
    body: Body<UpdatePairingBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let viewer = auth.caller.account;
    let pairing = api.perform(body.0.into_act(auth.caller, id.0)?).await?;
    Ok(HttpResponse::Ok().json(UpdatedPairingBody::of(&pairing, viewer)))
}

/// Revoke a pairing, or withdraw a proposal.
///
/// New transfers between the two agents are refused at once and their channel is revoked. Active transfers
/// stay downloadable until they expire, unless `purge=true`.
#[utoipa::path(
    tag = "pairings",
    operation_id = "revokePairing",
    params(
        ("id" = String, Path, description = "the pairing's id"),
        ("purge" = Option<bool>, Query, description = "`true` also deletes the active transfers between the two agents; default `false`"),
    ),
    responses(
        (status = 200, body = EndedPairingBody),
        (status = 400, description = "`VALIDATION_ERROR`; `ALREADY_REVOKED`: it is revoked or rejected", body = ErrorBody),
        (status = 403, description = "`SESSION_REQUIRED`: this server reserves it to signed-in sessions; withdrawing your own pending proposal is always allowed; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no pairing of yours", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[delete("/pairings/{id}")]
async fn revoke(
    auth: Auth,
    id: Id<PairingId>,
    mut query: Query,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let purge = query.parsed("purge", "true or false").unwrap_or(false);
    query.finish()?;
    let pairing = api.perform(Revoke { caller: auth.caller, id: id.0, purge }).await?;
    Ok(HttpResponse::Ok().json(EndedPairingBody::from(&pairing)))
}

crate::refusals!(ProposeError: pass [Denied, Store] {
    ConnectionNotActive => BAD_REQUEST "CONNECTION_NOT_ACTIVE",
    MyAgentNotFound => NOT_FOUND "AGENT_NOT_FOUND",
    TheirAgentNotFound => NOT_FOUND "AGENT_NOT_FOUND",
    MyAgentNotConnected => BAD_REQUEST "AGENT_NOT_CONNECTED",
    AgentNotAvailable => FORBIDDEN "AGENT_NOT_AVAILABLE",
    TheirAgentNotConnected => BAD_REQUEST "TARGET_NOT_CONNECTED",
    PairingExists => CONFLICT "PAIRING_EXISTS",
    PlanLimit => FORBIDDEN "PLAN_LIMIT_REACHED",
});
crate::refusals!(ListError: pass [Denied, Store] {});
crate::refusals!(ConfirmRefused: pass [] {
    NotPending => BAD_REQUEST "INVALID_STATUS",
    OwnProposal => FORBIDDEN "CANNOT_CONFIRM_OWN",
    Changed => CONFLICT "PAIRING_CHANGED",
});
crate::refusals!(ConfirmError: pass [Denied, Refused, Store] {});
crate::refusals!(EndRefused: pass [] {
    AlreadyOver => BAD_REQUEST "ALREADY_REVOKED",
    NotPending => BAD_REQUEST "INVALID_STATUS",
    OwnProposal => FORBIDDEN "FORBIDDEN",
});
crate::refusals!(RejectError: pass [Denied, Refused, Store] {});
crate::refusals!(UpdateRefused: pass [] {
    NotLiving => BAD_REQUEST "INVALID_STATUS",
    Changed => CONFLICT "PAIRING_CHANGED",
});
crate::refusals!(UpdateError: pass [Denied, Refused, Store] {});
crate::refusals!(RevokeError: pass [Denied, Refused, Store] { SessionRequired => FORBIDDEN "SESSION_REQUIRED" });
