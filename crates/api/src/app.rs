//! The application: operations, the pages about them, and what surrounds both.

use actix_server::{Server, ServerBuilder};
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::blobs;
use crate::http::body::MAX_JSON_BYTES;
use crate::http::fallback::{KnownPaths, fallback};
use crate::http::{Services, envelope, health, idempotency};
use crate::listen::{Listener, Patience, listen};
use crate::openapi::{Document, openapi_json, skeleton};
use crate::pages;
use crate::state::Api;
use crate::v1;

/// How the HTTP side is run.
#[derive(Debug, Clone, Copy)]
pub struct ServeOptions {
    /// Threads that parse HTTP and stream bodies.
    pub workers: usize,
    /// How long running requests may take to finish after a shutdown was asked for, in seconds.
    pub shutdown_seconds: u64,
}

/// Every operation, each with its part of the OpenAPI document.
pub fn configure(services: &mut Services<'_>) {
    services.service(health::healthz).service(health::readyz);
    services.configure(blobs::configure);
    services.scope("/v1", v1::configure);
}

/// The OpenAPI document of [`configure`].
#[must_use]
pub fn document() -> OpenApi {
    let mut document = described(skeleton(), configure);
    idempotency::describe(&mut document);
    document
}

/// Adds to a document what is configured.
fn described(mut document: OpenApi, configure: fn(&mut Services<'_>)) -> OpenApi {
    App::new().configure(|routes| configure(&mut Services::documented(routes, &mut document)));
    document
}

/// What the listener for bytes alone answers.
fn configure_blobs(services: &mut Services<'_>) {
    services.service(health::healthz).configure(blobs::configure);
}

/// Serves the API on bound sockets until it is told to stop: everything on the first, only signed URLs (and
/// `/healthz`) on the second.
///
/// # Errors
/// If a socket can't be listened on.
pub fn serve(
    api: Api,
    main: Listener,
    blobs: Option<Listener>,
    options: ServeOptions,
) -> std::io::Result<Server> {
    let api = web::Data::new(api);
    let builder =
        Server::build().workers(options.workers).shutdown_timeout(options.shutdown_seconds).disable_signals();
    let mut builder = serve_all(builder, api.clone(), main)?;
    if let Some(listener) = blobs {
        builder = serve_blobs(builder, api, listener)?;
    }
    Ok(builder.run())
}

fn serve_all(
    builder: ServerBuilder,
    api: web::Data<Api>,
    listener: Listener,
) -> std::io::Result<ServerBuilder> {
    let known = web::Data::new(KnownPaths::of(document));
    let page = web::Data::new(Document::default());
    listen(builder, listener, Patience::default(), move || {
        App::new()
            .configure(|routes| configure(&mut Services::new(routes)))
            .app_data(api.clone())
            .app_data(known.clone())
            .app_data(page.clone())
            .app_data(web::PayloadConfig::new(MAX_JSON_BYTES))
            .service(openapi_json)
            .service(pages::transfer)
            .service(web::redirect("/docs", "/docs/"))
            .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")))
            .default_service(web::to(fallback))
            .wrap(from_fn(envelope::envelope))
    })
}

fn serve_blobs(
    builder: ServerBuilder,
    api: web::Data<Api>,
    listener: Listener,
) -> std::io::Result<ServerBuilder> {
    let known = web::Data::new(KnownPaths::of(|| described(skeleton(), configure_blobs)));
    listen(builder, listener, Patience::default(), move || {
        App::new()
            .configure(|routes| configure_blobs(&mut Services::new(routes)))
            .app_data(api.clone())
            .app_data(known.clone())
            .default_service(web::to(fallback))
            .wrap(from_fn(envelope::envelope))
    })
}
