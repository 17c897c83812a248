//! What both databases' migrations share.

use std::error::Error as StdError;

use agentdrop_domain::store::StoreError;
use diesel::migration::MigrationVersion;
use diesel::result::Error;
use tokio::task::JoinError;

use super::error::{Diagnosis, in_one_line};

/// Why migrating stopped.
#[derive(Debug)]
pub(super) enum Migrated {
    /// A migration, or the table that lists them, was refused.
    Refused(Box<dyn StdError + Send + Sync>),
    /// The transaction around them was.
    Failed(Error),
}

impl From<Error> for Migrated {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub(super) fn failure(error: Migrated, diagnosis: &Diagnosis) -> StoreError {
    match error {
        Migrated::Failed(error) => diagnosis.store_error(error),
        Migrated::Refused(error) => match error.downcast::<Error>() {
            Ok(error) => diagnosis.store_error(*error),
            Err(error) => StoreError::Internal(format!("migrating failed: {}", in_one_line(&*error)).into()),
        },
    }
}

/// The thread that migrated is gone.
pub(super) fn failure_of(thread: JoinError) -> StoreError {
    StoreError::Internal(Box::new(thread))
}

pub(super) fn applied(versions: &[MigrationVersion<'_>]) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}
