//! Connections between accounts, and blocks.

mod body;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, post, web};
use agentdrop_domain::connection::{
    Accept, AcceptError, AnswerRefused, BlockConnection, BlockConnectionError, ConnectionsWanted,
    InviteError, List, ListAvailableAgents, ListAvailableAgentsError, ListBlocked, ListBlockedError,
    ListError, Reject, RejectError, Revoke, RevokeError, Unblock, UnblockError,
};
use agentdrop_domain::ids::{BlockId, ConnectionId};

use self::body::{
    AcceptedConnectionBody, AvailableAgentsBody, BlockListBody, BlockedBody, ConnectionListBody, InviteBody,
    InvitedConnectionBody, RejectedConnectionBody, RevokedConnectionBody, UnblockedBody,
};
use crate::http::{
    ApiError, Auth, Body, CommonErrors, ErrorBody, Id, Idempotency, IdempotencyHeader, Paging, Query,
    Services, created, ok,
};
use crate::state::Api;

/// The operations of this subject.
pub fn configure(services: &mut Services<'_>) {
    services.service(create).service(list).service(accept).service(reject).service(revoke).service(block);
    services.service(agents).service(list_blocked).service(unblock);
}

/// Invite an account to connect.
///
/// The address need not have an account yet: the invite then waits for the sign-up, and the answer is the
/// same. Checked in this order: the credential, the fields, the own address, blocks, an existing connection or
/// invite, the plan, the invites of the last hour.
#[utoipa::path(
    tag = "connections",
    operation_id = "createConnection",
    params(IdempotencyHeader),
    request_body = InviteBody,
    responses(
        (status = 201, body = InvitedConnectionBody),
        (status = 400, description = "`VALIDATION_ERROR`; `SELF_CONNECTION`: the address is your own", body = ErrorBody),
        (status = 403, description = "`BLOCKED`: one of the two accounts blocks the other; `PLAN_LIMIT_REACHED`; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 409, description = "`ALREADY_CONNECTED`; `INVITE_PENDING`: an invite waits, in either direction", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/connections")]
async fn create(
    auth: Auth,
    idempotency: Idempotency,
    body: Body<InviteBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let act = body.0.into_act(auth.caller)?;
    idempotency.perform(&api, act, |_, made| created(&InvitedConnectionBody::from(made))).await
}

