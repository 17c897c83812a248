//! Time is a port.

use chrono::{DateTime, Utc};

/// A moment in UTC with microseconds, the finest both databases keep.
pub type Timestamp = DateTime<Utc>;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, truncated to whole microseconds, so that a stored and re-read timestamp equals the original.
    fn now(&self) -> Timestamp;
}
