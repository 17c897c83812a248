//! Room that uploads leave on the disk, for whatever else lives there.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::statvfs;

/// Tells how full a disk is.
pub trait FreeSpace: Debug + Send + Sync {
    /// Bytes that this process may still write to the file system of `folder`.
    ///
    /// # Errors
    /// The file system's.
    fn free_bytes(&self, folder: &Path) -> io::Result<u64>;
}

/// What the operating system says.
#[derive(Debug, Clone, Copy)]
pub struct Disk;

impl FreeSpace for Disk {
    fn free_bytes(&self, folder: &Path) -> io::Result<u64> {
        let about = statvfs(folder)?;
        Ok(about.f_bavail.saturating_mul(about.f_frsize))
    }
}

/// How many bytes uploads leave free.
#[derive(Debug, Clone)]
pub struct DiskReserve {
    bytes: u64,
    space: Arc<dyn FreeSpace>,
}

impl DiskReserve {
    /// So many bytes of that disk.
    #[must_use]
    pub fn new(bytes: u64, space: Arc<dyn FreeSpace>) -> Self {
        Self { bytes, space }
    }

    /// Asks whether so many bytes more leave the reserve untouched.
    pub(super) fn check(&self, folder: &Path, more: u64) -> io::Result<()> {
        if self.bytes == 0 {
            return Ok(());
        }
        let free = self.space.free_bytes(folder)?;
        if free.saturating_sub(more) >= self.bytes {
            return Ok(());
        }
        let error = format!("{free} bytes are free, of which {} are kept back", self.bytes);
        Err(io::Error::new(io::ErrorKind::StorageFull, error))
    }
}

impl Default for DiskReserve {
    /// Uploads may fill the disk.
    fn default() -> Self {
        Self::new(0, Arc::new(Disk))
    }
}