/// List your connections and invites.
#[utoipa::path(
    tag = "connections",
    operation_id = "listConnections",
    params(
        ("status" = Option<String>, Query, description = "which `connections`: `pending`, `active` or `all` (default)"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 100"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
    ),
    responses(
        (status = 200, body = ConnectionListBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/connections")]
async fn list(auth: Auth, mut query: Query, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let wanted = query.word("status", &ConnectionsWanted::ALL).unwrap_or_default();
    let paging = query.paging(Paging::DEFAULT_LIMIT);
    query.finish()?;
    let list = api.ask(List { caller: auth.caller, wanted, page: paging.page() }).await?;
    Ok(HttpResponse::Ok().json(ConnectionListBody::of(&list, paging)))
}

/// Accept an invite.
///
/// It then counts among your connections too.
#[utoipa::path(
    tag = "connections",
    operation_id = "acceptConnection",
    params(("id" = String, Path, description = "the connection's id")),
    responses(
        (status = 200, body = AcceptedConnectionBody),
        (status = 403, description = "`FORBIDDEN`: your own invite; `PLAN_LIMIT_REACHED`: your plan; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, or you are not a party", body = ErrorBody),
        (status = 409, description = "`ALREADY_PROCESSED`: no longer pending", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/connections/{id}/accept")]
async fn accept(auth: Auth, id: Id<ConnectionId>, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let connection = api.perform(Accept { caller: auth.caller, id: id.0 }).await?;
    Ok(HttpResponse::Ok().json(AcceptedConnectionBody::from(connection)))
}

/// Reject an invite.
///
/// The inviter is not told.
#[utoipa::path(
    tag = "connections",
    operation_id = "rejectConnection",
    params(("id" = String, Path, description = "the connection's id")),
    responses(
        (status = 200, body = RejectedConnectionBody),
        (status = 403, description = "`FORBIDDEN`: your own invite; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, or you are not a party", body = ErrorBody),
        (status = 409, description = "`ALREADY_PROCESSED`: no longer pending", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/connections/{id}/reject")]
async fn reject(auth: Auth, id: Id<ConnectionId>, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    api.perform(Reject { caller: auth.caller, id: id.0 }).await?;
    Ok(HttpResponse::Ok().json(RejectedConnectionBody::of(id.0)))
}

/// Revoke a connection, or withdraw an invite.
///
/// Its pairings and the channels between the two accounts are revoked with it, and new transfers refused at
/// once. Active transfers stay downloadable until they expire, unless `purge=true`.
#[utoipa::path(
    tag = "connections",
    operation_id = "revokeConnection",
    params(
        ("id" = String, Path, description = "the connection's id"),
        ("purge" = Option<bool>, Query, description = "`true` also deletes the active transfers between the two accounts; default `false`"),
    ),
    responses(
        (status = 200, body = RevokedConnectionBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, or you are not a party", body = ErrorBody),
        (status = 409, description = "`ALREADY_REVOKED`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[delete("/connections/{id}")]
async fn revoke(
    auth: Auth,
    id: Id<ConnectionId>,
    mut query: Query,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let purge = query.parsed("purge", "true or false").unwrap_or(false);
    query.finish()?;
    let revoked = api.perform(Revoke { caller: auth.caller, id: id.0, purge }).await?;
    Ok(HttpResponse::Ok().json(RevokedConnectionBody::of(id.0, revoked)))
}

/// Block the account on the other side of a connection.
///
/// The connection is revoked with all under it, and neither account can invite the other while the block
/// stands. An own invite that was not accepted is withdrawn with `DELETE` instead.
#[utoipa::path(
    tag = "connections",
    operation_id = "blockConnection",
    params(("id" = String, Path, description = "the connection's id, whatever its status"), IdempotencyHeader),
    responses(
        (status = 200, body = BlockedBody),
        (status = 403, description = "`FORBIDDEN`: your own invite was never accepted; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, or you are not a party", body = ErrorBody),
        (status = 409, description = "`ALREADY_BLOCKED`: you block that account already", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/connections/{id}/block")]
async fn block(
    auth: Auth,
    idempotency: Idempotency,
    id: Id<ConnectionId>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let act = BlockConnection { caller: auth.caller, id: id.0 };
    idempotency.perform(&api, act, |_, done| ok(&BlockedBody::from(done))).await
}

/// List the other account's agents that a pairing can be proposed with.
#[utoipa::path(
    tag = "connections",
    operation_id = "listAvailableAgents",
    params(
        ("id" = String, Path, description = "the connection's id"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 100"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
    ),
    responses(
        (status = 200, body = AvailableAgentsBody),
        (status = 400, description = "`VALIDATION_ERROR`; `CONNECTION_NOT_ACTIVE`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, or you are not a party", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/connections/{id}/agents")]
async fn agents(
    auth: Auth,
    id: Id<ConnectionId>,
    mut query: Query,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let paging = query.paging(Paging::DEFAULT_LIMIT);
    query.finish()?;
    let ask = ListAvailableAgents { caller: auth.caller, connection: id.0, page: paging.page() };
    let slice = api.ask(ask).await?;
    Ok(HttpResponse::Ok().json(AvailableAgentsBody::of(&slice, paging)))
}

/// List the accounts that you block.
#[utoipa::path(
    tag = "connections",
    operation_id = "listBlocked",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, default 100"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
    ),
    responses(
        (status = 200, body = BlockListBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/blocked")]
async fn list_blocked(auth: Auth, mut query: Query, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let paging = query.paging(Paging::DEFAULT_LIMIT);
    query.finish()?;
    let slice = api.ask(ListBlocked { caller: auth.caller, page: paging.page() }).await?;
    Ok(HttpResponse::Ok().json(BlockListBody::of(&slice, paging)))
}

/// Unblock an account.
///
/// Nothing that the block ended comes back.
#[utoipa::path(
    tag = "connections",
    operation_id = "unblock",
    params(("id" = String, Path, description = "the block record's id")),
    responses(
        (status = 200, body = UnblockedBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, or not your block", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[delete("/blocked/{id}")]
async fn unblock(auth: Auth, id: Id<BlockId>, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let ended = api.perform(Unblock { caller: auth.caller, id: id.0 }).await?;
    Ok(HttpResponse::Ok().json(UnblockedBody::from(ended)))
}

impl From<InviteError> for ApiError {
    fn from(error: InviteError) -> Self {
        let message = error.to_string();
        match error {
            InviteError::Denied(denied) => denied.into(),
            InviteError::Store(error) => error.into(),
            InviteError::SelfConnection => Self::new(StatusCode::BAD_REQUEST, "SELF_CONNECTION", message),
            InviteError::Blocked => Self::new(StatusCode::FORBIDDEN, "BLOCKED", message),
            InviteError::AlreadyConnected => Self::new(StatusCode::CONFLICT, "ALREADY_CONNECTED", message),
            InviteError::InvitePending | InviteError::InvitedByThem => {
                Self::new(StatusCode::CONFLICT, "INVITE_PENDING", message)
            }
            InviteError::PlanLimit { .. } => Self::new(StatusCode::FORBIDDEN, "PLAN_LIMIT_REACHED", message),
            InviteError::TooManyInvites { retry_after_seconds, .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message)
                    .retry_after(retry_after_seconds)
            }
        }
    }
}

crate::refusals!(ListError: pass [Denied, Store] {});
crate::refusals!(AnswerRefused: pass [] {
    OwnInvite => FORBIDDEN "FORBIDDEN",
    AlreadyProcessed => CONFLICT "ALREADY_PROCESSED",
});
crate::refusals!(AcceptError: pass [Denied, Refused, Store] {
    PlanLimit => FORBIDDEN "PLAN_LIMIT_REACHED",
});
crate::refusals!(RejectError: pass [Denied, Refused, Store] {});
crate::refusals!(RevokeError: pass [Denied, Store] { AlreadyRevoked => CONFLICT "ALREADY_REVOKED" });
crate::refusals!(BlockConnectionError: pass [Denied, Store] { AlreadyBlocked => CONFLICT "ALREADY_BLOCKED" });
crate::refusals!(ListAvailableAgentsError: pass [Denied, Store] {
    NotActive => BAD_REQUEST "CONNECTION_NOT_ACTIVE",
});
crate::refusals!(ListBlockedError: pass [Denied, Store] {});
crate::refusals!(UnblockError: pass [Denied, Store] {});
