//! `/healthz`: the process is alive. `/readyz`: the database and the store answer.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::ErrorBody;
use super::error::{OUTAGE_RETRY_SECONDS, chain};
use crate::state::Api;

/// Liveness.
#[derive(Debug, Serialize, ToSchema)]
struct Alive {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Readiness, part by part.
#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    /// `ok` or `unavailable`.
    status: &'static str,
    /// `ok` or `unavailable`.
    database: &'static str,
    /// `ok` or `unavailable`.
    storage: &'static str,
}

/// Says that the process runs.
#[utoipa::path(tag = "health", operation_id = "healthz", responses((status = 200, body = Alive)))]
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: "ok" })
}

/// Says whether the database and the store answer.
#[utoipa::path(
    tag = "health",
    operation_id = "readyz",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness), (status = 500, body = ErrorBody))
)]
#[get("/readyz")]
pub async fn readyz(api: web::Data<Api>) -> Result<HttpResponse, super::ApiError> {
    let ports = api.ports.clone();
    let (database, storage) =
        api.run(async move { Ok((ports.database.ping().await, ports.blobs.ping().await)) }).await?;
    let word = |part: &str, answer: Result<(), String>| match answer {
        Ok(()) => "ok",
        Err(cause) => {
            tracing::warn!(part, cause, "not ready");
            "unavailable"
        }
    };
    let database = word("database", database.map_err(|error| chain(&error)));
    let storage = word("storage", storage.map_err(|error| chain(&error)));
    let ready = (database, storage) == ("ok", "ok");
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = HttpResponse::build(status);
    if !ready {
        response.insert_header(("Retry-After", OUTAGE_RETRY_SECONDS.to_string()));
    }
    Ok(response.json(Readiness { status: if ready { "ok" } else { "unavailable" }, database, storage }))
}
