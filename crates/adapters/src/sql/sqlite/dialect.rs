//! What SQLite does in its own way.

use agentdrop_domain::store::UniqueRule;
use diesel::connection::AnsiTransactionManager;
use diesel::deserialize::{self, FromSql};
use diesel::prelude::*;
use diesel::result::DatabaseErrorInformation;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sqlite::{Sqlite, SqliteValue};
use uuid::Uuid;

use super::Conn;
use super::shared::Key;
use crate::sql::error::{Diagnosis, UNIQUE_RULES};

/// The native column types.
pub(super) mod sql_types {
    pub(in super::super) use diesel::sql_types::{Binary as Id, Json as Facts, TimestamptzSqlite as Moment};
}

impl ToSql<sql_types::Id, Sqlite> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(&self.0.as_bytes()[..]);
        Ok(IsNull::No)
    }
}

impl FromSql<sql_types::Id, Sqlite> for Key {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

/// Begins a transaction and takes the one write lock at once: a transaction that reads first and asks for it
/// later is refused when another has written in between.
pub(super) async fn begin(conn: &mut Conn) -> QueryResult<()> {
    conn.spawn_blocking(|conn| AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")).await
}

/// Nothing to do: writing transactions run one after the other.
#[expect(clippy::unused_async, reason = "the other database waits here")]
pub(super) async fn lock_accounts(_: &mut Conn, _: Vec<Key>) -> QueryResult<()> {
    Ok(())
}

/// Nothing to leave out: no other transaction writes beside this one.
macro_rules! skip_locked {
    ($query:expr) => {
        $query
    };
}
pub(super) use skip_locked;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    rule,
    contention: &["is locked"],
    outage: &[
        "disk I/O error",
        "database or disk is full",
        "unable to open database file",
        "attempt to write a readonly database",
        "out of memory",
    ],
};

fn rule(info: &dyn DatabaseErrorInformation) -> Option<UniqueRule> {
    let columns = info.message().strip_prefix("UNIQUE constraint failed: ")?;
    UNIQUE_RULES.iter().find(|(_, _, names)| *names == columns).map(|(rule, _, _)| *rule)
}
