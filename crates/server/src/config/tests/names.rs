//! Names that are not settings.

use super::{Setup, assert_problem};

#[test]
fn an_unknown_key_of_the_file_is_an_error_that_guesses_what_was_meant() {
    let cases = [
        ("[databse]\nurl = \"x\"", "unknown key `databse.url`", "did you mean `database.url`?"),
        ("[s3]\nbuckett = \"x\"", "unknown key `s3.buckett`", "did you mean `s3.bucket`?"),
        ("lsten = \"x\"", "unknown key `lsten`", "did you mean `listen`?"),
        ("log_level = \"x\"", "unknown key `log_level`", "agentdrop.toml"),
        ("[nothing]", "unknown key `nothing`", "agentdrop.toml"),
        ("s3 = \"bucket\"", "`s3`", "must be a table"),
        ("[s3]\nbucket.name = \"x\"", "`s3.bucket` (AGENTDROP_S3_BUCKET) must be", "gives a TOML table"),
        ("plans = 3", "`plans` must be a table", "[plans.NAME]"),
    ];
    for (toml, what, hint) in cases {
        assert_problem(&Setup::new().toml(toml), &[what, hint]);
    }
    let far = Setup::new().toml("colour = \"red\"");
    assert!(!far.problems()[0].contains("did you mean"));
}

#[test]
fn an_unknown_variable_is_a_warning_without_its_value() {
    let loaded = Setup::new().env("AGENTDROP_LISTN", "hunter2").load();
    assert_eq!(loaded.warnings.len(), 1);
    assert!(loaded.warnings[0].starts_with("AGENTDROP_LISTN is no setting"), "{:?}", loaded.warnings);
    assert!(loaded.warnings[0].ends_with("did you mean AGENTDROP_LISTEN?"), "{:?}", loaded.warnings);
    assert!(!loaded.warnings[0].contains("hunter2"));
}

#[test]
fn the_clients_own_variables_are_only_remarked_upon() {
    let loaded = Setup::new()
        .env("AGENTDROP_API_KEY", "agd_live_x")
        .env("AGENTDROP_AGENT_ID", "a")
        .env("AGENTDROP_AGENT_UUID", "u")
        .env("AGENTDROP_CONFIG_DIR", "/c")
        .load();
    assert_eq!(loaded.warnings.len(), 4);
    assert!(loaded.warnings.iter().all(|warning| warning.contains("a setting of AgentDrop clients")));
}

#[test]
fn variables_of_test_suites_are_passed_over_in_silence() {
    assert_eq!(Setup::new().env("AGENTDROP_TEST_MINIO", "/usr/bin/minio").load().warnings, [""; 0]);
}

#[test]
fn only_secrets_can_come_from_a_file() {
    let loaded = Setup::new().env("AGENTDROP_LISTEN_FILE", "/x").load();
    assert!(loaded.warnings[0].starts_with("AGENTDROP_LISTEN_FILE is no setting"), "{:?}", loaded.warnings);
}
