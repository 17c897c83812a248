//! The domain's database, on SQLite and on Postgres.
//!
//! Queries are written once: `shared` is compiled for each of the two, from `postgres` and from `sqlite`,
//! which give it the connection, the native column types and the few statements that differ (`dialect`).

mod error;
mod migration;
mod pool;
#[allow(clippy::duplicate_mod, reason = "the queries are compiled once for each database")]
mod postgres;
#[allow(clippy::duplicate_mod, reason = "the queries are compiled once for each database")]
mod sqlite;
mod values;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::store::{Database, ReadView, StoreError, UnitOfWork};
use async_trait::async_trait;

use crate::durability::Durability;
use error::NoConnection;

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite database in this file, which is made if it is not there. Its folder must be.
    File(PathBuf),
    /// The Postgres database at this URL (`postgres://user:password@host:port/database`). `sslmode` and
    /// `sslrootcert` are understood as libpq does, except that a certificate is always verified.
    Postgres(String),
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

/// How much is asked of a database, and how long it is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Connections at most. SQLite has one more, which writes.
    pub connections: u32,
    /// How long to wait for a free connection.
    pub wait: Duration,
    /// How long a statement may run (Postgres).
    pub statement_timeout: Duration,
    /// How long an answer of the server is waited for (Postgres). Longer than a statement may run: a server that
    /// is well says itself that one ran too long. It does not say so of a commit, which may still happen after this.
    pub answer_timeout: Duration,
    /// How long a statement may wait for another transaction.
    pub lock_timeout: Duration,
    /// When a commit counts (SQLite; a Postgres server decides that itself, by its `synchronous_commit`).
    pub durability: Durability,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 16,
            wait: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(15),
            answer_timeout: Duration::from_secs(20),
            lock_timeout: Duration::from_secs(5),
            durability: Durability::Full,
        }
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is not one of a Postgres database.
    #[error("the database URL can't be read: {0}")]
    BadUrl(&'static str),
    /// The file that `sslrootcert` names can't be used.
    #[error("the certificates in {path} can't be used: {reason}")]
    RootCertificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS could not be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
    /// It does not answer, or the file can't be opened.
    #[error(transparent)]
    NoAnswer(StoreError),
}

impl From<NoConnection> for OpenError {
    fn from(error: NoConnection) -> Self {
        Self::NoAnswer(error.into())
    }
}

/// What the operator's commands need besides the domain's ports.
#[async_trait]
trait Administration: Database {
    async fn migrate(&self) -> Result<Vec<String>, StoreError>;
    async fn is_migrated(&self) -> Result<bool, StoreError>;
    async fn now(&self) -> Result<Timestamp, StoreError>;
    async fn server_secret(&self, name: &str, fresh: Vec<u8>) -> Result<Vec<u8>, StoreError>;
}

/// The database of an installation. Clones share its connections.
#[derive(Clone)]
pub struct SqlDatabase(Arc<dyn Administration>);

impl SqlDatabase {
    /// Opens a database. It may still lack its tables: see [`SqlDatabase::migrate`].
    ///
    /// # Errors
    /// [`OpenError`] where it can't be reached. No error names the password.
    pub async fn connect(location: &Location, options: &Options) -> Result<Self, OpenError> {
        Ok(match location {
            Location::File(path) => Self(sqlite::open(path, options).await?),
            Location::Postgres(url) => Self(postgres::open(url, options).await?),
        })
    }

    /// Makes the tables, or brings them up to date; returns the versions it applied. Safe to call from
    /// several nodes at once.
    ///
    /// # Errors
    /// [`StoreError`] where the database refuses.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        self.0.migrate().await
    }

    /// Whether the tables are up to date.
    ///
    /// # Errors
    /// [`StoreError`] where the database does not answer.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        self.0.is_migrated().await
    }

    /// The time by the database's clock; SQLite's is this machine's, in whole seconds.
    ///
    /// # Errors
    /// [`StoreError`] where the database does not answer.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        self.0.now().await
    }

    /// The secret of that name that all nodes share. `fresh` becomes it if there is none yet.
    ///
    /// # Errors
    /// [`StoreError`] where the database does not answer.
    pub async fn server_secret(&self, name: &str, fresh: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.0.server_secret(name, fresh).await
    }
}

#[async_trait]
impl Database for SqlDatabase {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.0.begin().await
    }

    async fn read(&self) -> Result<Box<dyn ReadView>, StoreError> {
        self.0.read().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.0.ping().await
    }
}
