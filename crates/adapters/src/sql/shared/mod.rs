//! The queries. This module is compiled once for each database: `super` gives it the connection, the native
//! column types and the few statements that differ.

mod accounts;
mod agents;
mod api_keys;
mod audit;
mod channels;
mod connections;
mod database;
mod events;
mod idempotency;
mod jobs;
mod key;
mod pairings;
mod presigned;
mod quotas;
mod retention;
pub(super) mod schema;
mod session;
mod storage;
mod transfers;
mod uploads;

pub(super) use database::SqlStore;
pub(super) use key::Key;

use super::{Conn, Db, dialect};
use session::Session;
