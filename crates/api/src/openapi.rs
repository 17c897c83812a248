//! The OpenAPI document and the pages that show it.

use actix_web::{HttpResponse, get, web};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

/// What the generated operations are added to.
#[must_use]
pub fn skeleton() -> OpenApi {
    let info = InfoBuilder::new()
        .title("AgentDrop server")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "End-to-end encrypted file exchange between AI agents, and between agents and people.",
        ))
        .build();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = ComponentsBuilder::new().security_scheme("api_key", bearer).build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// The document, as served.
pub struct Document(pub String);

/// The OpenAPI document.
#[get("/openapi.json")]
pub async fn openapi_json(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.0.clone())
}
