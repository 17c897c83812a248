//! The one table of settings: every key with its TOML name, its environment variable, what is allowed and
//! what it means. Loading, error messages, `check-config` and the documentation all read it.

use std::fmt;

/// What a value looks like in a TOML file. In the environment everything is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// An integer.
    Whole,
    /// An integer, or a string such as `"unlimited"`.
    Limit,
    /// `true` or `false`.
    Switch,
    /// An array of strings; one comma-separated string does as well, as in the environment.
    List,
}

/// One setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its path in the TOML file.
    pub toml: &'static str,
    /// Its environment variable.
    pub env: &'static str,
    /// The environment variable that names a file with the value; only secrets have one.
    pub env_file: Option<&'static str>,
    /// How TOML writes it.
    pub kind: Kind,
    /// The compiled default, as it would be written in the environment.
    pub default: Option<&'static str>,
    /// What an unset value means, where no fixed text can say it.
    pub unset: &'static str,
    /// What is allowed; reads on after "must be".
    pub allowed: &'static str,
    /// What the setting does.
    pub doc: &'static str,
}

impl Key {
    /// Whether reports leave the value out.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.env_file.is_some()
    }
}

/// The key in both of its forms, for messages.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.toml, self.env)
    }
}

macro_rules! keys {
    ($($name:ident {
        toml: $toml:literal, env: $env:literal $(, env_file: $env_file:literal)?, kind: $kind:ident,
        $(default: $default:literal,)? $(unset: $unset:literal,)? allowed: $allowed:literal, doc: $doc:literal $(,)?
    })*) => {
        $(
            #[doc = $doc]
            pub static $name: Key = Key {
                toml: $toml,
                env: $env,
                env_file: keys!(@option $($env_file)?),
                kind: Kind::$kind,
                default: keys!(@option $($default)?),
                unset: keys!(@text $($unset)?),
                allowed: $allowed,
                doc: $doc,
            };
        )*
        /// Every setting, in the order of the documentation.
        pub static ALL: &[&Key] = &[$(&$name),*];
    };
    (@option) => { None };
    (@option $value:literal) => { Some($value) };
    (@text) => { "" };
    (@text $value:literal) => { $value };
}

