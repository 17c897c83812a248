//! For tests: a mock of the database, and a fixture in which time, ids and tokens are known beforehand.
//!
//! A mock panics on every call that a test has not announced, so a refusal that writes anything fails.

mod fixture;
mod journal;
mod ports;
mod quota;

pub use fixture::{Fixture, id, slug};
pub use journal::Journal;
pub use ports::{MockDb, MockTx};
pub use quota::allow_quota;
