//! Transfers that are prepared first and uploaded to signed URLs.

mod body;
mod confirm;
mod parts;
mod prepare;

use crate::http::Services;

/// The operations of this subject.
pub fn configure(services: &mut Services<'_>) {
    services
        .service(prepare::prepare)
        .service(prepare::prepare_multipart)
        .service(confirm::confirm)
        .service(parts::list)
        .service(parts::urls)
        .service(parts::complete)
        .service(parts::abort);
}
