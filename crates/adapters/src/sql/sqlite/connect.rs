use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, SqliteConnection};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use tokio::fs::OpenOptions;
use tokio::task::spawn_blocking;
use url::Url;

use super::shared::SqlStore;
use crate::durability::Durability;
use crate::sql::error::{NoConnection, in_one_line};
use crate::sql::pool::{Connections, PoolSize};
use crate::sql::{Administration, OpenError, Options};

/// A database file and how long to wait for another process that writes to it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    url: String,
    busy_timeout: Duration,
    durability: Durability,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    Read,
}

/// Opens the database in a file, which is made if it is not there.
pub(in super::super) async fn open(
    path: &Path,
    options: &Options,
) -> Result<Arc<dyn Administration>, OpenError> {
    let target = Target::create(path, options).await?;
    let writers = connections(&target, Purpose::Write, 1, options).await?;
    let readers = connections(&target, Purpose::Read, options.connections, options).await?;
    Ok(Arc::new(SqlStore { writers, readers, target, patience: None }))
}

async fn connections(
    target: &Target,
    purpose: Purpose,
    max: u32,
    options: &Options,
) -> Result<Connections<super::Conn>, NoConnection> {
    let target = target.clone();
    let size = PoolSize { max, wait: options.wait, lifetime: None };
    let connect = move || {
        let target = target.clone();
        let connecting = spawn_blocking(move || target.connect(purpose));
        let connecting = async { connecting.await.map_err(|stopped| NoConnection(stopped.to_string()))? };
        Box::pin(async { connecting.await.map(SyncConnectionWrapper::new) }) as _
    };
    Connections::open(size, Box::new(connect)).await
}

impl Target {
    async fn create(path: &Path, options: &Options) -> Result<Self, NoConnection> {
        let refused = |error: io::Error| NoConnection(format!("{}: {error}", path.display()));
        let path = std::path::absolute(path).map_err(refused)?;
        create_file(path.clone()).await.map_err(refused)?;
        let mut url = Url::from_file_path(&path).map_err(|()| refused(io::ErrorKind::InvalidInput.into()))?;
        // The file is there: a later connection that does not find it must not begin an empty one.
        url.set_query(Some("mode=rw"));
        Ok(Self { url: url.into(), busy_timeout: options.lock_timeout, durability: options.durability })
    }

    /// A connection on this thread.
    pub(super) fn connect(&self, purpose: Purpose) -> Result<SqliteConnection, NoConnection> {
        let failed = |error: ConnectionError| NoConnection(in_one_line(&error));
        let mut conn = SqliteConnection::establish(&self.url).map_err(failed)?;
        let prepared = conn.batch_execute(&self.pragmas(purpose));
        prepared.map_err(|error| NoConnection(in_one_line(&error)))?;
        Ok(conn)
    }

    /// All of these are a connection's own but the journal mode. `busy_timeout` comes first, so that it
    /// covers the others.
    fn pragmas(&self, purpose: Purpose) -> String {
        format!(
            "PRAGMA busy_timeout = {};
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = {};
             PRAGMA foreign_keys = ON;
             PRAGMA journal_size_limit = {WAL_KEPT_BYTES};
             PRAGMA query_only = {};",
            self.busy_timeout.as_millis(),
            match self.durability {
                Durability::Full => "FULL",
                // The write-ahead log is synced when it is folded into the file, not at each commit.
                Durability::Os => "NORMAL",
            },
            if purpose == Purpose::Read { "ON" } else { "OFF" },
        )
    }
}

/// What stays of the write-ahead log's file after a burst of writes, in bytes.
const WAL_KEPT_BYTES: u32 = 64 << 20;

/// Makes the file if it is not there, for this user only; SQLite gives the files beside it the same mode.
async fn create_file(path: PathBuf) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await.map(drop)
}
