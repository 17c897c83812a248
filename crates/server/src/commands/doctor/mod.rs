//! `agentdrop-server doctor`: tries what the server depends on, and says what to do about it.
//!
//! A check is a function from the [`Installation`] to its [`Finding`]s, in a file of its own and with a line
//! in [`CHECKS`].

mod clock;
mod configuration;
mod database;
mod direct;
mod disk;
mod finding;
mod installation;
mod probe;
mod public_url;
mod signing_key;
mod storage;
#[cfg(test)]
mod tests;
mod tls;
mod trial;

use std::io::{self, Write};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::timeout;

use crate::config::{ConfigErrors, Loaded};
use finding::{Finding, Verdict};
use installation::Installation;

/// How long one check may take, and how long opening what several of them need.
const PATIENCE: Duration = Duration::from_secs(30);

type Check = for<'a> fn(&'a Installation<'a>) -> BoxFuture<'a, Vec<Finding>>;

/// What each check looks at, and the check, in the order of the report.
const CHECKS: &[(&str, Check)] = &[
    ("configuration", |it| Box::pin(configuration::check(it))),
    ("disk", |it| Box::pin(disk::check(it))),
    ("database", |it| Box::pin(database::check(it))),
    ("storage", |it| Box::pin(storage::check(it))),
    ("direct delivery", |it| Box::pin(direct::check(it))),
    ("clock", |it| Box::pin(clock::check(it))),
    ("signing key", |it| Box::pin(signing_key::check(it))),
    ("TLS", |it| Box::pin(tls::check(it))),
    ("public URL", |it| Box::pin(public_url::check(it))),
    ("blob URL", |it| Box::pin(public_url::check_blobs(it))),
];

/// Why the doctor is not content.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// Something does not work.
    #[error("{0} of the findings must be put right, see the lines that begin with FAIL")]
    Failed(usize),
    /// Standard output.
    #[error("can't write to standard output")]
    Io(#[from] io::Error),
}

/// Makes all checks and writes one line a finding: `ok|warn|FAIL  what: finding; what to do`.
///
/// # Errors
/// [`DoctorError::Failed`] if a line says `FAIL`.
pub async fn doctor(loaded: &Loaded, out: &mut impl Write) -> Result<(), DoctorError> {
    let installation = Installation::open(loaded).await;
    let mut failed = 0;
    for (what, check) in CHECKS {
        let findings = timeout(PATIENCE, check(&installation)).await;
        let findings = findings.unwrap_or_else(|_| vec![silent()]);
        failed += report(what, &findings, out)?;
    }
    if failed == 0 { Ok(()) } else { Err(DoctorError::Failed(failed)) }
}

/// Writes the problems of a configuration that can't be loaded, in the form of [`doctor`].
///
/// # Errors
/// [`DoctorError::Failed`], or that the output can't be written.
pub fn doctor_without_configuration(errors: &ConfigErrors, out: &mut impl Write) -> Result<(), DoctorError> {
    let findings: Vec<Finding> = errors
        .problems()
        .iter()
        .map(|problem| {
            Finding::fail(problem, "correct it and call the doctor again: nothing else was checked")
        })
        .collect();
    Err(DoctorError::Failed(report("configuration", &findings, out)?))
}

fn silent() -> Finding {
    let text = format!("no answer within {} s", PATIENCE.as_secs());
    Finding::fail(text, "look for a firewall or a proxy that swallows packets")
}

/// Writes the findings of a check; how many of them are failures.
fn report(what: &str, findings: &[Finding], out: &mut impl Write) -> io::Result<usize> {
    for finding in findings {
        writeln!(out, "{}", finding.line(what))?;
    }
    out.flush()?;
    Ok(findings.iter().filter(|finding| finding.verdict() == Verdict::Fail).count())
}
