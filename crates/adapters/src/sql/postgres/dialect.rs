//! What Postgres does in its own way.

use std::io::Write;

use agentdrop_domain::store::UniqueRule;
use diesel::deserialize::{self, FromSql};
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::result::DatabaseErrorInformation;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel_async::{AnsiTransactionManager, RunQueryDsl};

use super::Conn;
use super::shared::Key;
use super::shared::schema::accounts;
use crate::sql::error::{Diagnosis, UNIQUE_RULES};

/// The native column types.
pub(super) mod sql_types {
    pub(in super::super) use diesel::sql_types::{Jsonb as Facts, Timestamptz as Moment, Uuid as Id};
}

impl ToSql<sql_types::Id, Pg> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<sql_types::Id, Pg> for Key {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<sql_types::Id, Pg>::from_sql(value).map(Self)
    }
}

/// Begins a transaction. The level is named, since a server may have another default.
pub(super) async fn begin(conn: &mut Conn) -> QueryResult<()> {
    AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN ISOLATION LEVEL READ COMMITTED").await
}

/// Locks the rows of accounts, given in ascending order, against every other transaction that locks them.
/// The weakest lock that excludes itself: rows that only refer to an account can still be added.
pub(super) async fn lock_accounts(conn: &mut Conn, ids: Vec<Key>) -> QueryResult<()> {
    let rows = accounts::table
        .filter(accounts::id.eq_any(ids))
        .order(accounts::id)
        .select(accounts::id)
        .for_no_key_update();
    rows.load::<Key>(conn).await.map(drop)
}

/// Leaves out rows that another transaction holds, and holds the others until this one ends.
macro_rules! skip_locked {
    ($query:expr) => {
        $query.for_update().skip_locked()
    };
}
pub(super) use skip_locked;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    rule,
    contention: &["deadlock detected", "due to lock timeout", "could not serialize access"],
    outage: &[
        "statement timeout",
        "idle-in-transaction timeout",
        "terminating connection",
        "conflict with recovery",
        "the database system is",
        "too many clients",
        "too many connections",
        "remaining connection slots",
        "No space left on device",
        "out of memory",
        "out of shared memory",
    ],
};

fn rule(info: &dyn DatabaseErrorInformation) -> Option<UniqueRule> {
    let index = info.constraint_name()?;
    UNIQUE_RULES.iter().find(|(_, name, _)| *name == index).map(|(rule, _, _)| *rule)
}
