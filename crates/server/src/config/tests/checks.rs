//! Values that are not allowed, and settings that do not go together.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::super::{Config, Environment, Storage, keys};
use super::{Setup, assert_problem, setting};

#[test]
fn a_bad_value_names_the_key_in_both_forms_and_what_is_allowed() {
    assert_problem(
        &Setup::new().env("AGENTDROP_LISTEN", "localhost"),
        &[
            "`listen` (AGENTDROP_LISTEN) must be an IP address and a port",
            "env AGENTDROP_LISTEN gives `localhost`",
        ],
    );
    assert_problem(
        &Setup::new().toml("[shutdown]\ngrace_seconds = 3601"),
        &[
            "`shutdown.grace_seconds` (AGENTDROP_SHUTDOWN_GRACE_SECONDS) must be",
            "from 0 to 3600",
            "agentdrop.toml gives `3601`",
        ],
    );
}

/// For every key a value that it refuses.
const REFUSED: &[(&str, &str)] = &[
    ("listen", "8080"),
    ("public_url", "drop.example"),
    ("blob.listen", "8443"),
    ("blob.public_url", "drop.example:8443"),
    ("tls.cert_file", "/"),
    ("tls.key_file", "/"),
    ("tls.listeners", "some"),
    ("trusted_proxies", "10.0.0.0/40"),
    ("data_dir", "/dev/null"),
    ("disk.reserve", "lots"),
    ("database.url", "mysql://db/x"),
    ("database.max_connections", "1"),
    ("s3.bucket", "Bucket"),
    ("s3.endpoint", "minio:9000"),
    ("s3.region", "eu central"),
    ("s3.access_key_id", "two words"),
    ("s3.secret_access_key", "two words"),
    ("s3.public_endpoint", "https://s3.example/bucket"),
    ("s3.path_style", "yes"),
    ("signing_key", "short"),
    ("auth.failures_per_minute", "-1"),
    ("accounts.default_plan", "gold"),
    ("pairings.allow_key_revocation", "maybe"),
    ("connections.invites_per_hour", "-5"),
    ("upload.lease_seconds", "0"),
    ("upload.idle_seconds", "0"),
    ("grant.seconds", "86401"),
    ("delivery", "both"),
    ("pending.seconds", "0"),
    ("sweep.seconds", "0"),
    ("row_retention_days", "-1"),
    ("durability", "none"),
    ("workers", "0"),
    ("shutdown.grace_seconds", "soon"),
    ("log", "info,x=loud"),
    ("log_format", "xml"),
];

#[test]
fn all_problems_are_reported_at_once() {
    assert_eq!(REFUSED.len(), keys::ALL.len());
    let setup = REFUSED.iter().fold(Setup::new(), |setup, (toml, value)| {
        let key = keys::ALL.iter().find(|key| key.toml == *toml).expect(toml);
        setup.env(key.env, *value)
    });
    let problems = setup.problems();
    for key in keys::ALL {
        let named = problems.iter().filter(|problem| problem.starts_with(&key.to_string())).count();
        assert_eq!(named, 1, "{key}: {problems:#?}");
    }
    assert_eq!(problems.len(), keys::ALL.len());
}

#[test]
fn toml_values_have_the_right_type() {
    for (toml, name) in [
        ("listen = 8080", "`listen` (AGENTDROP_LISTEN)"),
        ("workers = \"4\"", "`workers` (AGENTDROP_WORKERS)"),
        ("trusted_proxies = [1]", "`trusted_proxies` (AGENTDROP_TRUSTED_PROXIES)"),
        ("[s3]\npath_style = \"true\"", "`s3.path_style` (AGENTDROP_S3_PATH_STYLE)"),
    ] {
        assert_problem(&Setup::new().toml(toml), &[name, "gives a TOML"]);
    }
}

#[test]
fn a_file_that_is_missing_or_broken_hides_no_other_problem() {
    let broken =
        Setup::new().toml("listen = \"127.0.0.1:1\"\nlog = = \"info\"\n").env("AGENTDROP_WORKERS", "0");
    let problems = broken.problems();
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(problems[0].contains("is not valid TOML, line 2"), "{problems:#?}");

    let missing = Config::load(Some("/no/such.toml".as_ref()), &Environment::default()).unwrap_err();
    assert!(
        missing.problems()[0].starts_with("the configuration file /no/such.toml can't be read"),
        "{missing}"
    );
}

