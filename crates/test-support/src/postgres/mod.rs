//! Postgres for tests: one server per test process, one template per schema, one database per test.
//!
//! The server is `TEST_DATABASE_URL` if that is set (a role that may create databases), else a throw-away
//! cluster from the machine's binaries.
//!
//! ```no_run
//! use agentdrop_test_support::postgres::TemplateDatabase;
//! use tokio::sync::OnceCell;
//!
//! static TEMPLATE: OnceCell<TemplateDatabase> = OnceCell::const_new();
//!
//! async fn migrate(url: String) { /* run the migrations */ }
//!
//! # async fn test() {
//! let template = TEMPLATE.get_or_init(|| TemplateDatabase::create(migrate)).await;
//! let database = template.fresh_database().await;
//! assert!(database.url().starts_with("postgres://"));
//! # }
//! ```

mod admin;
mod cluster;

use std::future::Future;

use admin::Admin;
use futures_util::TryStreamExt as _;
use tokio_postgres::NoTls;

/// A database that is copied for each test and that nobody connects to.
pub struct TemplateDatabase {
    name: String,
}

impl TemplateDatabase {
    /// Makes an empty database, lets `migrate` fill it (its argument is the database's URL), and closes it
    /// for connections.
    ///
    /// # Panics
    /// If there is no Postgres to use, or a statement fails.
    pub async fn create<F, Fut>(migrate: F) -> Self
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = ()>,
    {
        let admin = Admin::of_this_process();
        let name = admin.new_database_name();
        admin.execute(format!("CREATE DATABASE {name}")).await;
        migrate(admin.url_of(&name)).await;
        // A pool that is still closing would make each copy fail with "being accessed by other users".
        admin.execute(format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
        admin
            .execute(format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ))
            .await;
        Self { name }
    }

    /// A copy of the template (about 40 ms), for one test.
    ///
    /// # Panics
    /// If Postgres refuses.
    pub async fn fresh_database(&self) -> TestDatabase {
        let admin = Admin::of_this_process();
        let name = admin.new_database_name();
        admin.execute(format!("CREATE DATABASE {name} TEMPLATE {}", self.name)).await;
        TestDatabase { url: admin.url_of(&name), name }
    }
}

/// The database of one test; dropped with this value, whoever is still connected.
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// An empty database without a template, for tests of the migrations themselves.
    ///
    /// # Panics
    /// If there is no Postgres to use, or it refuses.
    pub async fn empty() -> Self {
        let admin = Admin::of_this_process();
        let name = admin.new_database_name();
        admin.execute(format!("CREATE DATABASE {name}")).await;
        Self { url: admin.url_of(&name), name }
    }

    /// The bytes of all rows of all tables, one after the other.
    ///
    /// # Panics
    /// If Postgres refuses.
    pub async fn contents(&self) -> Vec<u8> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.expect("a connection");
        let driver = tokio::spawn(connection);
        let tables = "SELECT quote_ident(relname) FROM pg_stat_user_tables ORDER BY relname";
        let mut contents = Vec::new();
        for table in client.query(tables, &[]).await.expect("the tables") {
            let copy = format!("COPY {} TO STDOUT (FORMAT binary)", table.get::<_, &str>(0));
            let rows = client.copy_out(&copy).await.expect("the rows");
            let blocks: Vec<_> = rows.try_collect().await.expect("all rows");
            contents.extend(blocks.concat());
        }
        driver.abort();
        contents
    }

    /// `postgres://user:password@host:port/name`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        Admin::of_this_process().drop_later(&self.name);
    }
}
