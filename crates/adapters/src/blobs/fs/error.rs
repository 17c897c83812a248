//! What the file system said, in the port's words.

use std::io::{self, ErrorKind};

use agentdrop_domain::blob::BlobError;
use tokio::task::{JoinError, spawn_blocking};

/// Runs `work` where it may wait for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    spawn_blocking(work).await.map_err(lost)?.map_err(failed)
}

/// A task that panicked, or whose runtime is shutting down.
pub(super) fn lost(error: JoinError) -> BlobError {
    if error.is_panic() { BlobError::Internal(error.into()) } else { BlobError::Unavailable(error.into()) }
}

/// An error of the file system. Absence is the caller's to recognise: here it means that a folder is gone.
pub(super) fn failed(error: io::Error) -> BlobError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            BlobError::NoSpace(error.into())
        }
        // Not what a passing trouble looks like: somebody has to look at the folder.
        ErrorKind::PermissionDenied
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidInput
        | ErrorKind::Unsupported => BlobError::Internal(error.into()),
        _ => BlobError::Unavailable(error.into()),
    }
}
