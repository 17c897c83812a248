//! Which layer counts, and what the values are if none is set.

use std::path::PathBuf;
use std::time::Duration;

use super::super::{Database, LogFormat, Source, Storage, keys};
use super::{Setup, setting};

#[test]
fn nothing_set_is_an_embedded_server_on_loopback() {
    let loaded = Setup::new().load();
    let config = &loaded.config;
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url(config.listen), "http://127.0.0.1:8080");
    assert_eq!(config.data_dir, PathBuf::from("./agentdrop-data"));
    assert_eq!(config.database, Database::Sqlite("./agentdrop-data/agentdrop.sqlite3".into()));
    assert_eq!(config.storage, Storage::Files("./agentdrop-data/blobs".into()));
    assert_eq!((config.signing_keys.len(), config.trusted_proxies.len()), (0, 0));
    assert_eq!(config.auth_failures_per_minute, 300);
    assert_eq!(config.settings.plans.default_plan().name.as_str(), "enterprise");
    assert!(config.settings.allow_key_revocation);
    assert_eq!(config.settings.invites_per_hour, Some(10));
    assert_eq!((config.settings.upload_lease_seconds, config.settings.grant_seconds), (120, 900));
    assert_eq!((config.upload_idle, config.settings.sweep_seconds), (Duration::from_secs(60), 30));
    assert_eq!(config.shutdown_grace, Duration::from_secs(30));
    assert!(config.workers >= 1);
    assert_eq!((config.log.filter.as_str(), config.log.format), ("info", LogFormat::Text));
    assert_eq!(loaded.warnings, [""; 0]);
    assert!(loaded.effective.iter().all(|setting| setting.source == Source::Default));
}

#[test]
fn the_file_replaces_defaults_and_the_environment_replaces_the_file() {
    let setup = Setup::new()
        .toml("log = \"warn\"\nworkers = 3\n[auth]\nfailures_per_minute = 5\n")
        .env("AGENTDROP_WORKERS", "4");
    let loaded = setup.load();
    assert_eq!(loaded.config.log.filter, "warn");
    assert_eq!(loaded.config.workers, 4);
    assert_eq!(loaded.config.auth_failures_per_minute, 5);
    assert_eq!(setting(&loaded, "listen").source, Source::Default);
    assert_eq!(setting(&loaded, "log").source, Source::File(loaded.file.clone().unwrap()));
    assert_eq!(setting(&loaded, "workers").source, Source::Environment("AGENTDROP_WORKERS"));
}

/// A value other than the default for every key, as the environment and as TOML have it.
const OTHERS: &[(&str, &str, &str)] = &[
    ("listen", "[::1]:9", "\"[::1]:9\""),
    ("public_url", "https://drop.example", "\"https://drop.example\""),
    ("blob.listen", "[::1]:8", "\"[::1]:8\""),
    ("blob.public_url", "https://drop.example:8", "\"https://drop.example:8\""),
    ("tls.cert_file", "Cargo.toml", "\"Cargo.toml\""),
    ("tls.key_file", "src/lib.rs", "\"src/lib.rs\""),
    ("tls.listeners", "blobs", "\"blobs\""),
    ("trusted_proxies", "10.0.0.0/8,::1", "[\"10.0.0.0/8\", \"::1\"]"),
    ("data_dir", "/nowhere/data", "\"/nowhere/data\""),
    ("disk.reserve", "2GB", "\"2GB\""),
    ("database.url", "postgres://db/x", "\"postgres://db/x\""),
    ("database.max_connections", "7", "7"),
    ("s3.bucket", "bytes", "\"bytes\""),
    ("s3.endpoint", "http://minio:9000", "\"http://minio:9000\""),
    ("s3.region", "auto", "\"auto\""),
    ("s3.access_key_id", "id", "\"id\""),
    ("s3.secret_access_key", "secret", "\"secret\""),
    ("s3.public_endpoint", "https://s3.example", "\"https://s3.example\""),
    ("s3.path_style", "false", "false"),
    ("signing_key", "0123456789abcdef0123456789abcdef", "[\"0123456789abcdef0123456789abcdef\"]"),
    ("auth.failures_per_minute", "0", "0"),
    ("accounts.default_plan", "free", "\"free\""),
    ("pairings.allow_key_revocation", "false", "false"),
    ("connections.invites_per_hour", "unlimited", "\"unlimited\""),
    ("upload.lease_seconds", "240", "240"),
    ("upload.idle_seconds", "61", "61"),
    ("grant.seconds", "901", "901"),
    ("delivery", "direct", "\"direct\""),
    ("pending.seconds", "3600", "3600"),
    ("sweep.seconds", "31", "31"),
    ("row_retention_days", "0", "0"),
    ("durability", "os", "\"os\""),
    ("workers", "5", "5"),
    ("shutdown.grace_seconds", "31", "31"),
    ("log", "debug", "\"debug\""),
    ("log_format", "json", "\"json\""),
];