#[test]
fn the_default_plan_is_one_of_the_plans() {
    assert_problem(
        &Setup::new().env("AGENTDROP_ACCOUNTS_DEFAULT_PLAN", "gold"),
        &["must be one of the plans builder, enterprise, free, scale, team, not `gold`"],
    );
}

#[test]
fn only_an_s3_store_is_reached_directly() {
    assert_problem(
        &Setup::new().env("AGENTDROP_DELIVERY", "direct"),
        &["`delivery` (AGENTDROP_DELIVERY) can be `direct` with `s3.bucket` (AGENTDROP_S3_BUCKET) only"],
    );
}

#[test]
fn direct_delivery_needs_the_address_that_clients_reach() {
    let on = |setup: Setup| {
        let setup = setup.env("AGENTDROP_S3_BUCKET", "bytes").env("AGENTDROP_S3_ACCESS_KEY_ID", "id");
        setup.env("AGENTDROP_S3_SECRET_ACCESS_KEY", "secret").env("AGENTDROP_DELIVERY", "direct")
    };
    let inside = on(Setup::new().env("AGENTDROP_S3_ENDPOINT", "http://minio:9000"));
    assert_problem(
        &inside,
        &["`s3.public_endpoint` (AGENTDROP_S3_PUBLIC_ENDPOINT) must be set, because `delivery`"],
    );
    assert!(
        inside.env("AGENTDROP_S3_PUBLIC_ENDPOINT", "https://s3.example").config().settings.direct_delivery
    );
    assert!(on(Setup::new()).config().settings.direct_delivery, "AWS has one address for all");
}

#[test]
fn s3_settings_without_a_bucket_are_an_error_each() {
    for (name, value) in [
        ("AGENTDROP_S3_ENDPOINT", "http://minio:9000"),
        ("AGENTDROP_S3_REGION", "us-east-1"),
        ("AGENTDROP_S3_ACCESS_KEY_ID", "id"),
        ("AGENTDROP_S3_SECRET_ACCESS_KEY", "secret"),
        ("AGENTDROP_S3_PUBLIC_ENDPOINT", "http://minio:9000"),
        ("AGENTDROP_S3_PATH_STYLE", "true"),
    ] {
        assert_problem(
            &Setup::new().env(name, value),
            &[&format!("({name}) is set, but `s3.bucket` (AGENTDROP_S3_BUCKET) is not")],
        );
    }
}

#[test]
fn a_certificate_and_its_key_need_each_other() {
    assert_problem(
        &Setup::new().env_file("AGENTDROP_TLS_CERT_FILE", "pem"),
        &["`tls.key_file` (AGENTDROP_TLS_KEY_FILE) must be set, because `tls.cert_file`"],
    );
    assert_problem(
        &Setup::new().env_file("AGENTDROP_TLS_KEY_FILE", "pem"),
        &["`tls.cert_file` (AGENTDROP_TLS_CERT_FILE) must be set, because `tls.key_file`"],
    );
    let problems = Setup::new().env("AGENTDROP_TLS_LISTENERS", "blobs").problems();
    assert_eq!(problems.len(), 2, "{problems:#?}");
}

#[test]
fn tls_is_for_all_listeners_or_for_blobs_alone() {
    let with_tls = || {
        Setup::new()
            .env_file("AGENTDROP_TLS_CERT_FILE", "pem")
            .env_file("AGENTDROP_TLS_KEY_FILE", "pem")
            .env("AGENTDROP_BLOB_LISTEN", "127.0.0.1:8443")
    };
    let plain = Setup::new().config();
    assert_eq!((plain.scheme(), plain.blob_scheme()), ("http", "http"));
    let all = with_tls().config();
    assert_eq!((all.scheme(), all.blob_scheme()), ("https", "https"));
    assert_eq!(all.public_url(all.listen), "https://127.0.0.1:8080");
    let blobs = with_tls().env("AGENTDROP_TLS_LISTENERS", "blobs").config();
    assert_eq!((blobs.scheme(), blobs.blob_scheme()), ("http", "https"));
}

#[test]
fn signed_urls_begin_with_the_public_url_unless_they_have_one_of_their_own() {
    let config = Setup::new().env("AGENTDROP_PUBLIC_URL", "https://drop.example").config();
    assert_eq!(config.blob_public_url(config.listen), "https://drop.example");
    let config = Setup::new().env("AGENTDROP_BLOB_PUBLIC_URL", "https://drop.example:8443/").config();
    assert_eq!(config.blob_public_url(config.listen), "https://drop.example:8443");
    assert_eq!(config.public_url(config.listen), "http://127.0.0.1:8080");
}

