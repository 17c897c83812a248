//! `agentdrop-server demo` as its user calls it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use agentdrop_test_support::process::{TestProcess, command, run};

const PATIENCE: Duration = Duration::from_secs(60);

fn demo(temporary: &Path) -> Command {
    let mut program = command(env!("CARGO_BIN_EXE_agentdrop-server"));
    program.arg("demo").current_dir(temporary).env("TMPDIR", temporary);
    program
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test]
async fn the_story_ends_well_whatever_is_configured_and_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let mut program = demo(temporary.path());
    program.env("AGENTDROP_LISTEN", "broken").env("AGENTDROP_DATABASE_URL", "postgres://127.0.0.1:1/none");
    let finished = run(program, PATIENCE).await.expect_success();
    assert!(finished.stdout.contains("compared figures.csv: the same bytes"), "{}", finished.stdout);
    assert!((20..30).contains(&finished.stdout.lines().count()), "{}", finished.stdout);
    assert_eq!(finished.stderr, "");
    assert!(is_empty(temporary.path()));
}

#[tokio::test]
async fn an_interrupted_story_fails_and_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let mut process = TestProcess::spawn(demo(temporary.path()));
    process.wait_for_line("Two accounts", PATIENCE).await;
    process.terminate();
    let finished = process.finish(PATIENCE).await;
    assert_eq!(finished.status.code(), Some(1), "{}", finished.stdout);
    assert_eq!(finished.stderr, "error: interrupted\n");
    assert!(is_empty(temporary.path()));
}

#[tokio::test]
async fn without_a_temporary_folder_there_is_no_story() {
    let temporary = tempfile::tempdir().unwrap();
    let mut program = demo(temporary.path());
    program.env("TMPDIR", temporary.path().join("missing"));
    let finished = run(program, PATIENCE).await;
    assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(1), ""));
    assert!(finished.stderr.starts_with("error: can't make a temporary folder"), "{}", finished.stderr);
}
