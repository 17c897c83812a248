//! Do this machine, the database and the storage agree on the time?

use agentdrop_adapters::clock::SystemClock;
use agentdrop_adapters::sql::SqlDatabase;
use agentdrop_domain::clock::Clock;
use agentdrop_domain::store::StoreError;
use chrono::TimeDelta;

use super::finding::Finding;
use super::installation::Installation;
use super::trial::Moment;

/// How far two clocks may differ. Both the database (SQLite) and S3 tell whole seconds.
const TOLERANCE: TimeDelta = TimeDelta::seconds(5);

/// Without a database and a storage there is nothing to compare with; their own checks say so.
pub async fn check(installation: &Installation<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Ok(database) = &installation.database {
        findings.push(match by_database(database).await {
            Ok(moment) => compare("database", &moment),
            Err(error) => Finding::fail(
                format!("the database does not tell the time: {}", crate::with_causes(&error)),
                "see the line about the database",
            ),
        });
    }
    if let Ok(trial) = &installation.trial {
        findings.push(compare("storage", &trial.stored));
    }
    findings
}

async fn by_database(database: &SqlDatabase) -> Result<Moment, StoreError> {
    let earliest = SystemClock.now();
    let theirs = database.now().await?;
    Ok(Moment { earliest, latest: SystemClock.now(), theirs })
}

fn compare(whose: &str, moment: &Moment) -> Finding {
    let ahead = ahead(moment);
    if ahead.abs() <= TOLERANCE {
        return Finding::ok(format!("as the {whose}'s, within {} s", TOLERANCE.num_seconds()));
    }
    let direction = if ahead > TimeDelta::zero() { "behind" } else { "ahead of" };
    Finding::warn(
        format!("{} s {direction} the {whose}'s", ahead.abs().num_seconds()),
        "let both machines take the time from the network (chrony, systemd-timesyncd): expiry times and \
         signed URLs depend on it",
    )
}

/// How far the other clock is ahead of this machine's, at the least.
fn ahead(Moment { earliest, latest, theirs }: &Moment) -> TimeDelta {
    if theirs < earliest {
        *theirs - earliest
    } else if theirs > latest {
        *theirs - latest
    } else {
        TimeDelta::zero()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chrono::DateTime;

    use super::*;

    /// A moment between 100 s and 102 s by this machine's clock.
    fn told(theirs: i64) -> Moment {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        Moment { earliest: at(100), latest: at(102), theirs: at(theirs) }
    }

    #[test]
    fn five_seconds_are_tolerated_beyond_what_the_question_took() {
        for theirs in [95, 100, 101, 102, 107] {
            assert_eq!(
                compare("storage", &told(theirs)),
                Finding::ok("as the storage's, within 5 s"),
                "{theirs}"
            );
        }
    }

    #[test]
    fn a_larger_difference_is_told_with_its_direction() {
        for (theirs, text) in
            [(94, "6 s ahead of the storage's; let"), (3702, "3600 s behind the storage's; let")]
        {
            let line = compare("storage", &told(theirs)).line("clock");
            assert!(line.starts_with(&format!("warn  clock: {text}")), "{line}");
        }
    }
}
