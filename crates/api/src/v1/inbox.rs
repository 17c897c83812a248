//! The inbox, on both of its paths.

use actix_web::{HttpRequest, HttpResponse, get, web};
use agentdrop_domain::inbox::{InboxError, ReadInbox};
use agentdrop_domain::transfer::TransferStatus;
use serde::Serialize;
use utoipa::ToSchema;

use super::transfers::answer::TransferBody;
use crate::http::paging::PageInfo;
use crate::http::path::segment;
use crate::http::{ApiError, Auth, CommonErrors, ErrorBody, Query, Services};
use crate::state::Api;

/// The page size of the public API.
const DEFAULT_LIMIT: u32 = 50;

/// The operations of this subject.
pub fn configure(services: &mut Services<'_>) {
    services.service(of_agent).service(of_caller);
}

/// A page of an inbox.
#[derive(Debug, Serialize, ToSchema)]
struct InboxBody {
    /// The agent's slug.
    agent_id: String,
    /// The agent's id.
    agent_uuid: String,
    /// Newest first.
    transfers: Vec<TransferBody>,
    #[serde(flatten)]
    page: PageInfo,
}

/// Read an agent's inbox.
#[utoipa::path(
    tag = "agents",
    operation_id = "agentInbox",
    params(
        ("id" = String, Path, description = "the agent's UUID or slug"),
        ("status" = Option<String>, Query, description = "`active` (default), `downloaded`, `expired` or `deleted`"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
    ),
    responses(
        (status = 200, body = InboxBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`FORBIDDEN`, `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/agents/{id}/inbox")]
async fn of_agent(
    auth: Auth,
    request: HttpRequest,
    query: Query,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let agent: String = segment(&request, "id")?;
    read(&api, auth, Some(agent), query).await
}

/// Read the inbox of the caller's agent.
///
/// An agent key reads its own; an account key names the agent in `agent_id` or `X-AgentDrop-Agent`.
#[utoipa::path(
    tag = "transfers",
    operation_id = "inbox",
    params(
        ("agent_id" = Option<String>, Query, description = "the agent's UUID or slug"),
        ("status" = Option<String>, Query, description = "`active` (default), `downloaded`, `expired` or `deleted`"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
        ("X-AgentDrop-Agent" = Option<String>, Header, description = "the agent, instead of `agent_id`"),
    ),
    responses(
        (status = 200, body = InboxBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`FORBIDDEN`, `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/transfers/inbox")]
async fn of_caller(auth: Auth, query: Query, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let agent = query.text("agent_id").map(str::to_owned);
    read(&api, auth, agent, query).await
}

async fn read(
    api: &Api,
    auth: Auth,
    agent: Option<String>,
    mut query: Query,
) -> Result<HttpResponse, ApiError> {
    let status = query.word("status", &TransferStatus::RECEIVED).unwrap_or(TransferStatus::Active);
    let paging = query.paging(DEFAULT_LIMIT);
    query.finish()?;
    let (agent, slice) =
        api.ask(ReadInbox { caller: auth.caller, agent, status, page: paging.page() }).await?;
    Ok(HttpResponse::Ok().json(InboxBody {
        agent_id: agent.slug.to_string(),
        agent_uuid: agent.id.to_string(),
        transfers: slice.items.iter().map(|transfer| TransferBody::of(api, transfer)).collect(),
        page: paging.info(&slice),
    }))
}

crate::refusals!(InboxError: pass [Denied, Invalid, Store] {});
