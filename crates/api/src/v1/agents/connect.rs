//! `POST /v1/agents/connect`: the connection token is the credential.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, post, web};
use agentdrop_domain::agent::{Agent, Connect, ConnectError};
use agentdrop_domain::error::FieldErrors;
use agentdrop_domain::secret::Token;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{PublicKeysBody, connection_status, inbox_url};
use super::fields::PublicKeyFields;
use crate::http::auth::{bearer, count_failure};
use crate::http::{ApiError, Body, CommonErrors, ErrorBody};
use crate::state::Api;

/// The bearer token of a request, whatever it is worth. As the first extractor it lets 401 come before 400.
struct Presented(Token);

impl FromRequest for Presented {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(bearer(request).map(Self))
    }
}

/// A connected agent.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectedAgentBody {
    /// The agent's UUID.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    id: String,
    /// The UUID again, under the name some clients read.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    agent_uuid: String,
    /// The agent's slug.
    #[schema(example = "data-pipeline")]
    agent_id: String,
    /// `connected`.
    #[schema(example = "connected")]
    status: &'static str,
    /// Raised with each new key.
    #[schema(example = 1)]
    key_version: u32,
    #[serde(flatten)]
    keys: PublicKeysBody,
    /// Where the agent's inbox is read.
    #[schema(example = "https://agentdrop.example.com/v1/agents/5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f/inbox")]
    inbox_url: String,
    /// What to do next.
    #[schema(example = "Agent connected. The token can't be used again.")]
    message: &'static str,
}

impl ConnectedAgentBody {
    fn of(api: &Api, agent: &Agent) -> Self {
        Self {
            id: agent.id.to_string(),
            agent_uuid: agent.id.to_string(),
            agent_id: agent.slug.to_string(),
            status: connection_status(agent),
            key_version: agent.key_version,
            keys: agent.into(),
            inbox_url: inbox_url(api, agent),
            message: "Agent connected. The token can't be used again.",
        }
    }
}

/// Connect a registered agent.
///
/// The credential is the connection token, sent as `Authorization: Bearer agt_…`; a successful call burns it.
#[utoipa::path(
    tag = "agents",
    operation_id = "connectAgent",
    request_body = PublicKeyFields,
    responses(
        (status = 200, body = ConnectedAgentBody),
        (status = 400, description = "`VALIDATION_ERROR`; the token stays usable", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/agents/connect")]
pub(super) async fn connect(
    token: Presented,
    request: HttpRequest,
    body: Body<PublicKeyFields>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let mut errors = FieldErrors::default();
    let keys = body.0.read(&mut errors);
    errors.finish()?;
    match api.perform(Connect { token: token.0, keys }).await {
        Ok(agent) => Ok(HttpResponse::Ok().json(ConnectedAgentBody::of(&api, &agent))),
        Err(error) => {
            if error.code() == BAD_TOKEN {
                count_failure(&api, &request)?;
            }
            Err(error)
        }
    }
}

const BAD_TOKEN: &str = "UNAUTHORIZED";

crate::refusals!(ConnectError: pass [Invalid, Store] {
    BadToken => UNAUTHORIZED "UNAUTHORIZED",
});
