//! The AgentDrop HTTP API: requests in, one use case each, answers out. No rule lives here.
//!
//! - [`http`]: what every request shares (errors, authentication, rate limits, paging, the envelope).
//! - [`blobs`]: the bytes behind signed URLs.
//! - [`v1`]: the operations, one file a subject.
//! - [`openapi`]: the OpenAPI document, generated from the operations, and the pages that show it.
//! - [`pages`]: what people see.

pub mod blobs;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod openapi;
pub mod pages;
pub mod v1;

mod app;
mod listen;
mod state;

pub use app::{ServeOptions, configure, document, serve};
pub use listen::Listener;
pub use state::{Api, ApiSettings};
