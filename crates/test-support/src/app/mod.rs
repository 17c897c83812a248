//! The real server on a real socket, on both pairs of backends.
//!
//! ```no_run
//! use agentdrop_test_support::app::{App, Backend};
//! use serde_json::json;
//!
//! # async fn test() {
//! let app = App::start(Backend::Embedded).await;
//! let ann = app.account("ann").await;
//! let answer = app.post("/v1/agents/register", &ann.key, json!({"agent_id": "sender"})).await;
//! assert_eq!(answer.status, 201);
//! # }
//! ```

mod answer;
mod world;

use std::collections::BTreeMap;
use std::path::Path;

use agentdrop_adapters::sql::{Location, Options, SqlDatabase};
use agentdrop_domain::account::CreateAccount;
use agentdrop_domain::act;
use agentdrop_server::config::{Config, Environment};
use agentdrop_server::serve::{Running, start};
use reqwest::{Method, Url};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::fault::FaultProxy;
use crate::postgres::{TemplateDatabase, TestDatabase};
use crate::s3::{ExternalS3, S3Access, S3Server};

pub use answer::Answer;
pub use world::{Agent, Pair, public_key};

/// Where Postgres listens unless told otherwise.
const POSTGRES_PORT: u16 = 5432;

/// What stands behind the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// SQLite and files.
    Embedded,
    /// Postgres and an S3 server in this process.
    PostgresS3,
    /// Postgres and the real S3 server that the environment names; for tests that `scripts/test` runs.
    PostgresExternalS3,
}

impl Backend {
    /// Those that every test can have.
    pub const ALL: [Self; 2] = [Self::Embedded, Self::PostgresS3];
}

/// A server and everything behind it; all of it goes away with this value.
pub struct App {
    /// How it is reached, without a trailing slash.
    pub url: String,
    /// What stands behind it.
    pub backend: Backend,
    /// The server.
    pub running: Running,
    /// The configuration it runs with.
    pub config: Config,
    client: reqwest::Client,
    backing: Backing,
}

/// What a server stands on, fresh and of its own; it goes away with this value, not with the server.
pub struct Backing {
    /// The `AGENTDROP_…` variables that name it.
    pub environment: BTreeMap<String, String>,
    backend: Backend,
    _folder: TempDir,
    database: Option<TestDatabase>,
    _s3: Option<S3Server>,
}

/// An account with a key.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its address.
    pub email: String,
    /// Its display name.
    pub name: String,
    /// Its first account key.
    pub key: String,
}

impl App {
    /// A server with the default settings.
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, &[]).await
    }

    /// A server with further `AGENTDROP_…` variables.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_with(backend: Backend, variables: &[(&str, &str)]) -> Self {
        Self::start_configured(backend, variables, |_| {}).await
    }

    /// A server whose configuration is changed in a way that variables can't express (plans, say).
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_configured(
        backend: Backend,
        variables: &[(&str, &str)],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut backing = Backing::of(backend).await;
        for (name, value) in variables {
            backing.environment.insert((*name).to_owned(), (*value).to_owned());
        }
        Self::start_on(backing, change).await
    }

    /// A server on a backing that was made before, with its configuration changed.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_on(backing: Backing, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = backing.config();
        change(&mut config);
        let running = start(&config).await.expect("the server starts");
        let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let (url, backend) = (running.public_url.clone(), backing.backend);
        Self { url, backend, running, config, client, backing }
    }

    /// A new account on the default plan: `NAME@example.com`.
    pub async fn account(&self, name: &str) -> Account {
        self.account_on(name, None).await
    }

    /// A new account on a plan.
    ///
    /// # Panics
    /// If it can't be made.
    pub async fn account_on(&self, name: &str, plan: Option<&str>) -> Account {
        let email = format!("{name}@example.com");
        let create = CreateAccount { email, name: name.to_owned(), plan: plan.map(str::to_owned) };
        let created = act::perform(&self.running.ports, &create).await.expect("a new account");
        Account {
            id: created.account.id.to_string(),
            email: created.account.email.to_string(),
            name: created.account.name,
            key: created.key.token.reveal().to_owned(),
        }
    }

    /// The `AGENTDROP_…` variables of its backing, for another program on the same.
    #[must_use]
    pub const fn environment(&self) -> &BTreeMap<String, String> {
        &self.backing.environment
    }

    /// All bytes that the server keeps, in its folder and its database. What is in S3 is not among them.
    ///
    /// # Panics
    /// If they can't be read.
    pub async fn kept_bytes(&self) -> Vec<u8> {
        let mut bytes = bytes_below(&self.config.data_dir);
        if let Some(database) = &self.backing.database {
            bytes.extend(database.contents().await);
        }
        bytes
    }

    /// A request to a path (or a whole URL), with a key unless it is empty.
    pub fn request(&self, method: Method, path: &str, key: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        let request = self.client.request(method, url);
        if key.is_empty() { request } else { request.bearer_auth(key) }
    }

    /// GET.
    pub async fn get(&self, path: &str, key: &str) -> Answer {
        Answer::of(self.request(Method::GET, path, key)).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, key: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path, key).json(&body)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, key: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path, key).json(&body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str, key: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path, key)).await
    }
}

