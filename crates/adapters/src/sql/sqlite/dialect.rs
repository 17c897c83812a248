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

/// Nothing to do, as above.
#[expect(clippy::unused_async, reason = "the other database waits here")]
pub(super) async fn lock_address(_: &mut Conn, _: &str) -> QueryResult<()> {
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

#[cfg(test)]
mod tests {
    use agentdrop_domain::store::StoreError;
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};
    use tempfile::TempDir;

    use super::DIAGNOSIS;

    struct File(TempDir);

    impl File {
        fn connect(&self) -> SqliteConnection {
            SqliteConnection::establish(self.0.path().join("db").to_str().unwrap()).unwrap()
        }
    }

    /// What SQLite itself says to a statement, after others that it accepts.
    fn refusal(conn: &mut SqliteConnection, accepted: &str, refused: &str) -> StoreError {
        conn.batch_execute(accepted).unwrap();
        DIAGNOSIS.store_error(conn.batch_execute(refused).unwrap_err())
    }

    #[test]
    fn the_words_for_outages_are_sqlites_own() {
        let file = File(tempfile::tempdir().unwrap());
        let mut conn = file.connect();
        let table = "CREATE TABLE t (x ANY CHECK (x <> 3)) STRICT; INSERT INTO t VALUES (1);";
        conn.batch_execute(table).unwrap();
        for (accepted, refused) in [
            ("PRAGMA max_page_count = 4", "INSERT INTO t VALUES (zeroblob(1000000))"),
            ("PRAGMA query_only = ON", "INSERT INTO t VALUES (2)"),
        ] {
            let refusal = refusal(&mut conn, accepted, refused);
            assert!(matches!(refusal, StoreError::Unavailable { contention: false, .. }), "{refusal:?}");
        }
    }

    #[test]
    fn a_lock_of_another_connection_is_contention() {
        let file = File(tempfile::tempdir().unwrap());
        let mut holder = file.connect();
        holder.batch_execute("CREATE TABLE t (x ANY) STRICT; BEGIN IMMEDIATE").unwrap();
        let refusal = refusal(&mut file.connect(), "PRAGMA busy_timeout = 0", "INSERT INTO t VALUES (1)");
        assert!(refusal.is_contention(), "{refusal:?}");
    }

    #[test]
    fn what_nobody_planned_for_is_internal() {
        let file = File(tempfile::tempdir().unwrap());
        let table = "CREATE TABLE t (x ANY UNIQUE CHECK (x <> 3)) STRICT; INSERT INTO t VALUES (1)";
        for refused in
            ["INSERT INTO t VALUES (3)", "INSERT INTO t VALUES (1)", "INSERT INTO nowhere VALUES (1)"]
        {
            let refusal = refusal(&mut file.connect(), &format!("DROP TABLE IF EXISTS t; {table}"), refused);
            assert!(matches!(refusal, StoreError::Internal(_)), "{refusal:?}");
        }
    }
}
