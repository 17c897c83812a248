//! What several checks need, opened once, and nothing made that is not there yet: folders and files that this
//! command made would belong to whoever called it, not to the server's user.

use std::path::Path;
use std::sync::Arc;

use agentdrop_adapters::sql::SqlDatabase;
use agentdrop_domain::blob::BlobStore;
use tokio::time::timeout;

use super::PATIENCE;
use super::trial::{Trial, TrialError, trial};
use crate::config::{Config, Database, Loaded, Storage};
use crate::wiring::{WiringError, open_database, open_storage};

/// A configured server with its database and the outcome of a trial of its storage.
pub struct Installation<'a> {
    /// The configuration.
    pub loaded: &'a Loaded,
    /// The database, as it is.
    pub database: Result<SqlDatabase, Closed>,
    /// How an object fared in the storage.
    pub trial: Result<Trial, Closed>,
}

/// Why a part can't be looked into.
#[derive(Debug)]
pub enum Closed {
    /// The embedded part's file or folder is made at the first start.
    NotYet,
    /// It can't be opened.
    Unopened(WiringError),
    /// The storage is open but does not do what it must.
    Unfit(TrialError),
    /// It does not answer in time.
    Silent,
}

impl<'a> Installation<'a> {
    /// Opens what there is.
    pub async fn open(loaded: &'a Loaded) -> Self {
        let config = &loaded.config;
        let (database, trial) =
            tokio::join!(timeout(PATIENCE, database(config)), timeout(PATIENCE, try_storage(config)));
        Self {
            loaded,
            database: database.unwrap_or(Err(Closed::Silent)),
            trial: trial.unwrap_or(Err(Closed::Silent)),
        }
    }

    /// The configuration's values.
    pub fn config(&self) -> &'a Config {
        &self.loaded.config
    }
}

async fn database(config: &Config) -> Result<SqlDatabase, Closed> {
    if let Database::Sqlite(file) = &config.database {
        must_exist(file)?;
    }
    open_database(config).await.map_err(Closed::Unopened)
}

async fn try_storage(config: &Config) -> Result<Trial, Closed> {
    if let Storage::Files(folder) = &config.storage {
        must_exist(folder)?;
    }
    let store: Arc<dyn BlobStore> = open_storage(config).await.map_err(Closed::Unopened)?;
    trial(&*store).await.map_err(Closed::Unfit)
}

/// Only certain absence counts: what can't be looked at is opened, and the error then says why.
fn must_exist(path: &Path) -> Result<(), Closed> {
    match path.try_exists() {
        Ok(false) => Err(Closed::NotYet),
        Ok(true) | Err(_) => Ok(()),
    }
}
