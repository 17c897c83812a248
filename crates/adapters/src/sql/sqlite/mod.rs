//! The database in one file: one connection writes, others read beside it.

mod connect;
mod dialect;
mod migrate;
#[path = "../shared/mod.rs"]
mod shared;

pub(super) use connect::open;

use connect::Target;

type Conn = diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;
type Db = diesel::sqlite::Sqlite;
