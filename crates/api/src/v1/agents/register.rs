//! `POST /v1/agents/register`.

use actix_web::{HttpResponse, post, web};
use agentdrop_domain::agent::{Agent, Register, RegisterError, Registered};
use agentdrop_domain::error::FieldErrors;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{AgentBody, ConnectionTokenBody, PublicKeysBody, agent_type, connection_status};
use super::fields::{AgentProfileFields, PublicKeyFields};
use crate::http::fields::Field;
use crate::http::{ApiError, Auth, Body, CommonErrors, ErrorBody, Idempotency, IdempotencyHeader, created};
use crate::state::Api;

/// An agent to register.
#[derive(Debug, Deserialize, ToSchema)]
struct RegisterAgentBody {
    /// The agent's slug: 1 to 64 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit, unique within the
    /// account.
    #[serde(default)]
    #[schema(value_type = String, required = true, example = "data-pipeline")]
    agent_id: Field<String>,
    #[serde(flatten)]
    profile: AgentProfileFields,
    #[serde(flatten)]
    keys: PublicKeyFields,
}

impl RegisterAgentBody {
    fn into_act(self, auth: Auth) -> Result<Register, ApiError> {
        let mut errors = FieldErrors::default();
        let agent_id = self.agent_id.required(&mut errors, "agent_id", "a text").unwrap_or_default();
        let profile = self.profile.read(&mut errors);
        let keys = self.keys.read(&mut errors);
        errors.finish()?;
        Ok(Register { caller: auth.caller, agent_id, profile, keys })
    }
}

/// A registered agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum RegisteredAgentBody {
    /// It presented its key.
    Connected(Box<ConnectedAtOnceBody>),
    /// It has still to connect.
    Waiting(Box<WaitingAgentBody>),
}

/// An agent that presented its key.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectedAtOnceBody {
    #[serde(flatten)]
    agent: AgentBody,
    #[serde(flatten)]
    keys: PublicKeysBody,
    /// What was done.
    #[schema(example = "Agent registered and connected.")]
    message: &'static str,
}

/// An agent that has still to connect.
#[derive(Debug, Serialize, ToSchema)]
struct WaitingAgentBody {
    #[serde(flatten)]
    registered: AgentBody,
    /// The agent again, in the older shape of this answer.
    agent: AgentRefBody,
    #[serde(flatten)]
    token: ConnectionTokenBody,
    /// What to do next.
    #[schema(example = "Agent registered. Connect it with the token: POST /v1/agents/connect.")]
    message: &'static str,
}

/// An agent in brief.
#[derive(Debug, Serialize, ToSchema)]
struct AgentRefBody {
    /// The agent's UUID.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    id: String,
    /// The agent's slug.
    #[schema(example = "data-pipeline")]
    agent_id: String,
    /// What people call it.
    #[schema(example = "Data pipeline")]
    name: String,
    /// What it is built with.
    #[schema(example = "custom")]
    agent_type: &'static str,
    /// `pending`.
    #[schema(example = "pending")]
    connection_status: &'static str,
}

impl From<&Agent> for AgentRefBody {
    fn from(agent: &Agent) -> Self {
        Self {
            id: agent.id.to_string(),
            agent_id: agent.slug.to_string(),
            name: agent.name.clone(),
            agent_type: agent_type(agent),
            connection_status: connection_status(agent),
        }
    }
}

impl RegisteredAgentBody {
    fn of(api: &Api, registered: &Registered) -> Result<Self, ApiError> {
        let Registered { agent, token } = registered;
        let body = AgentBody::of(api, agent)?;
        Ok(match token {
            Some(token) => Self::Waiting(Box::new(WaitingAgentBody {
                registered: body,
                agent: agent.into(),
                token: token.into(),
                message: "Agent registered. Connect it with the token: POST /v1/agents/connect.",
            })),
            None => Self::Connected(Box::new(ConnectedAtOnceBody {
                agent: body,
                keys: agent.into(),
                message: "Agent registered and connected.",
            })),
        })
    }
}

/// Register an agent.
///
/// With `public_key` the agent is connected at once. Without it the answer carries a connection token, which
/// works once and for an hour, and a claim code for the human eye. Needs an account key.
#[utoipa::path(
    tag = "agents",
    operation_id = "registerAgent",
    params(IdempotencyHeader),
    request_body = RegisterAgentBody,
    responses(
        (status = 201, body = RegisteredAgentBody),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`PLAN_LIMIT_REACHED`: the plan allows no more agents; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 409, description = "`AGENT_EXISTS`: the account has an agent of that slug", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/agents/register")]
pub(super) async fn register(
    auth: Auth,
    idempotency: Idempotency,
    body: Body<RegisterAgentBody>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    auth.caller.require_account_scope()?;
    let act = body.0.into_act(auth)?;
    let render = |api: &Api, registered| created(&RegisteredAgentBody::of(api, &registered)?);
    idempotency.perform(&api, act, render).await
}

crate::refusals!(RegisterError: pass [Denied, Invalid, Store] {
    Exists => CONFLICT "AGENT_EXISTS",
    LimitReached => FORBIDDEN "PLAN_LIMIT_REACHED",
});
