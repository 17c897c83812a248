//! From raw values to a checked [`Config`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use agentdrop_adapters::durability::Durability;
use agentdrop_domain::plan::{PlanCatalogue, PlanName};
use agentdrop_domain::settings::Settings;

use super::keys::{self, Key};
use super::layers::Layers;
use super::report::effective;
use super::{
    Config, ConfigErrors, Database, Loaded, LogConfig, LogFormat, PostgresUrl, S3Config, Storage, TlsConfig,
    TlsFiles, TlsListeners, parse, plans, reachable,
};

/// The embedded database's file in the data folder.
const SQLITE_FILE: &str = "agentdrop.sqlite3";
/// The embedded store's folder in the data folder.
const BLOBS_FOLDER: &str = "blobs";

/// Checks all that the layers say.
pub fn resolve(file: Option<&Path>, layers: Layers) -> Result<Loaded, ConfigErrors> {
    let mut resolver = Resolver { layers, shown: BTreeMap::new() };
    let config = resolver.config();
    let Resolver { layers, shown } = resolver;
    match config {
        Some(config) if layers.problems.is_empty() => Ok(Loaded {
            effective: effective(&layers, &shown),
            config,
            file: file.map(Path::to_owned),
            warnings: layers.warnings,
        }),
        _ => Err(ConfigErrors(layers.problems)),
    }
}

struct Resolver {
    layers: Layers,
    /// How to show keys whose text alone would say too much or too little.
    shown: BTreeMap<&'static str, String>,
}

impl Resolver {
    /// A key's value, if it is set and allowed; what is not allowed becomes a problem.
    fn read<T>(&mut self, key: &'static Key, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let raw = self.layers.get(key)?;
        let value = parse(&raw.text);
        if value.is_none() {
            let given =
                if key.is_secret() { "a value that is not".to_owned() } else { format!("`{}`", raw.text) };
            let problem = format!("{key} must be {}; {} gives {given}", key.allowed, raw.source);
            self.layers.problems.push(problem);
        }
        value
    }

    fn seconds(&mut self, key: &'static Key, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        self.read(key, parse::whole(range))
    }

    fn show(&mut self, key: &Key, text: impl Into<String>) {
        self.shown.insert(key.toml, text.into());
    }

    /// Every part is read before any is looked at, so that all problems are found. `None` only if there are
    /// some.
    fn config(&mut self) -> Option<Config> {
        let listen = self.read(&keys::LISTEN, parse::socket_address);
        let configured_public_url = self.read(&keys::PUBLIC_URL, parse::base_url);
        let blob_listen = self.blob_listen();
        let configured_blob_public_url = self.read(&keys::BLOB_PUBLIC_URL, parse::base_url);
        let tls = self.tls();
        let trusted_proxies = self.read(&keys::TRUSTED_PROXIES, parse::networks).unwrap_or_default();
        let data_dir = self.read(&keys::DATA_DIR, parse::folder);
        let folder = data_dir.clone().unwrap_or_default();
        let disk_reserve = self.read(&keys::DISK_RESERVE, super::size::parse_bytes);
        let database = self.database(&folder);
        let database_max_connections = self.read(&keys::DATABASE_MAX_CONNECTIONS, parse::whole(2..=1000));
        let storage = self.storage(&folder);
        let signing_keys = self.read(&keys::SIGNING_KEY, parse::signing_keys).unwrap_or_default();
        let auth_failures = self.read(&keys::AUTH_FAILURES_PER_MINUTE, parse::whole(0..=1_000_000));
        let upload_idle = self.seconds(&keys::UPLOAD_IDLE_SECONDS, 1..=3_600);
        let settings = self.settings();
        let durability = self.read(&keys::DURABILITY, |text| match text {
            "full" => Some(Durability::Full),
            "os" => Some(Durability::Os),
            _ => None,
        });
        let workers = self.workers();
        let shutdown_grace = self.seconds(&keys::SHUTDOWN_GRACE_SECONDS, 0..=3_600);
        let log = self.log();

        let config = Config {
            listen: listen?,
            configured_public_url,
            blob_listen,
            configured_blob_public_url,
            tls,
            trusted_proxies,
            data_dir: data_dir?,
            disk_reserve: disk_reserve?,
            database,
            database_max_connections: database_max_connections?,
            storage: storage?,
            signing_keys,
            auth_failures_per_minute: auth_failures?,
            settings: settings?,
            upload_idle: Duration::from_secs(upload_idle?.into()),
            durability: durability?,
            workers: workers?,
            shutdown_grace: Duration::from_secs(shutdown_grace?.into()),
            log: log?,
        };
        self.remark(&config);
        Some(config)
    }

