//! The databases that the contract runs on, each test on one of its own.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use agentdrop_adapters::durability::Durability;
use agentdrop_adapters::sql::{Location, Options, SqlDatabase};
use agentdrop_domain::store::{Database, ReadView, UnitOfWork};
use agentdrop_test_support::postgres::{TemplateDatabase, TestDatabase};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Time enough for a slow machine; a test that needs another limit sets it.
pub const OPTIONS: Options = Options {
    connections: 8,
    wait: Duration::from_secs(60),
    statement_timeout: Duration::from_secs(60),
    answer_timeout: Duration::from_secs(60),
    lock_timeout: Duration::from_secs(60),
    durability: Durability::Full,
};

/// A database of one test.
pub struct TestDb {
    pub database: SqlDatabase,
    pub location: Location,
    _keeper: Keeper,
}

/// What takes the database away at the end.
#[expect(dead_code, reason = "held for its Drop")]
enum Keeper {
    Folder(TempDir),
    Postgres(TestDatabase),
}

static TEMPLATE: OnceCell<TemplateDatabase> = OnceCell::const_new();

async fn connect(location: &Location) -> SqlDatabase {
    SqlDatabase::connect(location, &OPTIONS).await.unwrap()
}

impl TestDb {
    /// A file without tables.
    pub async fn empty_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("a ? # % ü.sqlite3"));
        Self { database: connect(&location).await, location, _keeper: Keeper::Folder(folder) }
    }

    pub async fn sqlite() -> Self {
        let db = Self::empty_sqlite().await;
        db.database.migrate().await.unwrap();
        db
    }

    /// A Postgres database without tables.
    pub async fn empty_postgres() -> Self {
        Self::on_postgres(TestDatabase::empty().await).await
    }

    pub async fn postgres() -> Self {
        let template = TEMPLATE.get_or_init(|| {
            TemplateDatabase::create(|url| async {
                connect(&Location::Postgres(url)).await.migrate().await.unwrap();
            })
        });
        Self::on_postgres(template.await.fresh_database().await).await
    }

    async fn on_postgres(database: TestDatabase) -> Self {
        let location = Location::Postgres(database.url().to_owned());
        Self { database: connect(&location).await, location, _keeper: Keeper::Postgres(database) }
    }

    /// Another node on the same database.
    pub async fn another_node(&self, options: Options) -> SqlDatabase {
        SqlDatabase::connect(&self.location, &options).await.unwrap()
    }

    pub fn file(&self) -> PathBuf {
        match &self.location {
            Location::File(path) => path.clone(),
            Location::Postgres(_) => panic!("this database is not a file"),
        }
    }

    pub async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.database.begin().await.unwrap()
    }

    pub async fn read(&self) -> Box<dyn ReadView> {
        self.database.read().await.unwrap()
    }

    /// All events, read beside the adapter.
    pub async fn events(&self) -> Vec<StoredEvent> {
        let columns = "seq, name, subject";
        match &self.location {
            Location::File(_) => {
                self.probe_file(format!(
                    "SELECT hex(account_id) AS account, {columns}, facts, at FROM events ORDER BY account_id, seq"
                ))
                .await
            }
            Location::Postgres(url) => {
                probe_postgres(
                    url,
                    format!(
                        "SELECT account_id::text, {columns}, facts::text, at::text
                         FROM events ORDER BY account_id, seq"
                    ),
                )
                .await
            }
        }
    }

    /// All entries of the audit log, as `act subject account-or-nothing key-or-nothing`.
    pub async fn audit(&self) -> Vec<String> {
        let select = |hex: &str| {
            format!(
                "SELECT '' AS account, 0 AS seq, act AS name,
                        act || ' ' || subject || ' ' || coalesce({hex}(account_id{cast}), '-') || ' '
                            || coalesce({hex}(key_id{cast}), '-') AS subject,
                        '{{}}' AS facts, '' AS at
                 FROM audit_entries ORDER BY audit_entries.at",
                cast = if hex.is_empty() { "::text" } else { "" },
            )
        };
        let rows = match &self.location {
            Location::File(_) => self.probe_file(select("hex")).await,
            Location::Postgres(url) => {
                probe_postgres(url, select("").replace("0 AS seq", "0::bigint AS seq")).await
            }
        };
        rows.into_iter().map(|row| row.subject).collect()
    }

    async fn probe_file(&self, sql: String) -> Vec<StoredEvent> {
        let path = self.file();
        tokio::task::spawn_blocking(move || {
            let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            diesel::sql_query("PRAGMA busy_timeout = 60000").execute(&mut conn).unwrap();
            diesel::sql_query(sql).load(&mut conn).unwrap()
        })
        .await
        .unwrap()
    }
}

async fn probe_postgres(url: &str, sql: String) -> Vec<StoredEvent> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let rows = client.query(&sql, &[]).await.unwrap();
    driver.abort();
    rows.iter()
        .map(|row| StoredEvent {
            account: row.get(0),
            seq: row.get(1),
            name: row.get(2),
            subject: row.get(3),
            facts: row.get(4),
            at: row.get(5),
        })
        .collect()
}

/// An event as the database keeps it.
#[derive(Debug, QueryableByName)]
pub struct StoredEvent {
    #[diesel(sql_type = Text)]
    pub account: String,
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub subject: String,
    #[diesel(sql_type = Text)]
    pub facts: String,
    #[diesel(sql_type = Text)]
    pub at: String,
}

impl StoredEvent {
    pub fn account<T: From<Uuid>>(&self) -> T {
        T::from(Uuid::parse_str(&self.account).unwrap())
    }
}

/// Runs statements in a transaction and commits it.
macro_rules! commit {
    ($db:expr, |$tx:ident| $body:expr) => {{
        #[allow(unused_mut, reason = "some bodies only read")]
        let mut $tx = $db.begin().await;
        let outcome = $body;
        $tx.commit().await.unwrap();
        outcome
    }};
}
pub(crate) use commit;

/// Runs `count` tasks at once and hands out what they return.
pub async fn in_parallel<T, F>(count: u64, task: impl Fn(u64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = (0..count).map(|n| tokio::spawn(task(n))).collect();
    let mut outcomes = Vec::new();
    for task in running {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}
