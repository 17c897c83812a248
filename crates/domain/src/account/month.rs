use chrono::{Datelike, Months, NaiveDate, NaiveTime};

use crate::clock::Timestamp;

/// A month in which transfers are counted: it begins at 00:00 UTC on the account's sign-up day of the month, in
/// a month that is too short for that day on its last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaMonth {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment of the next one.
    pub end: Timestamp,
}

impl QuotaMonth {
    /// The month of an account that a moment lies in; the first one before the account was there.
    #[must_use]
    pub fn at(signed_up: Timestamp, now: Timestamp) -> Self {
        let (first, today) = (signed_up.date_naive(), now.date_naive());
        let begun = month_number(today).saturating_sub(month_number(first));
        let since = if start_of(first, begun) > now { begun.saturating_sub(1) } else { begun };
        Self { start: start_of(first, since), end: start_of(first, since + 1) }
    }

    /// Whole seconds until the next month begins, at least 1.
    #[must_use]
    pub fn seconds_left(&self, now: Timestamp) -> u64 {
        let left = (self.end - now).num_milliseconds();
        u64::try_from(left).unwrap_or(0).div_ceil(1_000).max(1)
    }
}

/// The start of the month that begins so many months after the first. Counted from the first, so that a short
/// month moves none of those after it.
fn start_of(first: NaiveDate, months_later: u32) -> Timestamp {
    let day = first.checked_add_months(Months::new(months_later)).unwrap_or(NaiveDate::MAX);
    day.and_time(NaiveTime::MIN).and_utc()
}

fn month_number(day: NaiveDate) -> u32 {
    u32::try_from(day.year()).unwrap_or(0).saturating_mul(12).saturating_add(day.month0())
}

#[cfg(test)]
mod tests;
