//! `POST /v1/agents/{id}/connection-token`.

use actix_web::{HttpResponse, post, web};
use agentdrop_domain::agent::{Agent, IssueConnectionToken, IssueConnectionTokenError, IssuedToken};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{ConnectionTokenBody, connection_status};
use crate::http::{ApiError, Auth, CommonErrors, ErrorBody, Id, Idempotency, IdempotencyHeader, created};
use crate::state::Api;

/// A fresh connection token.
#[derive(Debug, Serialize, ToSchema)]
struct IssuedConnectionTokenBody {
    /// The agent's UUID.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    agent_uuid: String,
    /// The agent's slug.
    #[schema(example = "data-pipeline")]
    agent_id: String,
    /// `pending` or `disconnected`.
    #[schema(example = "disconnected")]
    connection_status: &'static str,
    #[serde(flatten)]
    token: ConnectionTokenBody,
}

/// Issue a new connection token.
///
/// For an agent without a key: one that never connected, or was disconnected. Earlier tokens of the agent stop
/// working. Needs an account key.
#[utoipa::path(
    tag = "agents",
    operation_id = "issueConnectionToken",
    params(("id" = String, Path, description = "the agent's UUID or slug"), IdempotencyHeader),
    responses(
        (status = 201, body = IssuedConnectionTokenBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        (status = 409, description = "`ALREADY_CONNECTED`: the agent has a key", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/agents/{id}/connection-token")]
pub(super) async fn issue(
    auth: Auth,
    idempotency: Idempotency,
    id: Id<String>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let act = IssueConnectionToken { caller: auth.caller, agent: id.0 };
    let render = |_: &Api, (agent, token): (Agent, IssuedToken)| {
        created(&IssuedConnectionTokenBody {
            agent_uuid: agent.id.to_string(),
            agent_id: agent.slug.to_string(),
            connection_status: connection_status(&agent),
            token: (&token).into(),
        })
    };
    idempotency.perform(&api, act, render).await
}

crate::refusals!(IssueConnectionTokenError: pass [Denied, Store] {
    AlreadyConnected => CONFLICT "ALREADY_CONNECTED",
});
