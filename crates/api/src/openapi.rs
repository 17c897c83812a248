//! The OpenAPI document and the pages that show it.

use std::sync::OnceLock;

use actix_web::web::Bytes;
use actix_web::{HttpResponse, get, web};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

use crate::app::document;
use crate::http::ApiError;

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

/// The document, as served. It is written when it is first asked for: that takes megabytes, which most nodes never need.
#[derive(Default)]
pub struct Document(OnceLock<Bytes>);

impl Document {
    fn text(&self) -> Result<Bytes, ApiError> {
        match self.0.get() {
            Some(text) => Ok(text.clone()),
            None => {
                let text = document().to_pretty_json().map_err(|error| {
                    tracing::error!(%error, "the OpenAPI document can't be written");
                    ApiError::internal()
                })?;
                Ok(self.0.get_or_init(|| text.into()).clone())
            }
        }
    }
}

/// The OpenAPI document.
#[get("/openapi.json")]
pub async fn openapi_json(document: web::Data<Document>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().content_type("application/json").body(document.text()?))
}
