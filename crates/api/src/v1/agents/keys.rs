//! Keys that act as exactly one agent.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use agentdrop_domain::api_key::{AgentKeyError, CreateAgentKey, ListAgentKeys, NewAgentKey, RevokeAgentKey};
use agentdrop_domain::error::FieldErrors;
use agentdrop_domain::ids::ApiKeyId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::fields::Field;
use crate::http::paging::PageInfo;
use crate::http::path::segment;
use crate::http::{
    ApiError, Auth, Body, CommonErrors, ErrorBody, Id, Idempotency, IdempotencyHeader, Paging, Query,
    created, wire,
};
use crate::state::Api;
use crate::v1::api_keys::{ApiKeyBody, NAME_EXPECTED, RevokedApiKeyBody};

/// What a key is called if its owner does not say.
const DEFAULT_NAME: &str = "default";

/// What a new key is called.
#[derive(Debug, Deserialize, ToSchema)]
struct CreateAgentKeyBody {
    /// What you call the key, 1 to 128 characters (default `default`).
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "laptop")]
    name: Field<String>,
}

/// A new key of an agent, with its secret.
#[derive(Debug, Serialize, ToSchema)]
struct CreatedAgentKeyBody {
    /// The key's id.
    #[schema(example = "key_9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c")]
    id: String,
    /// What you call it.
    #[schema(example = "laptop")]
    name: String,
    /// The first 13 characters, as lists show them.
    #[schema(example = "ada_live_4fRt")]
    prefix: String,
    /// Always `agent`.
    #[schema(example = "agent")]
    scope: &'static str,
    /// The slug of the one agent it acts as.
    #[schema(example = "data-pipeline")]
    agent_id: String,
    /// The UUID of that agent.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    agent_uuid: String,
    /// The key itself. It is shown this once.
    #[schema(example = "ada_live_4fRt0aB1cD2eF3gH4iJ5kL6mN7oP8qR9")]
    api_key: String,
    /// When it was made.
    #[schema(example = "2026-11-22T11:00:00.000Z")]
    created_at: String,
}

impl From<NewAgentKey> for CreatedAgentKeyBody {
    fn from(new: NewAgentKey) -> Self {
        Self {
            id: new.key.key.id.to_string(),
            name: new.key.key.name,
            prefix: new.key.key.prefix,
            scope: "agent",
            agent_id: new.agent.slug.to_string(),
            agent_uuid: new.agent.id.to_string(),
            api_key: new.key.token.reveal().to_owned(),
            created_at: wire::time(new.key.key.created_at),
        }
    }
}

/// A page of an agent's keys.
#[derive(Debug, Serialize, ToSchema)]
struct AgentKeysBody {
    /// Newest first.
    keys: Vec<ApiKeyBody>,
    #[serde(flatten)]
    page: PageInfo,
}

/// Make a key that acts as one agent.
///
/// The answer is the only one that ever shows the key. An agent may have 50 keys; they don't count towards the
/// plan's keys. Needs an account key.
#[utoipa::path(
    tag = "agents",
    operation_id = "createAgentKey",
    params(("id" = String, Path, description = "the agent's UUID or slug"), IdempotencyHeader),
    request_body = CreateAgentKeyBody,
    responses(
        (status = 201, body = CreatedAgentKeyBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`KEY_LIMIT_REACHED`: the agent has 50 keys; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/agents/{id}/keys")]
pub(super) async fn create(
    auth: Auth,
    idempotency: Idempotency,
    id: Id<String>,
    body: Body<CreateAgentKeyBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    auth.caller.require_account_scope()?;
    let mut errors = FieldErrors::default();
    let name = body.0.name.optional(&mut errors, "name", NAME_EXPECTED);
    errors.finish()?;
    let name = name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
    let act = CreateAgentKey { caller: auth.caller, agent: id.0, name };
    idempotency.perform(&api, act, |_, new| created(&CreatedAgentKeyBody::from(new))).await
}

/// List an agent's keys.
///
/// Keys that were revoked are not among them. Needs an account key.
#[utoipa::path(
    tag = "agents",
    operation_id = "listAgentKeys",
    params(
        ("id" = String, Path, description = "the agent's UUID or slug"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 100"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
    ),
    responses(
        (status = 200, body = AgentKeysBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/agents/{id}/keys")]
pub(super) async fn list(
    auth: Auth,
    id: Id<String>,
    mut query: Query,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let paging = query.paging(Paging::DEFAULT_LIMIT);
    query.finish()?;
    let slice = api.ask(ListAgentKeys { caller: auth.caller, agent: id.0, page: paging.page() }).await?;
    let keys = slice.items.iter().map(ApiKeyBody::from).collect();
    Ok(HttpResponse::Ok().json(AgentKeysBody { keys, page: paging.info(&slice) }))
}

/// Revoke an agent's key.
///
/// It stops working at once. Needs an account key.
#[utoipa::path(
    tag = "agents",
    operation_id = "revokeAgentKey",
    params(
        ("id" = String, Path, description = "the agent's UUID or slug"),
        ("key_id" = String, Path, description = "the key's id, `key_…`"),
    ),
    responses(
        (status = 200, body = RevokedApiKeyBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no such agent or key, or it was revoked before", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[delete("/agents/{id}/keys/{key_id}")]
pub(super) async fn revoke(
    auth: Auth,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    auth.caller.require_account_scope()?;
    let agent: String = segment(&request, "id")?;
    let key: ApiKeyId = segment(&request, "key_id")?;
    let at = api.perform(RevokeAgentKey { caller: auth.caller, agent, key }).await?;
    Ok(HttpResponse::Ok().json(RevokedApiKeyBody {
        id: key.to_string(),
        revoked: true,
        revoked_at: wire::time(at),
    }))
}

crate::refusals!(AgentKeyError: pass [Denied, Invalid, Store] {
    LimitReached => FORBIDDEN "KEY_LIMIT_REACHED",
});
