//! Pages for people.

use actix_web::http::header;
use actix_web::{HttpResponse, get};

/// Without scripts, and nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// What the `url` of a transfer shows to whoever opens it. It is the same for every id, so it tells nobody
/// which transfers there are, and it spends no download.
#[get("/t/{id}")]
pub async fn transfer() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("X-Robots-Tag", "noindex"))
        .body(include_str!("transfer.html"))
}
