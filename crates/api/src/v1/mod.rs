//! The operations under `/v1`, one file a subject.

use utoipa_actix_web::service_config::ServiceConfig;

/// All operations.
pub fn configure(_services: &mut ServiceConfig<'_>) {}
