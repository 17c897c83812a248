//! Transfers: create, list, get, download, delete.

pub(crate) mod answer;
mod create;
mod crossing;
mod download;
mod form;
mod held;
mod manage;
mod reader;

use utoipa_actix_web::service_config::ServiceConfig;

/// The operations of this subject.
pub fn configure(services: &mut ServiceConfig<'_>) {
    services
        .service(create::create)
        .service(manage::list)
        .service(manage::get)
        .service(download::download)
        .service(manage::delete);
}
