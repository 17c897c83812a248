//! Configuration in layers: compiled defaults, then a TOML file, then `AGENTDROP_…` variables.
//!
//! [`keys`] is the one table of settings. [`Config::load`] reads the layers, checks every value, and reports
//! all problems at once.

mod environment;
pub mod keys;
mod layers;
mod parse;
pub mod plans;
mod postgres_url;
mod problem;
mod report;
mod resolve;
mod secret;
mod size;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use agentdrop_adapters::durability::Durability;
use agentdrop_domain::settings::Settings;
pub use ipnet::IpNet;

pub use environment::Environment;
pub use keys::Key;
pub use layers::Source;
pub use postgres_url::PostgresUrl;
pub use problem::ConfigErrors;
pub use report::{Effective, report};
pub use secret::Secret;

/// Everything an operator decides, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The URL at which clients reach the server, without a closing `/`, if it is configured; else see
    /// [`Config::public_url`].
    pub configured_public_url: Option<String>,
    /// Where the server listens for `/blobs/` alone.
    pub blob_listen: Option<SocketAddr>,
    /// What signed URLs begin with, without a closing `/`, if it is configured; else see
    /// [`Config::blob_public_url`].
    pub configured_blob_public_url: Option<String>,
    /// TLS of the server's own.
    pub tls: Option<TlsConfig>,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The folder of the embedded database and store; also where embedded parts put anything else.
    pub data_dir: PathBuf,
    /// Bytes that uploads leave free on the disk of the embedded store.
    pub disk_reserve: u64,
    /// Which database.
    pub database: Database,
    /// The most database connections of this node.
    pub database_max_connections: u32,
    /// Where the bytes are.
    pub storage: Storage,
    /// Keys for signed URLs: the first signs, all verify. Empty: the database keeps one.
    pub signing_keys: Vec<Secret>,
    /// Unknown or revoked credentials that one address may present in a minute; 0 is no limit.
    pub auth_failures_per_minute: u32,
    /// What rules depend on: plans, limits, lifetimes.
    pub settings: Settings,
    /// How long an upload may go without a byte.
    pub upload_idle: Duration,
    /// When the embedded database and the embedded store count something as stored.
    pub durability: Durability,
    /// Threads that parse HTTP and stream bodies.
    pub workers: usize,
    /// How long running requests may take to finish at shutdown.
    pub shutdown_grace: Duration,
    /// What is logged and how.
    pub log: LogConfig,
}

/// TLS of the server's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// Where certificate and key are.
    pub files: TlsFiles,
    /// Who speaks it.
    pub listeners: TlsListeners,
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate with its chain, as PEM.
    pub certificate: PathBuf,
    /// The private key, as PEM.
    pub key: PathBuf,
}

/// Which listeners speak TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsListeners {
    /// All of them.
    All,
    /// The one for `/blobs/` alone.
    Blobs,
}

/// Which database the server uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// The embedded one, in this file.
    Sqlite(PathBuf),
    /// A Postgres server.
    Postgres(PostgresUrl),
}

/// Where the transferred bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Files below this folder.
    Files(PathBuf),
    /// A bucket.
    S3(S3Config),
}

/// An S3 bucket and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Config {
    /// The bucket's name.
    pub bucket: String,
    /// The endpoint as the server reaches it, without a closing `/`; `None` is AWS.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// The access key's id.
    pub access_key_id: Secret,
    /// The access key's secret.
    pub secret_access_key: Secret,
    /// The endpoint as clients reach it, without a closing `/`; there is one with direct delivery, except on AWS.
    pub public_endpoint: Option<String>,
    /// Whether the bucket stands in the path rather than in the host name.
    pub path_style: bool,
}

/// What is logged and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// A filter of `tracing`, known to parse.
    pub filter: String,
    /// The form of log lines.
    pub format: LogFormat,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A configuration, where each value of it comes from, and what is odd about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Every setting as text with its source, in the order of [`keys::ALL`]; secrets are redacted.
    pub effective: Vec<Effective>,
    /// The TOML file that was read.
    pub file: Option<PathBuf>,
    /// What is odd but no error, one line each.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the layers and checks every value.
    ///
    /// # Errors
    /// Everything that is wrong, all at once: values that are not allowed, unknown keys of the file, files
    /// that can't be read, settings that contradict each other.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Loaded, ConfigErrors> {
        resolve::resolve(file, layers::Layers::gather(file, environment))
    }

    /// The URL at which clients reach the server, without a closing `/`: the configured one, else the
    /// address that the server has bound (which differs from `listen` where that has port 0).
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        let itself = || format!("{}://{}", self.scheme(), reachable(bound));
        self.configured_public_url.clone().unwrap_or_else(itself)
    }

    /// What signed URLs begin with, without a closing `/`: the configured URL, else the one of
    /// [`Config::public_url`].
    #[must_use]
    pub fn blob_public_url(&self, bound: SocketAddr) -> String {
        self.configured_blob_public_url.clone().unwrap_or_else(|| self.public_url(bound))
    }

    /// What is spoken on `listen`: `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.speaks_tls() { "https" } else { "http" }
    }

    /// What is spoken on `blob.listen`: `http` or `https`.
    #[must_use]
    pub fn blob_scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Whether TLS is spoken on `listen`.
    #[must_use]
    pub fn speaks_tls(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.listeners == TlsListeners::All)
    }
}

/// An address at which this machine reaches what listens on `address`.
#[must_use]
pub fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => address,
    }
}
