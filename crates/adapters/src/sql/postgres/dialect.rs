//! What Postgres does in its own way.

use std::io::Write;

use agentdrop_domain::store::UniqueRule;
use diesel::deserialize::{self, FromSql};
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::result::DatabaseErrorInformation;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
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

/// Locks an address that may be in no row yet. Two addresses of one hash wait for each other, which is rare
/// and harmless.
pub(super) async fn lock_address(conn: &mut Conn, email: &str) -> QueryResult<()> {
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
    lock.bind::<Text, _>(email).execute(conn).await.map(drop)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use agentdrop_domain::store::StoreError;
    use agentdrop_test_support::postgres::TestDatabase;
    use diesel_async::SimpleAsyncConnection;

    use super::super::connect::Target;
    use super::{Conn, DIAGNOSIS};
    use crate::durability::Durability;
    use crate::sql::Options;

    const OPTIONS: Options = Options {
        connections: 1,
        wait: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(30),
        answer_timeout: Duration::from_secs(30),
        lock_timeout: Duration::from_secs(30),
        durability: Durability::Full,
    };

    async fn connect(database: &TestDatabase, options: Options) -> Conn {
        let target = Target::new(database.url().parse().unwrap(), &options).unwrap();
        target.connect().await.unwrap()
    }

    async fn run(conn: &mut Conn, sql: &str) -> Result<(), StoreError> {
        conn.batch_execute(sql).await.map_err(|error| DIAGNOSIS.store_error(error))
    }

    #[track_caller]
    fn assert_outage(outcome: Result<(), StoreError>) {
        assert!(matches!(outcome, Err(StoreError::Unavailable { contention: false, .. })), "{outcome:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_transactions_in_a_deadlock_one_meets_contention() {
        let database = TestDatabase::empty().await;
        let (mut a, mut b) = (connect(&database, OPTIONS).await, connect(&database, OPTIONS).await);
        run(&mut a, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)").await.unwrap();
        run(&mut a, "BEGIN; UPDATE t SET id = 1 WHERE id = 1").await.unwrap();
        run(&mut b, "BEGIN; UPDATE t SET id = 2 WHERE id = 2").await.unwrap();
        let (a, b) = tokio::join!(
            run(&mut a, "UPDATE t SET id = 2 WHERE id = 2; COMMIT"),
            run(&mut b, "UPDATE t SET id = 1 WHERE id = 1; COMMIT"),
        );
        let ((Ok(()), Err(lost)) | (Err(lost), Ok(()))) = (a, b) else { panic!("one of the two wins") };
        assert!(lost.is_contention(), "{lost:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_transaction_that_saw_an_old_state_meets_contention() {
        let database = TestDatabase::empty().await;
        let (mut a, mut b) = (connect(&database, OPTIONS).await, connect(&database, OPTIONS).await);
        run(&mut a, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await.unwrap();
        run(&mut a, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t").await.unwrap();
        run(&mut b, "UPDATE t SET id = 2").await.unwrap();
        let lost = run(&mut a, "UPDATE t SET id = 3").await.unwrap_err();
        assert!(lost.is_contention(), "{lost:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn timeouts_and_ended_connections_are_outages() {
        let database = TestDatabase::empty().await;
        let impatient = Options { statement_timeout: Duration::from_millis(50), ..OPTIONS };
        let mut conn = connect(&database, impatient).await;
        assert_outage(run(&mut conn, "SELECT pg_sleep(30)").await);
        assert_outage(run(&mut conn, "SET transaction_read_only = on; CREATE TABLE t (id int)").await);

        run(&mut conn, "SET application_name = 'victim'").await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'";
        run(&mut connect(&database, OPTIONS).await, end).await.unwrap();
        assert_outage(run(&mut conn, "SELECT 1").await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_nobody_planned_for_is_internal() {
        let database = TestDatabase::empty().await;
        let mut conn = connect(&database, OPTIONS).await;
        run(&mut conn, "CREATE TABLE t (id int UNIQUE CHECK (id <> 3)); INSERT INTO t VALUES (1)")
            .await
            .unwrap();
        for refused in
            ["INSERT INTO t VALUES (3)", "INSERT INTO t VALUES (1)", "INSERT INTO nowhere VALUES (1)"]
        {
            let refusal = run(&mut conn, refused).await.unwrap_err();
            assert!(matches!(refusal, StoreError::Internal(_)), "{refusal:?}");
        }
    }
}