#[test]
fn two_listeners_have_two_addresses() {
    assert_problem(
        &Setup::new().env("AGENTDROP_BLOB_LISTEN", "127.0.0.1:8080"),
        &["`blob.listen` (AGENTDROP_BLOB_LISTEN) must be another address than `listen` (AGENTDROP_LISTEN)"],
    );
    let warnings = Setup::new().env("AGENTDROP_BLOB_LISTEN", "127.0.0.1:8443").load().warnings;
    assert!(warnings[0].contains("(AGENTDROP_BLOB_PUBLIC_URL) is not: no link leads there"), "{warnings:?}");
}

#[test]
fn a_bucket_needs_both_halves_of_the_access_key() {
    let bucket = || Setup::new().env("AGENTDROP_S3_BUCKET", "bytes");
    assert_eq!(bucket().problems().len(), 2);
    assert_problem(
        &bucket().env("AGENTDROP_S3_ACCESS_KEY_ID", "id"),
        &["`s3.secret_access_key` (AGENTDROP_S3_SECRET_ACCESS_KEY) must be set"],
    );
}

#[test]
fn path_style_is_for_endpoints_other_than_aws() {
    let bucket = || {
        Setup::new()
            .env("AGENTDROP_S3_BUCKET", "bytes")
            .env("AGENTDROP_S3_ACCESS_KEY_ID", "id")
            .env("AGENTDROP_S3_SECRET_ACCESS_KEY", "secret")
    };
    let path_style = |setup: Setup| match setup.config().storage {
        Storage::S3(s3) => s3.path_style,
        Storage::Files(_) => panic!("a bucket is set"),
    };
    assert!(!path_style(bucket()));
    let endpoint = || bucket().env("AGENTDROP_S3_ENDPOINT", "http://minio:9000");
    assert!(path_style(endpoint()));
    assert!(!path_style(endpoint().env("AGENTDROP_S3_PATH_STYLE", "false")));
    assert_eq!(setting(&endpoint().load(), "s3.path_style").value, "true");
}

#[test]
fn odd_combinations_are_warnings() {
    let everywhere = Setup::new().env("AGENTDROP_LISTEN", "0.0.0.0:8080");
    let warnings = everywhere.load().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("`public_url` (AGENTDROP_PUBLIC_URL) is not set"), "{warnings:?}");
    assert!(warnings[0].contains("http://127.0.0.1:8080"), "{warnings:?}");

    let short_lease = Setup::new().env("AGENTDROP_UPLOAD_LEASE_SECONDS", "60");
    let warnings = short_lease.load().warnings;
    assert!(warnings[0].starts_with("`upload.lease_seconds`"), "{warnings:?}");
}

#[test]
fn less_than_full_durability_is_a_warning_that_says_what_may_be_lost() {
    let os = || Setup::new().env("AGENTDROP_DURABILITY", "os");
    let lost = |setup: Setup| setup.load().warnings.remove(0);
    assert!(Setup::new().load().warnings.is_empty());
    assert!(lost(os()).contains("may lose rows in SQLite and bytes in files"));
    let postgres = || os().env("AGENTDROP_DATABASE_URL", "postgres://u:p@h/d");
    assert!(lost(postgres()).contains("may lose bytes in files"));
    let s3 = postgres()
        .env("AGENTDROP_S3_BUCKET", "bytes")
        .env("AGENTDROP_S3_ACCESS_KEY_ID", "id")
        .env("AGENTDROP_S3_SECRET_ACCESS_KEY", "secret");
    assert!(lost(s3).contains("means nothing here"));
    assert_problem(
        &Setup::new().env("AGENTDROP_DURABILITY", "none"),
        &["`durability` (AGENTDROP_DURABILITY) must be `full` or `os`"],
    );
}

#[test]
fn values_that_are_not_unicode_are_refused() {
    let name = "AGENTDROP_DATA_DIR".to_owned();
    let environment = Environment::new([(name, OsString::from_vec(vec![b'/', 0xff]))]);
    let errors = Config::load(None, &environment).unwrap_err();
    assert_eq!(errors.problems().len(), 1);
    assert!(errors.problems()[0].ends_with("it is not Unicode"), "{errors}");
}
