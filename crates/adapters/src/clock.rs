//! The system's clock.

use agentdrop_domain::clock::{Clock, Timestamp};
use chrono::{SubsecRound, Utc};

/// Tells the system's time, in whole microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Utc::now().trunc_subsecs(6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_finer_than_a_microsecond() {
        // Any one reading may happen to fall on a whole microsecond.
        assert!((0..1_000).all(|_| SystemClock.now().timestamp_subsec_nanos() % 1_000 == 0));
        assert!((Utc::now() - SystemClock.now()).num_seconds() < 60);
    }
}
