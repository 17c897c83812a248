//! `agentdrop-server migrate`.

use std::io::Write;

use crate::config::Config;
use crate::wiring::{WiringError, database_name, open_database};

/// Why the database is not up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// It can't be opened or changed.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// Standard output.
    #[error("can't write to standard output")]
    Io(#[from] std::io::Error),
}

/// Brings the database up to date and says what was done.
///
/// # Errors
/// [`MigrateError`].
pub async fn migrate(config: &Config, out: &mut impl Write) -> Result<(), MigrateError> {
    let database = open_database(config).await?;
    let name = database_name(config);
    let applied = database.migrate().await.map_err(|error| WiringError::Migration(name.clone(), error))?;
    if applied.is_empty() {
        writeln!(out, "{name} is up to date")?;
    } else {
        writeln!(out, "{name}: applied {}", applied.join(", "))?;
    }
    Ok(())
}
