//! The application: operations, the pages about them, and what surrounds both.

use std::any::Any;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer, web};
use socket2::SockRef;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt as _, scope};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::blobs;
use crate::http::body::MAX_JSON_BYTES;
use crate::http::fallback::{KnownPaths, fallback};
use crate::http::{envelope, health};
use crate::openapi::{Document, openapi_json, skeleton};
use crate::pages;
use crate::state::Api;
use crate::v1;

/// For how long a client may take nothing of an answer.
const MAX_STALL: Duration = Duration::from_secs(120);

/// How the HTTP side is run.
#[derive(Debug, Clone, Copy)]
pub struct ServeOptions {
    /// Threads that parse HTTP and stream bodies.
    pub workers: usize,
    /// How long running requests may take to finish after a shutdown was asked for, in seconds.
    pub shutdown_seconds: u64,
}

/// Every operation, each with its part of the OpenAPI document.
pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(health::healthz).service(health::readyz);
    services.configure(blobs::configure);
    services.service(scope("/v1").configure(v1::configure));
}

/// The OpenAPI document of [`configure`].
#[must_use]
pub fn document() -> OpenApi {
    let (_, document) =
        App::new().into_utoipa_app().openapi(skeleton()).configure(configure).split_for_parts();
    document
}

/// Serves the API on a bound socket until it is told to stop.
///
/// # Errors
/// If the socket can't be listened on, or the document can't be written as JSON.
pub fn serve(api: Api, listener: TcpListener, options: ServeOptions) -> std::io::Result<Server> {
    let document = document();
    let json = document.to_pretty_json()?;
    let known = web::Data::new(KnownPaths::of(&document));
    let page = web::Data::new(Document(json));
    let api = web::Data::new(api);
    let app = move || {
        let (app, _) = App::new().into_utoipa_app().configure(configure).split_for_parts();
        app.app_data(api.clone())
            .app_data(known.clone())
            .app_data(page.clone())
            .app_data(web::PayloadConfig::new(MAX_JSON_BYTES))
            .service(openapi_json)
            .service(pages::transfer)
            .service(web::redirect("/docs", "/docs/"))
            .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")))
            .default_service(web::to(fallback))
            .wrap(from_fn(envelope::envelope))
    };
    let server = HttpServer::new(app)
        .on_connect(|connection, _| give_up_stalled(connection))
        .workers(options.workers)
        .shutdown_timeout(options.shutdown_seconds)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

/// Has the system end a connection whose peer takes nothing of what is sent to it for [`MAX_STALL`], so that a
/// download that nobody reads holds no file and no memory for good.
fn give_up_stalled(connection: &dyn Any) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>()
        && let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(MAX_STALL))
    {
        tracing::warn!(%error, "a stalled connection will not be ended");
    }
}
