//! `GET /v1/agents/resolve`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use agentdrop_domain::agent::{ResolveAgent, ResolveAgentError, ResolveError, Resolved};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{KEY_ALGORITHM, PublicKeysBody, connection_status};
use crate::http::error::CandidateBody;
use crate::http::{ApiError, Auth, CommonErrors, ErrorBody, Query};
use crate::state::Api;

/// The agent that was meant.
#[derive(Debug, Serialize, ToSchema)]
struct ResolvedAgentBody {
    /// The agent's UUID.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    id: String,
    /// The UUID again, under the name some clients read.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    agent_uuid: String,
    /// The agent's slug.
    #[schema(example = "analysis-agent")]
    agent_id: String,
    /// What people call it.
    #[schema(example = "Analysis")]
    name: String,
    #[serde(flatten)]
    keys: PublicKeysBody,
    /// 0 before the first key, then raised with each new one.
    #[schema(example = 1)]
    key_version: u32,
    /// `pending`, `connected` or `disconnected`.
    #[schema(example = "connected")]
    connection_status: &'static str,
    /// Whether it is the caller's own.
    #[schema(example = false)]
    own: bool,
    /// The agent's account.
    #[schema(example = "0b9f6f0a-3b1d-4c7e-8f2a-6d5c4b3a2910")]
    account_id: String,
    /// The display name of that account.
    #[schema(example = "Acme")]
    account_name: String,
}

impl From<Resolved> for ResolvedAgentBody {
    fn from(resolved: Resolved) -> Self {
        let agent = &resolved.agent;
        // The public API names the algorithm even while there is no key.
        let keys = PublicKeysBody { public_key_algorithm: Some(KEY_ALGORITHM), ..agent.into() };
        Self {
            id: agent.id.to_string(),
            agent_uuid: agent.id.to_string(),
            agent_id: agent.slug.to_string(),
            name: agent.name.clone(),
            keys,
            key_version: agent.key_version,
            connection_status: connection_status(agent),
            own: resolved.own,
            account_id: resolved.account.id.to_string(),
            account_name: resolved.account.name,
        }
    }
}

/// Look up an agent, for instance to encrypt to its public key.
///
/// Own agents, and agents on other accounts that have an active pairing with any of yours; for all others the
/// answer is 404. An own agent is meant unless `account` names another account that holds a candidate.
#[utoipa::path(
    tag = "agents",
    operation_id = "resolveAgent",
    params(
        ("agent_id" = String, Query, description = "the agent's slug or UUID"),
        ("account" = Option<String>, Query, description = "which account is meant: e-mail, UUID or display name"),
    ),
    responses(
        (status = 200, body = ResolvedAgentBody),
        (status = 400, description = "`VALIDATION_ERROR`; `AMBIGUOUS_RECIPIENT`: several accounts hold one, see `candidates`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/agents/resolve")]
pub(super) async fn resolve(
    auth: Auth,
    mut query: Query,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let agent = query.required_text("agent_id", "an agent's slug or UUID").unwrap_or_default();
    let account = query.text("account").map(str::to_owned);
    query.finish()?;
    let resolved = api.ask(ResolveAgent { caller: auth.caller, agent, account }).await?;
    Ok(HttpResponse::Ok().json(ResolvedAgentBody::from(resolved)))
}

impl From<ResolveAgentError> for ApiError {
    fn from(error: ResolveAgentError) -> Self {
        match error {
            ResolveAgentError::Invalid(invalid) => invalid.into(),
            ResolveAgentError::Store(error) => error.into(),
            ResolveAgentError::Resolve(refusal) => refusal.into(),
        }
    }
}

impl From<ResolveError> for ApiError {
    fn from(error: ResolveError) -> Self {
        let message = error.to_string();
        match error {
            ResolveError::Store(error) => error.into(),
            ResolveError::NoCandidate => Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message),
            ResolveError::Ambiguous(candidates) => {
                Self::new(StatusCode::BAD_REQUEST, "AMBIGUOUS_RECIPIENT", message)
                    .candidates(candidates.iter().map(CandidateBody::from).collect())
            }
        }
    }
}