keys! {
    LISTEN {
        toml: "listen", env: "AGENTDROP_LISTEN", kind: Text, default: "127.0.0.1:8080",
        allowed: "an IP address and a port, such as `127.0.0.1:8080` or `[::]:8080`",
        doc: "Where the server listens.",
    }
    PUBLIC_URL {
        toml: "public_url", env: "AGENTDROP_PUBLIC_URL", kind: Text, unset: "http:// or https:// and `listen`",
        allowed: "an http:// or https:// URL without user, query or fragment",
        doc: "The URL at which clients reach the server.",
    }
    BLOB_LISTEN {
        toml: "blob.listen", env: "AGENTDROP_BLOB_LISTEN", kind: Text, unset: "none",
        allowed: "an IP address and a port, such as `[::]:8443`",
        doc: "Where the server listens for signed URLs alone, beside `listen`.",
    }
    BLOB_PUBLIC_URL {
        toml: "blob.public_url", env: "AGENTDROP_BLOB_PUBLIC_URL", kind: Text, unset: "`public_url`",
        allowed: "an http:// or https:// URL without user, query or fragment",
        doc: "The URL at which clients reach `/blobs/` with no proxy between that refuses uploads with two framings; signed URLs begin with it.",
    }
    TLS_CERT_FILE {
        toml: "tls.cert_file", env: "AGENTDROP_TLS_CERT_FILE", kind: Text, unset: "no TLS",
        allowed: "the path of a file",
        doc: "The server's certificate with the chain up to its authority, as PEM. SIGHUP has it read again.",
    }
    TLS_KEY_FILE {
        toml: "tls.key_file", env: "AGENTDROP_TLS_KEY_FILE", kind: Text, unset: "no TLS",
        allowed: "the path of a file",
        doc: "The certificate's private key, as PEM.",
    }
    TLS_LISTENERS {
        toml: "tls.listeners", env: "AGENTDROP_TLS_LISTENERS", kind: Text, default: "all",
        allowed: "`all` or `blobs`",
        doc: "Which listeners speak TLS when there is a certificate: `blobs` leaves `listen` to a reverse proxy.",
    }
    TRUSTED_PROXIES {
        toml: "trusted_proxies", env: "AGENTDROP_TRUSTED_PROXIES", kind: List, unset: "none",
        allowed: "a list of networks such as `10.0.0.0/8`, or single addresses",
        doc: "Reverse proxies whose `X-Forwarded-For` is believed.",
    }
    DATA_DIR {
        toml: "data_dir", env: "AGENTDROP_DATA_DIR", kind: Text, default: "./agentdrop-data",
        allowed: "a folder, or a path where one can be made",
        doc: "The folder for the embedded database and the embedded file store. A relative path starts at the working directory.",
    }
    DISK_RESERVE {
        toml: "disk.reserve", env: "AGENTDROP_DISK_RESERVE", kind: Limit, default: "1GB",
        allowed: "bytes, or a size such as `1GB` or `500MB` (0 keeps nothing back)",
        doc: "What uploads leave free on the disk of the embedded file store; beyond it they are refused with 507. Not used with S3.",
    }
    DATABASE_URL {
        toml: "database.url", env: "AGENTDROP_DATABASE_URL", env_file: "AGENTDROP_DATABASE_URL_FILE", kind: Text,
        unset: "SQLite in `data_dir`",
        allowed: "a URL such as `postgres://USER:PASSWORD@HOST:5432/NAME`; without it the server uses SQLite in the data folder",
        doc: "The Postgres database.",
    }
    DATABASE_MAX_CONNECTIONS {
        toml: "database.max_connections", env: "AGENTDROP_DATABASE_MAX_CONNECTIONS", kind: Whole, default: "16",
        allowed: "a whole number from 2 to 1000",
        doc: "The most connections this node opens to the database (on SQLite: readers).",
    }
    S3_BUCKET {
        toml: "s3.bucket", env: "AGENTDROP_S3_BUCKET", kind: Text, unset: "files in `data_dir`",
        allowed: "a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens",
        doc: "The S3 bucket that holds the transferred bytes.",
    }
    S3_ENDPOINT {
        toml: "s3.endpoint", env: "AGENTDROP_S3_ENDPOINT", kind: Text, unset: "AWS in `s3.region`",
        allowed: "an http:// or https:// URL without path, such as `http://minio:9000`",
        doc: "The S3 endpoint as the server reaches it (MinIO, SeaweedFS, R2 and others).",
    }
    S3_REGION {
        toml: "s3.region", env: "AGENTDROP_S3_REGION", kind: Text, default: "us-east-1",
        allowed: "1 to 64 letters, digits and hyphens, such as `eu-central-1` or `auto`",
        doc: "The S3 region that requests are signed for.",
    }
    S3_ACCESS_KEY_ID {
        toml: "s3.access_key_id", env: "AGENTDROP_S3_ACCESS_KEY_ID", env_file: "AGENTDROP_S3_ACCESS_KEY_ID_FILE",
        kind: Text, unset: "required with a bucket",
        allowed: "1 to 256 printable characters without spaces",
        doc: "The S3 access key's id.",
    }
    S3_SECRET_ACCESS_KEY {
        toml: "s3.secret_access_key", env: "AGENTDROP_S3_SECRET_ACCESS_KEY",
        env_file: "AGENTDROP_S3_SECRET_ACCESS_KEY_FILE", kind: Text, unset: "required with a bucket",
        allowed: "1 to 256 printable characters without spaces",
        doc: "The S3 access key's secret.",
    }
    S3_PUBLIC_ENDPOINT {
        toml: "s3.public_endpoint", env: "AGENTDROP_S3_PUBLIC_ENDPOINT", kind: Text, unset: "AWS in `s3.region`",
        allowed: "an http:// or https:// URL without path, such as `https://files.example.org`",
        doc: "The S3 endpoint as clients reach it, for which the URLs of direct delivery are signed; required for that where `s3.endpoint` is set.",
    }
    S3_PATH_STYLE {
        toml: "s3.path_style", env: "AGENTDROP_S3_PATH_STYLE", kind: Switch, unset: "true with `s3.endpoint`, else false",
        allowed: "true or false",
        doc: "Whether the bucket stands in the path (`host/bucket/key`) rather than in the host name.",
    }
    SIGNING_KEY {
        toml: "signing_key", env: "AGENTDROP_SIGNING_KEY", env_file: "AGENTDROP_SIGNING_KEY_FILE", kind: List,
        unset: "made once and kept in the database",
        allowed: "one or several comma-separated keys of 32 characters or more each",
        doc: "Keys for signed URLs: the first signs, all verify, so that a key can be replaced.",
    }
    AUTH_FAILURES_PER_MINUTE {
        toml: "auth.failures_per_minute", env: "AGENTDROP_AUTH_FAILURES_PER_MINUTE", kind: Whole, default: "300",
        allowed: "a whole number from 0 (no limit) to 1000000",
        doc: "Unknown or revoked credentials that one address (IPv6: one /64) may present in a minute; 0 switches the limit off.",
    }
    ACCOUNTS_DEFAULT_PLAN {
        toml: "accounts.default_plan", env: "AGENTDROP_ACCOUNTS_DEFAULT_PLAN", kind: Text, default: "enterprise",
        allowed: "the name of a plan",
        doc: "The plan of new accounts.",
    }
    PAIRINGS_ALLOW_KEY_REVOCATION {
        toml: "pairings.allow_key_revocation", env: "AGENTDROP_PAIRINGS_ALLOW_KEY_REVOCATION", kind: Switch,
        default: "true", allowed: "true or false",
        doc: "Whether an API key may revoke a pairing; `false` leaves that to a person's session.",
    }
    CONNECTIONS_INVITES_PER_HOUR {
        toml: "connections.invites_per_hour", env: "AGENTDROP_CONNECTIONS_INVITES_PER_HOUR", kind: Limit,
        default: "10", allowed: "a whole number from 0 to 1000000, or `unlimited`",
        doc: "Connection invites that one account may send in an hour.",
    }
    UPLOAD_LEASE_SECONDS {
        toml: "upload.lease_seconds", env: "AGENTDROP_UPLOAD_LEASE_SECONDS", kind: Whole, default: "120",
        allowed: "a whole number of seconds from 1 to 86400",
        doc: "How long an upload without news is left alone before the sweep removes its bytes.",
    }
    UPLOAD_IDLE_SECONDS {
        toml: "upload.idle_seconds", env: "AGENTDROP_UPLOAD_IDLE_SECONDS", kind: Whole, default: "60",
        allowed: "a whole number of seconds from 1 to 3600",
        doc: "How long an upload may go without a byte before it is ended.",
    }
    DELIVERY {
        toml: "delivery", env: "AGENTDROP_DELIVERY", kind: Text, default: "proxied",
        allowed: "`proxied` or, with an S3 bucket, `direct`",
        doc: "Whether bytes pass through this server, or clients exchange them with the S3 store itself.",
    }
    PENDING_SECONDS {
        toml: "pending.seconds", env: "AGENTDROP_PENDING_SECONDS", kind: Whole, default: "86400",
        allowed: "a whole number of seconds from 1 to 604800",
        doc: "How long a prepared transfer waits for its files, and its upload links work.",
    }
    GRANT_SECONDS {
        toml: "grant.seconds", env: "AGENTDROP_GRANT_SECONDS", kind: Whole, default: "900",
        allowed: "a whole number of seconds from 1 to 86400",
        doc: "The least time for which download links work; large transfers get longer.",
    }
    SWEEP_SECONDS {
        toml: "sweep.seconds", env: "AGENTDROP_SWEEP_SECONDS", kind: Whole, default: "30",
        allowed: "a whole number of seconds from 1 to 86400",
        doc: "How often expired transfers and abandoned uploads are looked for.",
    }
    ROW_RETENTION_DAYS {
        toml: "row_retention_days", env: "AGENTDROP_ROW_RETENTION_DAYS", kind: Whole, default: "90",
        allowed: "a whole number of days from 0 (for ever) to 36500",
        doc: "How long an ended transfer whose bytes are removed can still be looked up; also how long events and audit entries stay. 0 keeps them for ever.",
    }
    DURABILITY {
        toml: "durability", env: "AGENTDROP_DURABILITY", kind: Text, default: "full",
        allowed: "`full` or `os`",
        doc: "When the embedded database and the embedded file store count something as stored: `full` when the disk has it, `os` when the operating system has it, which is faster and loses answered uploads in a power cut.",
    }
    WORKERS {
        toml: "workers", env: "AGENTDROP_WORKERS", kind: Whole, unset: "the number of cores",
        allowed: "a whole number from 1 to 512",
        doc: "Threads that parse HTTP and stream bodies.",
    }
    SHUTDOWN_GRACE_SECONDS {
        toml: "shutdown.grace_seconds", env: "AGENTDROP_SHUTDOWN_GRACE_SECONDS", kind: Whole, default: "30",
        allowed: "a whole number of seconds from 0 to 3600",
        doc: "How long running requests may take to finish when the server is told to stop.",
    }
    LOG {
        toml: "log", env: "AGENTDROP_LOG", kind: Text, default: "info",
        allowed: "a filter such as `info`, `debug` or `info,agentdrop_api=debug`",
        doc: "Which log lines are written, as a filter of `tracing`.",
    }
    LOG_FORMAT {
        toml: "log_format", env: "AGENTDROP_LOG_FORMAT", kind: Text, default: "text",
        allowed: "`text` or `json`",
        doc: "The form of log lines, which go to standard error.",
    }
}

