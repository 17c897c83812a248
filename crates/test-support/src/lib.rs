//! Real parts for tests: a throw-away Postgres, S3 servers, child processes that die with the test.
//!
//! Nothing here skips a test. What a test asks for is there, or the test panics with a message that says
//! what to install or which variable to set; `scripts/test` provides all of it.
#![expect(clippy::expect_used, reason = "a failed helper is a failed test")]

#[cfg(feature = "app")]
pub mod app;
pub mod fault;
pub mod postgres;
pub mod process;
pub mod s3;

mod environment;