    fn blob_listen(&mut self) -> Option<SocketAddr> {
        let blob_listen = self.read(&keys::BLOB_LISTEN, parse::socket_address)?;
        let same = self.layers.get(&keys::LISTEN).is_some_and(|raw| raw.text.parse() == Ok(blob_listen));
        if same && blob_listen.port() != 0 {
            let (blobs, main) = (&keys::BLOB_LISTEN, &keys::LISTEN);
            self.layers.problems.push(format!("{blobs} must be another address than {main}: {blob_listen}"));
        }
        Some(blob_listen)
    }

    fn tls(&mut self) -> Option<TlsConfig> {
        let certificate = self.read(&keys::TLS_CERT_FILE, parse::file);
        let key = self.read(&keys::TLS_KEY_FILE, parse::file);
        let listeners = self.read(&keys::TLS_LISTENERS, |text| match text {
            "all" => Some(TlsListeners::All),
            "blobs" => Some(TlsListeners::Blobs),
            _ => None,
        });
        self.require_beside(&keys::TLS_KEY_FILE, &keys::TLS_CERT_FILE);
        self.require_beside(&keys::TLS_CERT_FILE, &keys::TLS_KEY_FILE);
        if listeners == Some(TlsListeners::Blobs) {
            self.require_beside(&keys::TLS_CERT_FILE, &keys::TLS_LISTENERS);
            self.require_beside(&keys::BLOB_LISTEN, &keys::TLS_LISTENERS);
        }
        Some(TlsConfig { files: TlsFiles { certificate: certificate?, key: key? }, listeners: listeners? })
    }

    /// One setting that means nothing without another.
    fn require_beside(&mut self, wanted: &'static Key, set: &'static Key) {
        if self.layers.is_set(set) && !self.layers.is_set(wanted) {
            self.layers.problems.push(format!("{wanted} must be set, because {set} is: {}", wanted.allowed));
        }
    }

    fn database(&mut self, data_dir: &Path) -> Database {
        match self.read(&keys::DATABASE_URL, PostgresUrl::parse) {
            Some(url) => {
                self.show(&keys::DATABASE_URL, url.to_string());
                Database::Postgres(url)
            }
            None => {
                let file = data_dir.join(SQLITE_FILE);
                self.show(&keys::DATABASE_URL, format!("(none: SQLite in {})", file.display()));
                Database::Sqlite(file)
            }
        }
    }

