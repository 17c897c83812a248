//! `GET /v1/agents/sendable`.

use actix_web::{HttpResponse, get, web};
use agentdrop_domain::agent::{ListSendable, SendableAgent};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{ApiError, Auth, CommonErrors};
use crate::state::Api;

/// The agents that the caller can send to.
#[derive(Debug, Serialize, ToSchema)]
struct SendableAgentsBody {
    /// Own agents first, then agents of other accounts by slug.
    agents: Vec<SendableAgentBody>,
}

/// An agent that the caller can send to.
#[derive(Debug, Serialize, ToSchema)]
struct SendableAgentBody {
    /// The agent's UUID.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    id: String,
    /// The agent's slug.
    #[schema(example = "analysis-agent")]
    agent_id: String,
    /// What people call it.
    #[schema(example = "Analysis")]
    name: String,
    /// Whether it is the caller's own.
    #[schema(example = false)]
    own: bool,
    /// The display name of the other account; absent for own agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Acme")]
    account_name: Option<String>,
    /// The other account; absent for own agents. Accepted as `recipient_account`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0b9f6f0a-3b1d-4c7e-8f2a-6d5c4b3a2910")]
    account_id: Option<String>,
}

impl From<SendableAgent> for SendableAgentBody {
    fn from(row: SendableAgent) -> Self {
        let own = row.account_name.is_none();
        Self {
            id: row.agent.id.to_string(),
            agent_id: row.agent.slug.to_string(),
            name: row.agent.name,
            own,
            account_name: row.account_name,
            account_id: (!own).then(|| row.agent.account_id.to_string()),
        }
    }
}

/// List whom you can send to right now.
///
/// Own connected agents, then connected agents of other accounts whose pairing with one of your connected
/// agents allows the send. An agent key sees its own agent's pairings.
#[utoipa::path(
    tag = "agents",
    operation_id = "listSendableAgents",
    responses((status = 200, body = SendableAgentsBody), CommonErrors),
    security(("api_key" = []))
)]
#[get("/agents/sendable")]
pub(super) async fn sendable(auth: Auth, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let rows = api.ask(ListSendable { caller: auth.caller }).await?;
    let agents = rows.into_iter().map(SendableAgentBody::from).collect();
    Ok(HttpResponse::Ok().json(SendableAgentsBody { agents }))
}
