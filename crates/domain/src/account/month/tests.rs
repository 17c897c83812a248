#![allow(clippy::unwrap_used)]

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;

fn time(text: &str) -> Timestamp {
    format!("{text}Z").parse().unwrap()
}

#[test]
fn a_month_begins_on_the_sign_up_day_clamped_to_short_months() {
    for (signed_up, now, start, end) in [
        ("2026-01-15T10:00:00", "2026-01-15T10:00:00", "2026-01-15", "2026-02-15"),
        ("2026-01-15T10:00:00", "2026-02-14T23:59:59", "2026-01-15", "2026-02-15"),
        ("2026-01-15T10:00:00", "2026-02-15T00:00:00", "2026-02-15", "2026-03-15"),
        ("2026-01-31T10:00:00", "2026-02-27T23:59:59", "2026-01-31", "2026-02-28"),
        ("2026-01-31T10:00:00", "2026-02-28T00:00:00", "2026-02-28", "2026-03-31"),
        ("2026-01-31T10:00:00", "2026-03-30T23:59:59", "2026-02-28", "2026-03-31"),
        ("2026-01-31T10:00:00", "2026-04-30T12:00:00", "2026-04-30", "2026-05-31"),
        ("2027-12-29T10:00:00", "2028-02-29T00:00:00", "2028-02-29", "2028-03-29"),
        ("2028-02-29T10:00:00", "2029-03-01T00:00:00", "2029-02-28", "2029-03-29"),
        ("2025-12-31T23:59:59", "2026-12-31T00:00:00", "2026-12-31", "2027-01-31"),
        // By a clock that has gone back.
        ("2026-03-15T10:00:00", "2026-03-01T00:00:00", "2026-03-15", "2026-04-15"),
        ("2026-03-15T10:00:00", "2025-01-01T00:00:00", "2026-03-15", "2026-04-15"),
    ] {
        let midnight = |day: &str| time(&format!("{day}T00:00:00"));
        let expected = QuotaMonth { start: midnight(start), end: midnight(end) };
        assert_eq!(QuotaMonth::at(time(signed_up), time(now)), expected, "{signed_up} at {now}");
    }
}

#[test]
fn the_wait_until_the_next_month_is_in_whole_seconds() {
    let month = QuotaMonth::at(time("2026-01-15T10:00:00"), time("2026-01-20T00:00:00"));
    assert_eq!(month.seconds_left(time("2026-02-14T23:00:00")), 3_600);
    assert_eq!(month.seconds_left(time("2026-02-14T23:59:58.500")), 2);
    assert_eq!(month.seconds_left(month.end), 1);
    assert_eq!(month.seconds_left(time("2026-03-01T00:00:00")), 1);
}

fn moment(range: std::ops::Range<i64>) -> impl Strategy<Value = Timestamp> {
    range.prop_map(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0).unwrap())
}

proptest! {
    #[test]
    fn months_tile_the_time_since_the_sign_up(
        signed_up in moment(1_500_000_000..2_500_000_000),
        later in 0..20_000_i64,
        second in 0..86_400_i64,
    ) {
        let now = signed_up + TimeDelta::days(later) + TimeDelta::seconds(second);
        let month = QuotaMonth::at(signed_up, now);
        prop_assert!(month.start <= now && now < month.end);
        prop_assert!((28..=31).contains(&(month.end - month.start).num_days()));
        let (wanted, day) = (signed_up.date_naive().day(), month.start.date_naive());
        let is_last_of_month = day.succ_opt().unwrap().day() == 1;
        prop_assert!(day.day() == wanted || (day.day() < wanted && is_last_of_month));
        prop_assert_eq!(QuotaMonth::at(signed_up, month.start), month);
        prop_assert_eq!(QuotaMonth::at(signed_up, month.end - TimeDelta::microseconds(1)), month);
        prop_assert_eq!(QuotaMonth::at(signed_up, month.end).start, month.end);
    }
}
