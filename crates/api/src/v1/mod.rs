//! The operations under `/v1`, one file a subject.

pub mod inbox;
pub mod transfers;

use utoipa_actix_web::service_config::ServiceConfig;

/// All operations.
pub fn configure(services: &mut ServiceConfig<'_>) {
    // Before the transfers: /transfers/inbox must win over /transfers/{id}.
    services.configure(inbox::configure);
    services.configure(transfers::configure);
}
