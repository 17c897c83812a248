//! The rules of AgentDrop: who may send what to whom, for how long and how often.
//!
//! Nothing here knows a database, an HTTP framework, a clock or a random source; each is a **port** (a
//! trait) that an adapter implements. A use case is an [`Act`](act::Act) (it changes something, inside one
//! transaction) or an [`Ask`](act::Ask) (it only reads); it gets the time, ids and secrets handed in, so it
//! can be tested with mocked ports alone.
//!
//! One folder a subject: its entity and rules (pure functions on values), its repository port, and one file
//! per use case.

pub mod account;
pub mod act;
pub mod agent;
pub mod api_key;
pub mod audit;
pub mod blob;
pub mod caller;
pub mod channel;
pub mod clock;
pub mod connection;
pub mod error;
pub mod event;
mod fault;
pub mod idempotency;
pub mod ids;
pub mod inbox;
pub mod job;
#[cfg(feature = "mock")]
pub mod mock;
pub mod page;
pub mod pairing;
pub mod plan;
mod race;
pub mod retention;
pub mod secret;
pub mod settings;
pub mod storage;
pub mod store;
pub mod transfer;
pub mod words;
