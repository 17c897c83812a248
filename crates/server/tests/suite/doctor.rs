//! `agentdrop-server doctor` as its user calls it: the exit status is what scripts go by.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use agentdrop_test_support::process::{command, run};

const PATIENCE: Duration = Duration::from_secs(60);

fn doctor(folder: &Path) -> Command {
    let mut program = command(env!("CARGO_BIN_EXE_agentdrop-server"));
    program.arg("doctor").current_dir(folder).env("AGENTDROP_LISTEN", "127.0.0.1:0");
    program
}

#[tokio::test]
async fn warnings_are_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = doctor(folder.path());
    program.env("AGENTDROP_LISTEM", "odd");
    let finished = run(program, PATIENCE).await.expect_success();
    assert!(finished.stdout.contains("warn  configuration: AGENTDROP_LISTEM "), "{}", finished.stdout);
    assert_eq!(finished.stderr, "");
}

#[tokio::test]
async fn a_failure_is_status_1() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = doctor(folder.path());
    program.env("AGENTDROP_DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/x");
    let finished = run(program, PATIENCE).await;
    assert_eq!(finished.status.code(), Some(1));
    assert!(finished.stdout.contains("FAIL  database: postgres://u:[redacted]@"), "{}", finished.stdout);
    assert!(!format!("{finished:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_broken_configuration_is_reported_like_any_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = doctor(folder.path());
    program.env("AGENTDROP_LISTEN", "here");
    let finished = run(program, PATIENCE).await;
    assert_eq!(finished.status.code(), Some(1));
    assert!(
        finished.stdout.starts_with("FAIL  configuration: `listen` (AGENTDROP_LISTEN)"),
        "{}",
        finished.stdout
    );
}