    fn storage(&mut self, data_dir: &Path) -> Option<Storage> {
        let bucket = self.read(&keys::S3_BUCKET, parse::bucket);
        let endpoint = self.read(&keys::S3_ENDPOINT, parse::origin);
        let region = self.read(&keys::S3_REGION, parse::region);
        let access_key_id = self.read(&keys::S3_ACCESS_KEY_ID, parse::credential);
        let secret_access_key = self.read(&keys::S3_SECRET_ACCESS_KEY, parse::credential);
        let public_endpoint = self.read(&keys::S3_PUBLIC_ENDPOINT, parse::origin);
        let path_style = self.read(&keys::S3_PATH_STYLE, parse::switch);
        if self.layers.get(&keys::S3_BUCKET).is_none() {
            self.refuse_s3_without_bucket();
            return Some(self.files(data_dir.join(BLOBS_FOLDER)));
        }
        self.require_beside(&keys::S3_ACCESS_KEY_ID, &keys::S3_BUCKET);
        self.require_beside(&keys::S3_SECRET_ACCESS_KEY, &keys::S3_BUCKET);
        let path_style = path_style.unwrap_or(endpoint.is_some());
        self.show(&keys::S3_PATH_STYLE, path_style.to_string());
        Some(Storage::S3(S3Config {
            bucket: bucket?,
            endpoint,
            region: region?,
            access_key_id: access_key_id?,
            secret_access_key: secret_access_key?,
            public_endpoint,
            path_style,
        }))
    }

    fn files(&mut self, folder: PathBuf) -> Storage {
        self.show(&keys::S3_BUCKET, format!("(none: files in {})", folder.display()));
        for key in S3_BESIDE_BUCKET {
            self.show(key, "(not used without a bucket)");
        }
        Storage::Files(folder)
    }

    /// Half an S3 configuration would quietly put the bytes on a disk that may not last.
    fn refuse_s3_without_bucket(&mut self) {
        for key in S3_BESIDE_BUCKET {
            if self.layers.is_set(key) {
                let bucket = &keys::S3_BUCKET;
                self.layers
                    .problems
                    .push(format!("{key} is set, but {bucket} is not: set the bucket too, or neither"));
            }
        }
    }

    fn settings(&mut self) -> Option<Settings> {
        let plans = self.plans();
        let allow_key_revocation = self.read(&keys::PAIRINGS_ALLOW_KEY_REVOCATION, parse::switch);
        let invites_per_hour = self.read(&keys::CONNECTIONS_INVITES_PER_HOUR, parse::limit(1_000_000));
        let upload_lease_seconds = self.seconds(&keys::UPLOAD_LEASE_SECONDS, 1..=86_400);
        let direct_delivery = self.direct_delivery();
        let pending_seconds = self.seconds(&keys::PENDING_SECONDS, 1..=604_800);
        let grant_seconds = self.seconds(&keys::GRANT_SECONDS, 1..=86_400);
        let sweep_seconds = self.seconds(&keys::SWEEP_SECONDS, 1..=86_400);
        let row_retention_days = self.read(&keys::ROW_RETENTION_DAYS, parse::whole(0..=36_500));
        Some(Settings {
            plans: plans?,
            allow_key_revocation: allow_key_revocation?,
            invites_per_hour: invites_per_hour?,
            upload_lease_seconds: upload_lease_seconds?,
            direct_delivery: direct_delivery?,
            pending_seconds: pending_seconds?,
            grant_seconds: grant_seconds?,
            sweep_seconds: sweep_seconds?,
            row_retention_days: row_retention_days?,
        })
    }

    fn direct_delivery(&mut self) -> Option<bool> {
        let direct = self.read(&keys::DELIVERY, |text| match text {
            "proxied" => Some(false),
            "direct" => Some(true),
            _ => None,
        })?;
        if direct && self.layers.get(&keys::S3_BUCKET).is_none() {
            let (key, bucket) = (&keys::DELIVERY, &keys::S3_BUCKET);
            let why = "files in the data folder can't be reached by clients";
            self.layers.problems.push(format!("{key} can be `direct` with {bucket} only: {why}"));
        } else if direct && self.layers.is_set(&keys::S3_ENDPOINT) {
            // The server's own way is often one that nobody else has, and AWS is known to all.
            self.require_for_direct(&keys::S3_PUBLIC_ENDPOINT);
        }
        Some(direct)
    }

    fn require_for_direct(&mut self, wanted: &'static Key) {
        if !self.layers.is_set(wanted) {
            let (key, endpoint) = (&keys::DELIVERY, &keys::S3_ENDPOINT);
            self.layers.problems.push(format!(
                "{wanted} must be set, because {key} is `direct`: the address at which clients reach the store, \
                 which may be that of {endpoint}"
            ));
        }
    }

