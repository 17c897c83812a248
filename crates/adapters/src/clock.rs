//! The system's clock.

use std::time::Duration;

use agentdrop_domain::clock::{Clock, Timer, Timestamp};
use async_trait::async_trait;
use chrono::{SubsecRound, Utc};

/// Tells the system's time, in whole microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the port takes the time from")]
    fn now(&self) -> Timestamp {
        Utc::now().trunc_subsecs(6)
    }
}

/// Waits on the runtime that it is called from.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioTimer;

#[async_trait]
impl Timer for TokioTimer {
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn no_time_is_finer_than_a_microsecond() {
        // Any one reading may happen to fall on a whole microsecond.
        assert!((0..1_000).all(|_| SystemClock.now().timestamp_subsec_nanos().is_multiple_of(1_000)));
    }

    #[test]
    fn it_is_the_systems_time() {
        let age = SystemTime::from(SystemClock.now()).elapsed();
        let off = age.unwrap_or_else(|error| error.duration());
        assert!(off < Duration::from_secs(60), "off by {off:?}");
    }
}
