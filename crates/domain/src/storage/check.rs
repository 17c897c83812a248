//! The check as a whole.

use super::{Report, damage, orphans};
use crate::act::Ports;
use crate::blob::BlobError;
use crate::store::StoreError;

/// What a check does besides looking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Removes what belongs to no row, and ends transfers whose bytes are damaged.
    pub repair: bool,
    /// Reads every byte and compares the SHA-256.
    pub verify: bool,
}

/// Why a check could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The store.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Compares rows and bytes, in both directions, page by page.
///
/// # Errors
/// If the database or the store does not answer. What was repaired until then stays so.
pub async fn check(ports: &Ports, options: CheckOptions) -> Result<Report, CheckError> {
    let mut report = Report::default();
    damage::look(ports, options, &mut report).await?;
    orphans::look(ports, options.repair, &mut report).await?;
    Ok(report)
}
