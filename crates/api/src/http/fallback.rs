//! Requests that no operation answers: 405 with `Allow` where the path exists, 404 otherwise.

use std::sync::OnceLock;

use actix_web::dev::ResourceDef;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use utoipa::openapi::{OpenApi, PathItem};

use super::ApiError;

/// Every path of the API with its methods, read off the OpenAPI document when a request first needs it.
pub struct KnownPaths {
    document: fn() -> OpenApi,
    paths: OnceLock<Vec<(ResourceDef, String)>>,
}

impl KnownPaths {
    /// The paths of a document.
    #[must_use]
    pub const fn of(document: fn() -> OpenApi) -> Self {
        Self { document, paths: OnceLock::new() }
    }

    fn paths(&self) -> &[(ResourceDef, String)] {
        let known = |(path, item): (&String, &PathItem)| (ResourceDef::new(path.as_str()), methods(item));
        self.paths.get_or_init(|| (self.document)().paths.paths.iter().map(known).collect())
    }

    fn methods_at(&self, path: &str) -> Option<&str> {
        let exact = |def: &ResourceDef| def.pattern() == Some(path);
        let by = |test: &dyn Fn(&ResourceDef) -> bool| self.paths().iter().find(|(def, _)| test(def));
        // A literal path wins over a template that would also match it.
        by(&exact).or_else(|| by(&|def| def.is_match(path))).map(|(_, methods)| methods.as_str())
    }
}

fn methods(item: &PathItem) -> String {
    let has = [
        ("GET", item.get.is_some()),
        ("HEAD", item.head.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
        ("PATCH", item.patch.is_some()),
        ("DELETE", item.delete.is_some()),
    ];
    let names: Vec<&str> = has.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
    names.join(", ")
}

/// The default service.
pub async fn fallback(request: HttpRequest, known: web::Data<KnownPaths>) -> HttpResponse {
    let error = match known.methods_at(request.path()) {
        Some(methods) => ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            format!("this path answers {methods} only"),
        )
        .allow(methods.to_owned()),
        None => ApiError::not_found("this path"),
    };
    error.error_response()
}
