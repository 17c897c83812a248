#![allow(clippy::unwrap_used, clippy::expect_used)]

mod databases;
mod direct;
mod stores;
mod urls;

use tempfile::TempDir;

use super::finding::{Finding, Verdict};
use super::*;
use crate::config::{Config, Environment};
use crate::wiring;

/// A configuration over a folder of its own.
struct Setup {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Setup {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    fn load(&self) -> Loaded {
        let data = self.folder.path().join("data").to_str().unwrap().to_owned();
        let defaults = [("AGENTDROP_DATA_DIR", data), ("AGENTDROP_LISTEN", "127.0.0.1:0".to_owned())];
        let environment = Environment::new(defaults.into_iter().chain(self.variables.iter().cloned()));
        Config::load(None, &environment).unwrap()
    }

    /// The report's lines, and whether it counts as healthy.
    async fn report(&self) -> (Vec<String>, bool) {
        let mut out = Vec::new();
        let outcome = doctor(&self.load(), &mut out).await;
        let lines: Vec<String> = String::from_utf8(out).unwrap().lines().map(str::to_owned).collect();
        let failed = lines.iter().filter(|line| line.starts_with("FAIL")).count();
        match outcome {
            Ok(()) => assert_eq!(failed, 0, "{lines:#?}"),
            Err(DoctorError::Failed(count)) => assert_eq!((failed, count > 0), (count, true), "{lines:#?}"),
            Err(error) => panic!("{error}"),
        }
        (lines, failed == 0)
    }

    /// The findings of the check with that name.
    async fn check(&self, what: &str) -> Vec<Finding> {
        let (_, check) = CHECKS.iter().find(|(name, _)| *name == what).unwrap();
        check(&Installation::open(&self.load()).await).await
    }

    /// The one finding of the check with that name.
    async fn finding(&self, what: &str) -> Finding {
        let [finding] = self.check(what).await.try_into().unwrap();
        finding
    }
}

#[track_caller]
fn assert_line(finding: &Finding, verdict: Verdict, says: &[&str]) {
    let line = finding.line("x");
    assert_eq!(finding.verdict(), verdict, "{line}");
    for text in says {
        assert!(line.contains(text), "`{text}` is missing in: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_start_nothing_fails_and_nothing_is_made() {
    let setup = Setup::new();
    let (lines, healthy) = setup.report().await;
    assert!(healthy, "{lines:#?}");
    for what in ["database", "storage"] {
        let line = lines.iter().find(|line| line.contains(&format!("  {what}: "))).unwrap();
        assert!(line.starts_with("warn") && line.contains("is not there yet; the first start"), "{line}");
    }
    assert_eq!(std::fs::read_dir(setup.folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_installation_is_ok_throughout() {
    let setup = Setup::new();
    let config = setup.load().config;
    drop(wiring::open(&config).await.unwrap());
    let running = crate::serve::start(&config).await.unwrap();
    let setup = setup.set("AGENTDROP_LISTEN", running.address.to_string());
    let (lines, healthy) = setup.report().await;
    running.stop().await;
    assert!(healthy, "{lines:#?}");
    // The machine that runs the test may have a full disk; that is a warning.
    let odd: Vec<_> =
        lines.iter().filter(|line| !line.starts_with("ok    ") && !line.contains(" free in ")).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    for (what, _) in CHECKS {
        assert!(lines.iter().any(|line| line[6..].starts_with(&format!("{what}: "))), "{what} in {lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oddities_of_the_configuration_are_warnings() {
    let setup = Setup::new().set("AGENTDROP_LISTEM", "x");
    assert_line(&setup.finding("configuration").await, Verdict::Warn, &["AGENTDROP_LISTEM"]);
}

#[test]
fn a_configuration_that_cannot_be_loaded_is_a_failure() {
    let environment = Environment::new([("AGENTDROP_LISTEN", "here"), ("AGENTDROP_WORKERS", "0")]);
    let errors = Config::load(None, &environment).unwrap_err();
    let mut out = Vec::new();
    let outcome = doctor_without_configuration(&errors, &mut out);
    assert!(matches!(outcome, Err(DoctorError::Failed(2))), "{outcome:?}");
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("FAIL  configuration: ")).count(), 2, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_cannot_be_made_is_a_failure() {
    let setup = Setup::new();
    let file = setup.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let setup = setup.set("AGENTDROP_DATA_DIR", file.join("data").to_str().unwrap());
    let (lines, healthy) = setup.report().await;
    assert!(!healthy);
    for what in ["disk", "database", "storage"] {
        let line = lines.iter().find(|line| line[6..].starts_with(what)).unwrap();
        assert!(line.starts_with("FAIL") && line.contains("AGENTDROP_DATA_DIR"), "{line}");
    }
}
