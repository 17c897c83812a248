//! `GET /v1/agents`.

use actix_web::{HttpResponse, get, web};
use agentdrop_domain::agent::{ListAgents, ListAgentsError};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::AgentBody;
use crate::http::paging::PageInfo;
use crate::http::{ApiError, Auth, CommonErrors, ErrorBody, Paging, Query};
use crate::state::Api;

/// A page of agents.
#[derive(Debug, Serialize, ToSchema)]
struct AgentsBody {
    /// Oldest first.
    agents: Vec<AgentBody>,
    #[serde(flatten)]
    page: PageInfo,
}

/// List the account's agents.
///
/// Needs an account key.
#[utoipa::path(
    tag = "agents",
    operation_id = "listAgents",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, default 100"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
    ),
    responses(
        (status = 200, body = AgentsBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/agents")]
pub(super) async fn list(
    auth: Auth,
    mut query: Query,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let paging = query.paging(Paging::DEFAULT_LIMIT);
    query.finish()?;
    let slice = api.ask(ListAgents { caller: auth.caller, page: paging.page() }).await?;
    let agents = slice.items.iter().map(|agent| AgentBody::of(&api, agent)).collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(AgentsBody { agents, page: paging.info(&slice) }))
}

crate::refusals!(ListAgentsError: pass [Denied, Store] {});
