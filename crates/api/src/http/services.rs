//! Operations as they are registered: their routes with each worker, their parts of the OpenAPI document once.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa::openapi::path::Paths;
use utoipa::openapi::{Components, OpenApi};
use utoipa_actix_web::OpenApiFactory;

/// Where the subjects put their operations.
pub struct Services<'a> {
    routes: &'a mut web::ServiceConfig,
    document: Option<&'a mut OpenApi>,
    prefix: &'static str,
}

impl<'a> Services<'a> {
    /// For the routes alone: the document takes megabytes while it is made, and no worker needs one.
    pub fn new(routes: &'a mut web::ServiceConfig) -> Self {
        Self { routes, document: None, prefix: "" }
    }

    /// For the document; the routes come along.
    pub fn documented(routes: &'a mut web::ServiceConfig, document: &'a mut OpenApi) -> Self {
        Self { routes, document: Some(document), prefix: "" }
    }

    /// Adds an operation.
    pub fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(&mut self, operation: F) -> &mut Self {
        if let Some(document) = &mut self.document {
            describe(document, self.prefix, &operation);
        }
        self.routes.service(operation);
        self
    }

    /// Adds the operations of a subject.
    pub fn configure(&mut self, subject: impl FnOnce(&mut Services<'_>)) -> &mut Self {
        subject(self);
        self
    }

    /// Adds operations whose paths begin with `prefix`; such a scope has none within it.
    pub fn scope(&mut self, prefix: &'static str, subject: impl FnOnce(&mut Services<'_>)) -> &mut Self {
        let document = self.document.as_deref_mut();
        let scope =
            web::scope(prefix).configure(|routes| subject(&mut Services { routes, document, prefix }));
        self.routes.service(scope);
        self
    }
}

fn describe(document: &mut OpenApi, prefix: &str, operation: &impl OpenApiFactory) {
    let paths = operation.paths().paths.into_iter().map(|(path, item)| (format!("{prefix}{path}"), item));
    let mut prefixed = Paths::new();
    prefixed.paths.extend(paths);
    document.paths.merge(prefixed);
    let mut schemas = Vec::new();
    operation.schemas(&mut schemas);
    document.components.get_or_insert_with(Components::new).schemas.extend(schemas);
}
