//! The database on Postgres.

mod address;
mod connect;
mod dialect;
mod migrate;
#[path = "../shared/mod.rs"]
mod shared;
mod tls;

pub(super) use connect::open;

use connect::Target;

type Conn = diesel_async::AsyncPgConnection;
type Db = diesel::pg::Pg;