/// Variables of the client's family, which a machine that runs both may well have set.
pub const CLIENT_VARIABLES: [&str; 4] =
    ["AGENTDROP_API_KEY", "AGENTDROP_AGENT_ID", "AGENTDROP_AGENT_UUID", "AGENTDROP_CONFIG_DIR"];

/// Variables that begin so belong to test suites and are passed over in silence.
pub const TEST_PREFIX: &str = "AGENTDROP_TEST_";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::environment::PREFIX;

    #[test]
    fn each_variable_is_the_toml_path_in_capitals() {
        for key in ALL {
            assert_eq!(key.env, format!("{PREFIX}{}", key.toml.replace('.', "_").to_uppercase()));
            assert!(key.env_file.is_none_or(|file| file == format!("{}_FILE", key.env)), "{key}");
        }
    }

    #[test]
    fn no_two_keys_share_a_name_and_every_key_says_what_unset_means() {
        assert_eq!(ALL.iter().map(|key| key.toml).collect::<BTreeSet<_>>().len(), ALL.len());
        assert_eq!(ALL.iter().map(|key| key.env).collect::<BTreeSet<_>>().len(), ALL.len());
        for key in ALL {
            assert_eq!(key.default.is_some(), key.unset.is_empty(), "{key}");
        }
    }
}
