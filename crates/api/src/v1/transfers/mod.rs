//! Transfers: create, list, get, download, delete.

pub(crate) mod answer;
mod create;
mod download;
mod fingerprint;
mod form;
mod held;
mod manage;
mod presigned;
mod reader;
mod refusal;

use crate::http::Services;

#[cfg(feature = "fuzzing")]
pub(crate) use create::receive_from;

/// The operations of this subject.
pub fn configure(services: &mut Services<'_>) {
    services
        .service(create::create)
        .service(manage::list)
        .service(manage::get)
        .service(download::download)
        .configure(presigned::configure)
        .service(manage::delete);
}
