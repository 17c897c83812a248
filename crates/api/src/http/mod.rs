//! What every request shares.

pub mod auth;
pub mod body;
pub mod crossing;
pub mod drain;
pub mod envelope;
pub mod error;
pub mod fallback;
pub mod fields;
pub mod health;
pub mod idempotency;
pub mod paging;
pub mod path;
pub mod query;
pub mod rate_limit;
pub mod services;
pub mod wire;

pub use auth::Auth;
pub use body::Body;
pub use error::{ApiError, CommonErrors, ErrorBody};
pub use idempotency::{Idempotency, IdempotencyHeader, created, ok};
pub use paging::Paging;
pub use path::Id;
pub use query::Query;
pub use services::Services;
