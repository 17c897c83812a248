//! Reading, changing, disconnecting and deleting one agent.

use actix_web::{HttpResponse, delete, get, patch, post, web};
use agentdrop_domain::agent::{
    DeleteAgent, DeleteAgentError, Disconnect, DisconnectError, GetAgent, GetAgentError, UpdateAgent,
    UpdateAgentError,
};
use agentdrop_domain::error::FieldErrors;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{FullAgentBody, connection_status};
use super::fields::AgentProfileFields;
use crate::http::{ApiError, Auth, Body, CommonErrors, ErrorBody, Id};
use crate::state::Api;

/// An agent that has left.
#[derive(Debug, Serialize, ToSchema)]
struct DisconnectedAgentBody {
    /// The agent's UUID.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    agent_uuid: String,
    /// The agent's slug.
    #[schema(example = "data-pipeline")]
    agent_id: String,
    /// `disconnected`.
    #[schema(example = "disconnected")]
    status: &'static str,
    /// What to do next.
    #[schema(example = "Agent disconnected. Give it a new key with POST /v1/agents/{id}/connection-token.")]
    message: &'static str,
}

/// An agent that is gone.
#[derive(Debug, Serialize, ToSchema)]
struct DeletedAgentBody {
    /// The UUID it had.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    id: String,
    /// The slug it had; it is free again.
    #[schema(example = "data-pipeline")]
    agent_id: String,
    /// Says so.
    #[schema(example = "Agent deleted")]
    message: &'static str,
}

/// Read an own agent.
///
/// An agent key reads its own agent only.
#[utoipa::path(
    tag = "agents",
    operation_id = "getAgent",
    params(("id" = String, Path, description = "the agent's UUID or slug")),
    responses(
        (status = 200, body = FullAgentBody),
        (status = 403, description = "`FORBIDDEN`: another agent of the account, with an agent key", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/agents/{id}")]
pub(super) async fn get_one(
    auth: Auth,
    id: Id<String>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let agent = api.ask(GetAgent { caller: auth.caller, agent: id.0 }).await?;
    Ok(HttpResponse::Ok().json(FullAgentBody::of(&api, &agent)?))
}

/// Change what is said about an agent.
///
/// What is absent or `null` stays. Slug and keys never change here. Needs an account key.
#[utoipa::path(
    tag = "agents",
    operation_id = "updateAgent",
    params(("id" = String, Path, description = "the agent's UUID or slug")),
    request_body = AgentProfileFields,
    responses(
        (status = 200, body = FullAgentBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[patch("/agents/{id}")]
pub(super) async fn update(
    auth: Auth,
    id: Id<String>,
    body: Body<AgentProfileFields>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    auth.caller.require_account_scope()?;
    let mut errors = FieldErrors::default();
    let profile = body.0.read(&mut errors);
    errors.finish()?;
    let agent = api.perform(UpdateAgent { caller: auth.caller, agent: id.0, profile }).await?;
    Ok(HttpResponse::Ok().json(FullAgentBody::of(&api, &agent)?))
}

/// Delete an agent for good.
///
/// Its pairings and channels are revoked, its keys stop working, transfers to it are deleted. Transfers that
/// it sent stay downloadable. Needs an account key.
#[utoipa::path(
    tag = "agents",
    operation_id = "deleteAgent",
    params(("id" = String, Path, description = "the agent's UUID or slug")),
    responses(
        (status = 200, body = DeletedAgentBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[delete("/agents/{id}")]
pub(super) async fn delete_one(
    auth: Auth,
    id: Id<String>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let agent = api.perform(DeleteAgent { caller: auth.caller, agent: id.0 }).await?;
    Ok(HttpResponse::Ok().json(DeletedAgentBody {
        id: agent.id.to_string(),
        agent_id: agent.slug.to_string(),
        message: "Agent deleted",
    }))
}

/// Disconnect an agent.
///
/// Its public keys are wiped and its channels revoked; its pairings stay, but nothing can be sent to or by it
/// until it has a key again. An agent key disconnects its own agent only.
#[utoipa::path(
    tag = "agents",
    operation_id = "disconnectAgent",
    params(("id" = String, Path, description = "the agent's UUID or slug")),
    responses(
        (status = 200, body = DisconnectedAgentBody),
        (status = 403, description = "`FORBIDDEN`: another agent of the account, with an agent key", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        (status = 409, description = "`ALREADY_DISCONNECTED`: the agent has no key", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/agents/{id}/disconnect")]
pub(super) async fn disconnect(
    auth: Auth,
    id: Id<String>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let agent = api.perform(Disconnect { caller: auth.caller, agent: id.0 }).await?;
    Ok(HttpResponse::Ok().json(DisconnectedAgentBody {
        agent_uuid: agent.id.to_string(),
        agent_id: agent.slug.to_string(),
        status: connection_status(&agent),
        message: "Agent disconnected. Give it a new key with POST /v1/agents/{id}/connection-token.",
    }))
}

crate::refusals!(GetAgentError: pass [Denied, Store] {});
crate::refusals!(UpdateAgentError: pass [Denied, Invalid, Store] {});
crate::refusals!(DeleteAgentError: pass [Denied, Store] {});
crate::refusals!(DisconnectError: pass [Denied, Store] {
    AlreadyDisconnected => CONFLICT "ALREADY_DISCONNECTED",
});
