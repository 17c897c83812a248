//! The connection that creates and drops databases, on a thread of its own: tests come and go with their
//! runtimes, and a `Drop` cannot await.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use reqwest::Url;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, NoTls};

use super::cluster::Cluster;
use crate::environment;

/// Every database made here is called `agentdrop_test_<run>_<number>`.
const PREFIX: &str = "agentdrop_test_";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

type RunNumber = Result<i64, tokio_postgres::Error>;

struct Statement {
    sql: String,
    /// Who waits for the outcome; nobody for a drop.
    reply: Option<oneshot::Sender<Result<(), tokio_postgres::Error>>>,
}

/// The one Postgres of this test process.
pub(super) struct Admin {
    url: Url,
    /// Number of this test process on the server; its admin session carries it as application name.
    run: i64,
    databases: AtomicU32,
    statements: mpsc::UnboundedSender<Statement>,
    _cluster: Option<Cluster>,
}

impl Admin {
    /// # Panics
    /// If there is no Postgres to use.
    pub(super) fn of_this_process() -> &'static Self {
        static ADMIN: OnceLock<Admin> = OnceLock::new();
        ADMIN.get_or_init(Self::connect)
    }

    fn connect() -> Self {
        let given = environment::optional("TEST_DATABASE_URL");
        let cluster = given.is_none().then(Cluster::start);
        let url = cluster.as_ref().map_or_else(|| given.unwrap_or_default(), |own| own.admin_url.clone());
        let url = Url::parse(&url)
            .expect("TEST_DATABASE_URL is a URL: postgres://user:password@host:port/database");
        let (statements, inbox) = mpsc::unbounded_channel();
        let (sender, run) = std::sync::mpsc::channel();
        let session = session(url.to_string(), sender, inbox);
        thread::Builder::new()
            .name("test-postgres-admin".to_owned())
            .spawn(move || block_on(session))
            .expect("a thread starts");
        let run = run
            .recv_timeout(CONNECT_TIMEOUT)
            .expect("the test Postgres (TEST_DATABASE_URL, if set) answers in time")
            .unwrap_or_else(|error| {
                panic!("cannot use the test Postgres (TEST_DATABASE_URL, if set): {error:?}")
            });
        Self { url, run, databases: AtomicU32::new(0), statements, _cluster: cluster }
    }

    pub(super) fn new_database_name(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        format!("{PREFIX}{}_{number}", self.run)
    }

    pub(super) fn url_of(&self, database: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.to_string()
    }

    pub(super) async fn execute(&self, sql: String) {
        let (reply, outcome) = oneshot::channel();
        // Where the session has ended, the statement's `reply` is dropped: the next line reports it.
        let _ = self.statements.send(Statement { sql: sql.clone(), reply: Some(reply) });
        let outcome = outcome.await.expect("the admin session lives as long as the process");
        outcome.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    pub(super) fn drop_later(&self, database: &str) {
        // Best effort: what stays goes with the cluster, or is swept by the next run.
        let _ = self.statements.send(Statement { sql: drop_statement(database), reply: None });
    }
}

fn block_on(session: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(session);
}

/// Connects, tells the run's number, then executes statements one by one.
async fn session(
    url: String,
    run: std::sync::mpsc::Sender<RunNumber>,
    mut statements: mpsc::UnboundedReceiver<Statement>,
) {
    let (client, connection) = match tokio_postgres::connect(&url, NoTls).await {
        Ok(connected) => connected,
        Err(error) => return hand_over(&run, Err(error)),
    };
    tokio::spawn(connection);
    let begun = begin_run(&client).await;
    let failed = begun.is_err();
    hand_over(&run, begun);
    if failed {
        return;
    }
    while let Some(Statement { sql, reply }) = statements.recv().await {
        let outcome = client.batch_execute(&sql).await;
        if let Some(reply) = reply {
            // A test that was cancelled no longer waits.
            let _ = reply.send(outcome);
        }
    }
}

fn hand_over(run: &std::sync::mpsc::Sender<RunNumber>, number: RunNumber) {
    // The caller has given up if it is gone.
    let _ = run.send(number);
}

/// Takes a number for this test process and removes what earlier ones left on a lasting server.
async fn begin_run(client: &Client) -> RunNumber {
    let row = client.query_one("SELECT CAST(floor(random() * 1e15) AS bigint) AS run", &[]).await?;
    let run = row.get("run");
    client.batch_execute(&format!("SET application_name = '{PREFIX}{run}'")).await?;
    drop_databases_of_dead_runs(client).await?;
    Ok(run)
}

/// A run whose admin session is gone has ended, however it ended.
async fn drop_databases_of_dead_runs(client: &Client) -> Result<(), tokio_postgres::Error> {
    let dead = client
        .query(
            "SELECT made.datname FROM pg_database made
             WHERE made.datname ~ ('^' || $1 || '[0-9]+_[0-9]+$') AND NOT EXISTS (
                 SELECT FROM pg_stat_activity session
                 WHERE session.application_name = regexp_replace(made.datname, '_[0-9]+$', '')
             )",
            &[&PREFIX],
        )
        .await?;
    for row in dead {
        let name: &str = row.get("datname");
        client.batch_execute(&drop_statement(name)).await?;
    }
    Ok(())
}

fn drop_statement(database: &str) -> String {
    format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")
}
