//! Time is a port.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// A moment in UTC with microseconds, the finest both databases keep.
pub type Timestamp = DateTime<Utc>;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, truncated to whole microseconds, so that a stored and re-read timestamp equals the original.
    fn now(&self) -> Timestamp;
}

/// Waits.
#[async_trait]
pub trait Timer: Send + Sync {
    /// Returns after that long.
    async fn sleep(&self, duration: Duration);
}
