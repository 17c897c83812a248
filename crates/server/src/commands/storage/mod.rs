//! `agentdrop-server storage …`: the store of bytes as the operator sees it, also while the server runs.

mod output;

use std::io::{self, Write};

use agentdrop_domain::storage::{self, CheckOptions, Report};

use crate::cli::{CheckStorage, StorageCommand};
use crate::config::Config;
use crate::wiring::{self, WiringError};

/// Why a command on the storage failed.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database or the store.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// The check did not come to its end.
    #[error("the check could not be finished")]
    Check(#[from] storage::CheckError),
    /// Something is left.
    #[error("{}", unclean(.0))]
    Unclean(Box<Report>),
    /// Standard output.
    #[error("can't write to standard output")]
    Io(#[from] io::Error),
}

fn unclean(report: &Report) -> String {
    let Report { damaged, orphans, unfinished, .. } = report;
    format!(
        "rows and bytes do not agree: {} damaged, {} orphaned, {} unfinished",
        damaged.left(),
        orphans.left(),
        unfinished.left()
    )
}

/// Does what the command says and writes the answer.
///
/// # Errors
/// [`StorageError`]; [`StorageError::Unclean`], after the answer was written, if anything is left to be repaired.
pub async fn storage(
    config: &Config,
    command: StorageCommand,
    out: &mut impl Write,
) -> Result<(), StorageError> {
    match command {
        StorageCommand::Check(arguments) => check(config, arguments, out).await,
    }
}

async fn check(config: &Config, arguments: CheckStorage, out: &mut impl Write) -> Result<(), StorageError> {
    let CheckStorage { repair, verify, json } = arguments;
    let ports = wiring::open(config).await?.ports;
    let report = storage::check(&ports, CheckOptions { repair, verify }).await?;
    if json { output::json(&report, out) } else { output::text(&report, out) }?;
    out.flush()?;
    if report.is_clean() { Ok(()) } else { Err(StorageError::Unclean(Box::new(report))) }
}

#[cfg(test)]
mod tests;
