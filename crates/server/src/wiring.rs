//! The composition root: which adapter stands behind which port, by configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agentdrop_adapters::blobs::fs::{Disk, DiskReserve, FsBlobStore};
use agentdrop_adapters::blobs::s3::{S3BlobStore, S3Config, S3DirectStore};
use agentdrop_adapters::clock::{SystemClock, TokioTimer};
use agentdrop_adapters::ids::UuidGenerator;
use agentdrop_adapters::keys::Curve25519;
use agentdrop_adapters::sealer::TokenSealer;
use agentdrop_adapters::secrets::OsSecrets;
use agentdrop_adapters::signer::HmacSigner;
use agentdrop_adapters::sql::{Location, OpenError, Options, SqlDatabase};
use agentdrop_domain::act::Ports;
use agentdrop_domain::blob::{BlobError, BlobStore};
use agentdrop_domain::store::StoreError;
use agentdrop_domain::transfer::DirectStore;

use crate::config::{Config, Database, S3Config as S3Settings, Storage};

/// The name under which the database keeps the key of signed URLs.
const URL_KEY: &str = "url-signing-key";

/// Why the parts of a node can't be put together.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The data folder.
    #[error("the data folder {path} can't be made: choose another with AGENTDROP_DATA_DIR")]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database can't be opened.
    #[error("the database {0} can't be opened: check AGENTDROP_DATABASE_URL")]
    Database(String, #[source] OpenError),
    /// The database does not do what it must at the start.
    #[error("the database {0} can't be brought up to date")]
    Migration(String, #[source] StoreError),
    /// The store can't be opened.
    #[error("the storage {0} can't be opened: check the AGENTDROP_S3_… settings or the data folder")]
    Storage(String, #[source] BlobError),
    /// Clients can't reach the store.
    #[error("the storage {0} has no address that clients could use: check AGENTDROP_S3_PUBLIC_ENDPOINT")]
    PublicEndpoint(String),
    /// There is no key to sign URLs with.
    #[error("there is no key to sign URLs with: set AGENTDROP_SIGNING_KEY or unset it")]
    SigningKey,
}

/// The parts of a node.
pub struct Node {
    /// What use cases stand on.
    pub ports: Ports,
    /// The database, for what only operators do.
    pub database: SqlDatabase,
    /// The schema versions that were applied now.
    pub migrated: Vec<String>,
}

/// Opens the database and the store, brings the database up to date, and puts the ports together.
///
/// # Errors
/// [`WiringError`], which says what to change.
pub async fn open(config: &Config) -> Result<Node, WiringError> {
    let database = open_database(config).await?;
    let name = database_name(config);
    let migrated = database.migrate().await.map_err(|error| WiringError::Migration(name, error))?;
    let blobs = open_storage(config).await?;
    let signer = signer(config, &database).await?;
    let ports = Ports {
        database: Arc::new(database.clone()),
        blobs,
        direct: direct_store(config)?,
        clock: Arc::new(SystemClock),
        timer: Arc::new(TokioTimer),
        ids: Arc::new(UuidGenerator),
        secrets: Arc::new(OsSecrets::default()),
        keys: Arc::new(Curve25519),
        signer: Arc::new(signer),
        sealer: Arc::new(TokenSealer::default()),
        settings: Arc::new(config.settings.clone()),
    };
    Ok(Node { ports, database, migrated })
}

/// Opens the database as it is.
///
/// # Errors
/// [`WiringError::DataDir`] or [`WiringError::Database`].
pub async fn open_database(config: &Config) -> Result<SqlDatabase, WiringError> {
    let location = match &config.database {
        Database::Sqlite(path) => {
            make_folder(path.parent().unwrap_or(Path::new(".")))?;
            Location::File(path.clone())
        }
        Database::Postgres(url) => Location::Postgres(url.expose().to_owned()),
    };
    let options = Options {
        connections: config.database_max_connections,
        durability: config.durability,
        ..Options::default()
    };
    let opened = SqlDatabase::connect(&location, &options).await;
    opened.map_err(|error| WiringError::Database(database_name(config), error))
}

/// Opens the store.
///
/// # Errors
/// [`WiringError::DataDir`] or [`WiringError::Storage`].
pub async fn open_storage(config: &Config) -> Result<Arc<dyn BlobStore>, WiringError> {
    let failed = |error| WiringError::Storage(storage_name(config), error);
    Ok(match &config.storage {
        Storage::Files(path) => {
            make_folder(path)?;
            let store = FsBlobStore::open(path.clone(), config.durability).await.map_err(failed)?;
            Arc::new(store.keeping_back(DiskReserve::new(config.disk_reserve, Arc::new(Disk))))
        }
        Storage::S3(settings) => Arc::new(S3BlobStore::new(s3_config(settings))),
    })
}

/// The store as clients reach it, with direct delivery.
///
/// # Errors
/// [`WiringError::PublicEndpoint`].
pub fn direct_store(config: &Config) -> Result<Option<Arc<dyn DirectStore>>, WiringError> {
    let Storage::S3(settings) = &config.storage else { return Ok(None) };
    if !config.settings.direct_delivery {
        return Ok(None);
    }
    let store =
        S3DirectStore::new(s3_config(settings), settings.public_endpoint.as_deref(), Arc::new(SystemClock));
    let store = store.ok_or_else(|| WiringError::PublicEndpoint(storage_name(config)))?;
    Ok(Some(Arc::new(store)))
}

fn s3_config(settings: &S3Settings) -> S3Config {
    S3Config {
        bucket: settings.bucket.clone(),
        endpoint: settings.endpoint.clone(),
        region: settings.region.clone(),
        access_key_id: settings.access_key_id.expose().to_owned(),
        secret_access_key: settings.secret_access_key.expose().to_owned(),
        path_style: settings.path_style,
    }
}

/// The signer with the configured keys, if there are any.
#[must_use]
pub fn configured_signer(config: &Config) -> Option<HmacSigner> {
    let configured: Vec<&str> = config.signing_keys.iter().map(|key| key.expose()).collect();
    HmacSigner::new(&configured)
}

/// The signer of URLs: with the configured keys, else with the one that the database keeps or gets now.
///
/// # Errors
/// [`WiringError::Migration`] if the database gives none.
pub async fn signer(config: &Config, database: &SqlDatabase) -> Result<HmacSigner, WiringError> {
    if let Some(signer) = configured_signer(config) {
        return Ok(signer);
    }
    let fresh = OsSecrets::default().bytes::<32>().to_vec();
    let failed = |error| WiringError::Migration(database_name(config), error);
    let kept = database.server_secret(URL_KEY, fresh).await.map_err(failed)?;
    HmacSigner::new(&[kept]).ok_or(WiringError::SigningKey)
}

fn make_folder(path: &Path) -> Result<(), WiringError> {
    std::fs::create_dir_all(path).map_err(|source| WiringError::DataDir { path: path.to_owned(), source })
}

/// The database as people are told of it, without its password.
#[must_use]
pub fn database_name(config: &Config) -> String {
    match &config.database {
        Database::Sqlite(path) => format!("SQLite in {}", path.display()),
        Database::Postgres(url) => url.to_string(),
    }
}

/// The store as people are told of it.
#[must_use]
pub fn storage_name(config: &Config) -> String {
    match &config.storage {
        Storage::Files(path) => format!("files in {}", path.display()),
        Storage::S3(s3) => {
            format!("S3 bucket {} at {}", s3.bucket, s3.endpoint.as_deref().unwrap_or("AWS"))
        }
    }
}