    fn plans(&mut self) -> Option<PlanCatalogue> {
        let plans = plans::plans(&self.layers.plans, &mut self.layers.problems);
        let default = self.read(&keys::ACCOUNTS_DEFAULT_PLAN, |text| PlanName::try_from(text).ok())?;
        if !plans.contains_key(&default) {
            let key = &keys::ACCOUNTS_DEFAULT_PLAN;
            let names: Vec<&str> = plans.keys().map(PlanName::as_str).collect();
            let problem =
                format!("{key} must be one of the plans {}, not `{}`", names.join(", "), default.as_str());
            self.layers.problems.push(problem);
        }
        PlanCatalogue::new(plans.into_values(), default)
    }

    fn workers(&mut self) -> Option<usize> {
        if self.layers.get(&keys::WORKERS).is_some() {
            return self.read(&keys::WORKERS, parse::whole(1..=512));
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.show(&keys::WORKERS, cores.to_string());
        Some(cores)
    }

    fn log(&mut self) -> Option<LogConfig> {
        let filter = self.read(&keys::LOG, parse::log_filter);
        let format = self.read(&keys::LOG_FORMAT, |text| match text {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        });
        Some(LogConfig { filter: filter?, format: format? })
    }

    /// What is allowed but probably not meant.
    fn remark(&mut self, config: &Config) {
        let public_url = config.public_url(config.listen);
        if config.configured_public_url.is_none() {
            self.show(&keys::PUBLIC_URL, public_url.clone());
            if reachable(config.listen) != config.listen {
                self.layers.warnings.push(format!(
                    "{} is not set and the server listens on every address: links will begin with {public_url}, \
                     which works on this machine alone",
                    keys::PUBLIC_URL
                ));
            }
        }
        if config.configured_blob_public_url.is_none() {
            self.show(&keys::BLOB_PUBLIC_URL, public_url);
            if config.blob_listen.is_some() {
                self.layers.warnings.push(format!(
                    "{} is set, but {} is not: no link leads there",
                    keys::BLOB_LISTEN,
                    keys::BLOB_PUBLIC_URL
                ));
            }
        }
        self.remark_durability(config);
        let lease = Duration::from_secs(config.settings.upload_lease_seconds.into());
        if lease <= config.upload_idle {
            self.layers.warnings.push(format!(
                "{} ({} s) should be longer than {} ({} s), or a slow upload may be swept away",
                keys::UPLOAD_LEASE_SECONDS,
                lease.as_secs(),
                keys::UPLOAD_IDLE_SECONDS,
                config.upload_idle.as_secs()
            ));
        }
    }
}

impl Resolver {
    fn remark_durability(&mut self, config: &Config) {
        if config.durability == Durability::Full {
            return;
        }
        let embedded: Vec<&str> = [
            matches!(config.database, Database::Sqlite(_)).then_some("rows in SQLite"),
            matches!(config.storage, Storage::Files(_)).then_some("bytes in files"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let key = &keys::DURABILITY;
        self.layers.warnings.push(if embedded.is_empty() {
            format!(
                "{key} is `os`, which means nothing here: Postgres and S3 decide for themselves what survives"
            )
        } else {
            format!(
                "{key} is `os`: a power cut may lose {} that were answered with success",
                embedded.join(" and ")
            )
        });
    }
}

/// The keys that mean something only with a bucket.
static S3_BESIDE_BUCKET: [&Key; 6] = [
    &keys::S3_ENDPOINT,
    &keys::S3_REGION,
    &keys::S3_ACCESS_KEY_ID,
    &keys::S3_SECRET_ACCESS_KEY,
    &keys::S3_PUBLIC_ENDPOINT,
    &keys::S3_PATH_STYLE,
];