#[test]
fn every_key_is_taken_from_the_environment_and_from_the_file_alike() {
    assert_eq!(OTHERS.len(), keys::ALL.len());
    let (mut by_environment, mut toml) = (Setup::new(), String::new());
    for key in keys::ALL {
        let (_, env, file) = OTHERS.iter().find(|(name, ..)| *name == key.toml).expect(key.toml);
        by_environment = by_environment.env(key.env, *env);
        toml.push_str(&format!("{} = {file}\n", key.toml));
    }
    let (by_environment, by_file) = (by_environment.load(), Setup::new().toml(&toml).load());
    assert_eq!(format!("{:?}", by_environment.config), format!("{:?}", by_file.config));
    for key in keys::ALL {
        assert_eq!(setting(&by_environment, key.toml).source, Source::Environment(key.env));
        assert_eq!(setting(&by_file, key.toml).source, Source::File(by_file.file.clone().unwrap()));
    }

    // Each key moved the configuration: without it, what is left differs.
    let whole = format!("{:?}", by_file.config);
    let needed_by_others = [
        "blob.listen",
        "tls.cert_file",
        "tls.key_file",
        "s3.bucket",
        "s3.access_key_id",
        "s3.secret_access_key",
        "s3.public_endpoint",
    ];
    let dispensable = |key: &&&keys::Key| !needed_by_others.contains(&key.toml);
    for key in keys::ALL.iter().filter(dispensable) {
        let rest: String = toml
            .lines()
            .filter(|line| !line.starts_with(&format!("{} =", key.toml)))
            .map(|l| format!("{l}\n"))
            .collect();
        // Secrets print alike whatever they are, but not whether they are there.
        assert_ne!(format!("{:?}", Setup::new().toml(&rest).config()), whole, "{key} has no effect");
    }
}

#[test]
fn an_empty_value_is_none() {
    let setup =
        Setup::new().toml("public_url = \"\"\n").env("AGENTDROP_S3_BUCKET", "").env("AGENTDROP_LOG", "");
    let config = setup.config();
    assert_eq!(config.configured_public_url, None);
    assert_eq!(config.log.filter, "info");
    assert!(matches!(config.storage, Storage::Files(_)));
}

#[test]
fn the_data_folder_moves_the_embedded_parts_along() {
    let config = Setup::new().env("AGENTDROP_DATA_DIR", "/nowhere/d").config();
    assert_eq!(config.database, Database::Sqlite("/nowhere/d/agentdrop.sqlite3".into()));
    assert_eq!(config.storage, Storage::Files("/nowhere/d/blobs".into()));
}

#[test]
fn the_public_url_follows_the_bound_address() {
    let config = Setup::new().env("AGENTDROP_LISTEN", "0.0.0.0:0").config();
    assert_eq!(config.public_url("0.0.0.0:4711".parse().unwrap()), "http://127.0.0.1:4711");
    assert_eq!(config.public_url("[::]:4711".parse().unwrap()), "http://[::1]:4711");
    let config = Setup::new().env("AGENTDROP_PUBLIC_URL", "https://drop.example/").config();
    assert_eq!(config.public_url("0.0.0.0:4711".parse().unwrap()), "https://drop.example");
}

#[test]
fn plans_come_from_the_file() {
    let setup =
        Setup::new().toml("[accounts]\ndefault_plan = \"free\"\n[plans.free]\nmax_file_size = \"1GB\"\n");
    let config = setup.config();
    assert_eq!(config.settings.plans.default_plan().max_file_bytes, Some(1 << 30));
    assert_eq!(config.settings.plans.default_plan().max_agents, Some(2));
}