impl Backing {
    /// A fresh one.
    ///
    /// # Panics
    /// If a part of it can't be had.
    pub async fn of(backend: Backend) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut environment = BTreeMap::from([
            ("AGENTDROP_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("AGENTDROP_WORKERS".to_owned(), "2".to_owned()),
            ("AGENTDROP_SHUTDOWN_GRACE_SECONDS".to_owned(), "5".to_owned()),
            ("AGENTDROP_DATA_DIR".to_owned(), folder.path().display().to_string()),
        ]);
        let database = match backend {
            Backend::Embedded => None,
            _ => Some(migrated_template().await.fresh_database().await),
        };
        environment
            .extend(database.iter().map(|it| ("AGENTDROP_DATABASE_URL".to_owned(), it.url().to_owned())));
        let s3 = (backend == Backend::PostgresS3).then(S3Server::start);
        environment.extend(s3.iter().flat_map(|s3| s3_environment(s3)));
        if backend == Backend::PostgresExternalS3 {
            environment.extend(s3_environment(&ExternalS3::from_env()));
        }
        Self { environment, backend, _folder: folder, database, _s3: s3 }
    }

    /// Puts a relay between the servers to come and their Postgres.
    ///
    /// # Panics
    /// If there is no Postgres, or it is not named by host and port.
    pub async fn database_through_proxy(&mut self) -> FaultProxy {
        self.through_proxy("AGENTDROP_DATABASE_URL").await
    }

    /// Puts a relay between the servers to come and their S3 server.
    ///
    /// # Panics
    /// If there is none.
    pub async fn store_through_proxy(&mut self) -> FaultProxy {
        self.through_proxy("AGENTDROP_S3_ENDPOINT").await
    }

    async fn through_proxy(&mut self, variable: &str) -> FaultProxy {
        let value = self.environment.get_mut(variable).expect("a backing with this server");
        let mut url = Url::parse(value).expect("a URL");
        let host = url.host_str().expect("a host").to_owned();
        let port = url.port_or_known_default().unwrap_or(POSTGRES_PORT);
        let proxy = FaultProxy::before(&format!("{host}:{port}")).await;
        url.set_ip_host(proxy.address().ip()).expect("a URL with a host");
        url.set_port(Some(proxy.address().port())).expect("a URL with a host");
        // The endpoint of an S3 server has no path; a URL always has one.
        url.as_str().trim_end_matches('/').clone_into(value);
        proxy
    }

    /// The configuration of a server on it.
    ///
    /// # Panics
    /// If a variable was set to nonsense.
    #[must_use]
    pub fn config(&self) -> Config {
        let loaded = Config::load(None, &Environment::new(self.environment.clone()));
        loaded.expect("a good configuration").config
    }
}

/// The bytes of all files below a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        bytes.extend(if path.is_dir() { bytes_below(&path) } else { std::fs::read(path).expect("a file") });
    }
    bytes
}

fn s3_environment(s3: &S3Access) -> impl Iterator<Item = (String, String)> {
    [
        ("BUCKET", &s3.bucket),
        ("ENDPOINT", &s3.endpoint),
        ("PUBLIC_ENDPOINT", &s3.endpoint),
        ("REGION", &s3.region),
        ("ACCESS_KEY_ID", &s3.access_key_id),
        ("SECRET_ACCESS_KEY", &s3.secret_access_key),
    ]
    .map(|(name, value)| (format!("AGENTDROP_S3_{name}"), value.clone()))
    .into_iter()
}

/// The Postgres template with all migrations applied, made once per process.
pub async fn migrated_template() -> &'static TemplateDatabase {
    static TEMPLATE: OnceCell<TemplateDatabase> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| {
            TemplateDatabase::create(|url| async move {
                let location = Location::Postgres(url);
                let database = SqlDatabase::connect(&location, &Options::default()).await;
                database.expect("the template database").migrate().await.expect("the migrations");
            })
        })
        .await
}
