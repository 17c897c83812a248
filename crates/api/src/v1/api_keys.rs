//! The account's keys.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use agentdrop_domain::api_key::{
    ApiKey, CreateKey, CreateKeyError, ListKeys, ListKeysError, NewKey, RevokeKey, RevokeKeyError,
};
use agentdrop_domain::error::FieldErrors;
use agentdrop_domain::ids::ApiKeyId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::fields::Field;
use crate::http::paging::PageInfo;
use crate::http::path::segment;
use crate::http::{
    ApiError, Auth, Body, CommonErrors, ErrorBody, Idempotency, IdempotencyHeader, Paging, Query, Services,
    created, wire,
};
use crate::state::Api;

/// The operations of this subject.
pub fn configure(services: &mut Services<'_>) {
    services.service(list).service(create).service(revoke);
}

/// What a key's name may be; completes "must be …".
pub(super) const NAME_EXPECTED: &str = "a text of 1 to 128 characters";

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApiKeyBody {
    /// The key's id.
    #[schema(example = "key_9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c")]
    id: String,
    /// What its owner calls it.
    #[schema(example = "ci")]
    name: String,
    /// The first 13 characters of the key.
    #[schema(example = "agd_live_4fRt")]
    prefix: String,
    /// When it was last presented, to the minute.
    #[schema(example = "2026-11-22T12:00:00.000Z")]
    last_used_at: Option<String>,
    /// How many transfers were created with it.
    #[schema(example = 7)]
    transfer_count: u64,
    /// When it was made.
    #[schema(example = "2026-11-22T11:00:00.000Z")]
    created_at: String,
}

impl From<&ApiKey> for ApiKeyBody {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            last_used_at: key.last_used_at.map(wire::time),
            transfer_count: key.transfer_count,
            created_at: wire::time(key.created_at),
        }
    }
}

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
struct ApiKeysBody {
    /// Newest first.
    keys: Vec<ApiKeyBody>,
    #[serde(flatten)]
    page: PageInfo,
}

/// What a new key is called.
#[derive(Debug, Deserialize, ToSchema)]
struct CreateApiKeyBody {
    /// What you call the key, 1 to 128 characters.
    #[serde(default)]
    #[schema(value_type = String, required = true, example = "ci")]
    name: Field<String>,
}

/// A new key with its secret.
#[derive(Debug, Serialize, ToSchema)]
struct CreatedApiKeyBody {
    /// The key's id.
    #[schema(example = "key_9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c")]
    id: String,
    /// What you call it.
    #[schema(example = "ci")]
    name: String,
    /// The first 13 characters, as lists show them.
    #[schema(example = "agd_live_4fRt")]
    prefix: String,
    /// The key itself. It is shown this once.
    #[schema(example = "agd_live_4fRt0aB1cD2eF3gH4iJ5kL6mN7oP8qR9")]
    api_key: String,
    /// When it was made.
    #[schema(example = "2026-11-22T11:00:00.000Z")]
    created_at: String,
}

impl From<NewKey> for CreatedApiKeyBody {
    fn from(new: NewKey) -> Self {
        Self {
            id: new.key.id.to_string(),
            name: new.key.name,
            prefix: new.key.prefix,
            api_key: new.token.reveal().to_owned(),
            created_at: wire::time(new.key.created_at),
        }
    }
}

/// A key that works no more.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RevokedApiKeyBody {
    /// The key's id.
    #[schema(example = "key_9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c")]
    pub(super) id: String,
    /// Always `true`.
    #[schema(example = true)]
    pub(super) revoked: bool,
    /// Since when.
    #[schema(example = "2026-11-22T12:00:00.000Z")]
    pub(super) revoked_at: String,
}

/// List the account's keys.
///
/// Keys that were revoked and keys of agents are not among them. Needs an account key.
#[utoipa::path(
    tag = "api-keys",
    operation_id = "listApiKeys",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, default 100"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
    ),
    responses(
        (status = 200, body = ApiKeysBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/api-keys")]
async fn list(auth: Auth, mut query: Query, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let paging = query.paging(Paging::DEFAULT_LIMIT);
    query.finish()?;
    let slice = api.ask(ListKeys { caller: auth.caller, page: paging.page() }).await?;
    let keys = slice.items.iter().map(ApiKeyBody::from).collect();
    Ok(HttpResponse::Ok().json(ApiKeysBody { keys, page: paging.info(&slice) }))
}

/// Make another account key.
///
/// The answer is the only one that ever shows the key. Needs an account key.
#[utoipa::path(
    tag = "api-keys",
    operation_id = "createApiKey",
    params(IdempotencyHeader),
    request_body = CreateApiKeyBody,
    responses(
        (status = 201, body = CreatedApiKeyBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`KEY_LIMIT_REACHED`: the plan allows no more keys; `SCOPE_MISMATCH`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/api-keys")]
async fn create(
    auth: Auth,
    idempotency: Idempotency,
    body: Body<CreateApiKeyBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let mut errors = FieldErrors::default();
    let name = body.0.name.required(&mut errors, "name", NAME_EXPECTED).unwrap_or_default();
    errors.finish()?;
    let act = CreateKey { caller: auth.caller, name };
    idempotency.perform(&api, act, |_, new| created(&CreatedApiKeyBody::from(new))).await
}

/// Revoke an account key.
///
/// It stops working at once. A key can't revoke itself. Needs an account key.
#[utoipa::path(
    tag = "api-keys",
    operation_id = "revokeApiKey",
    params(("id" = String, Path, description = "the key's id, `key_…`")),
    responses(
        (status = 200, body = RevokedApiKeyBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no such key, or it was revoked before", body = ErrorBody),
        (status = 409, description = "`SELF_REVOKE`: it is the key of this very call", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[delete("/api-keys/{id}")]
async fn revoke(auth: Auth, request: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    auth.caller.require_account_scope()?;
    let key: ApiKeyId = segment(&request, "id")?;
    let at = api.perform(RevokeKey { caller: auth.caller, key }).await?;
    Ok(HttpResponse::Ok().json(RevokedApiKeyBody {
        id: key.to_string(),
        revoked: true,
        revoked_at: wire::time(at),
    }))
}

crate::refusals!(ListKeysError: pass [Denied, Store] {});

crate::refusals!(CreateKeyError: pass [Denied, Invalid, Store] {
    LimitReached => FORBIDDEN "KEY_LIMIT_REACHED",
});

crate::refusals!(RevokeKeyError: pass [Denied, Store] {
    SelfRevoke => CONFLICT "SELF_REVOKE",
});
