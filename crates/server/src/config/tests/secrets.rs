//! Secrets: from files, and never in print.

use super::super::{Database, Source, Storage};
use super::{Setup, assert_problem, everything_printed, setting};

const KEY: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

#[test]
fn every_secret_can_come_from_a_file() {
    let setup = Setup::new()
        .env("AGENTDROP_S3_BUCKET", "bytes")
        .env_file("AGENTDROP_SIGNING_KEY_FILE", &format!("{KEY}\n"))
        .env_file("AGENTDROP_DATABASE_URL_FILE", "postgres://u:hunter2@db/x\r\n")
        .env_file("AGENTDROP_S3_ACCESS_KEY_ID_FILE", " the-id \n")
        .env_file("AGENTDROP_S3_SECRET_ACCESS_KEY_FILE", "hunter2");
    let loaded = setup.load();
    let Database::Postgres(url) = &loaded.config.database else { panic!("{loaded:?}") };
    let Storage::S3(s3) = &loaded.config.storage else { panic!("{loaded:?}") };
    assert_eq!(url.expose(), "postgres://u:hunter2@db/x");
    assert_eq!((s3.access_key_id.expose(), s3.secret_access_key.expose()), ("the-id", "hunter2"));
    assert_eq!(loaded.config.signing_keys[0].expose(), KEY);
    assert!(matches!(
        setting(&loaded, "signing_key").source,
        Source::SecretFile("AGENTDROP_SIGNING_KEY_FILE", _)
    ));
    assert_eq!(loaded.warnings, [""; 0]);
}

#[test]
fn no_print_shows_a_secret() {
    let environment = Setup::new()
        .env("AGENTDROP_S3_BUCKET", "bytes")
        .env("AGENTDROP_SIGNING_KEY", format!("{KEY},{KEY}"))
        .env("AGENTDROP_DATABASE_URL", "postgres://u:hunter2@db/x?password=hunter2")
        .env("AGENTDROP_S3_ACCESS_KEY_ID", "hunter2")
        .env("AGENTDROP_S3_SECRET_ACCESS_KEY", "hunter2");
    let file = Setup::new().toml(&format!(
        "signing_key = \"{KEY}\"\n[database]\nurl = \"postgres://u:hunter2@db/x\"\n\
         [s3]\nbucket = \"bytes\"\naccess_key_id = \"hunter2\"\nsecret_access_key = \"hunter2\"\n"
    ));
    for setup in [environment, file] {
        let loaded = setup.load();
        let printed = everything_printed(&loaded);
        assert!(!printed.contains("hunter2"), "{printed}");
        assert!(setting(&loaded, "database.url").value.starts_with("postgres://u:[redacted]@db/x"));
        assert_eq!(setting(&loaded, "signing_key").value, "[redacted]");
    }
}

#[test]
fn problems_do_not_show_a_secret_either() {
    let problems = Setup::new()
        .env("AGENTDROP_S3_BUCKET", "bytes")
        .env("AGENTDROP_SIGNING_KEY", "hunter2")
        .env("AGENTDROP_DATABASE_URL", "mysql://u:hunter2@db/x")
        .env("AGENTDROP_S3_ACCESS_KEY_ID", "hunter2 hunter2")
        .env("AGENTDROP_S3_SECRET_ACCESS_KEY", "hunter2 hunter2")
        .problems();
    assert_eq!(problems.len(), 4, "{problems:#?}");
    assert!(!problems.concat().contains("hunter2"), "{problems:#?}");

    let broken = Setup::new().toml("signing_key = \"hunter2\nlog = \"info\"").problems();
    assert_eq!(broken.len(), 1);
    assert!(!broken.concat().contains("hunter2"), "{broken:#?}");
    let mistyped = Setup::new().toml("signing_key = { hunter2 = \"hunter2\" }").problems();
    assert!(!mistyped.concat().contains("hunter2"), "{mistyped:#?}");
}

#[test]
fn both_forms_of_one_secret_are_an_error() {
    let setup = Setup::new().env("AGENTDROP_SIGNING_KEY", KEY).env_file("AGENTDROP_SIGNING_KEY_FILE", KEY);
    assert_problem(
        &setup,
        &["`signing_key`", "set twice: by AGENTDROP_SIGNING_KEY and by AGENTDROP_SIGNING_KEY_FILE"],
    );
}

#[test]
fn a_secret_file_replaces_what_the_toml_file_says() {
    let setup = Setup::new()
        .toml("[database]\nurl = \"postgres://file/x\"")
        .env_file("AGENTDROP_DATABASE_URL_FILE", "postgres://secret/x");
    let Database::Postgres(url) = setup.config().database else { panic!("a URL is set") };
    assert_eq!(url.expose(), "postgres://secret/x");
}

#[test]
fn a_secret_file_that_is_missing_or_empty_is_named() {
    assert_problem(
        &Setup::new().env("AGENTDROP_SIGNING_KEY_FILE", "/no/such/file"),
        &[
            "`signing_key` (AGENTDROP_SIGNING_KEY)",
            "/no/such/file",
            "AGENTDROP_SIGNING_KEY_FILE",
            "can't be read",
        ],
    );
    assert_problem(
        &Setup::new().env_file("AGENTDROP_SIGNING_KEY_FILE", " \n"),
        &["AGENTDROP_SIGNING_KEY_FILE is empty"],
    );
    let large = "k".repeat((1 << 20) + 1);
    assert_problem(&Setup::new().env_file("AGENTDROP_SIGNING_KEY_FILE", &large), &["larger than 1 MiB"]);
}
