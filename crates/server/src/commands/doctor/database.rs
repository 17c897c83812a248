//! Does the database open, is it up to date, and how soon does it answer?

use std::time::{Duration, Instant};

use agentdrop_adapters::sql::SqlDatabase;
use agentdrop_domain::store::{Database as _, StoreError};

use super::finding::Finding;
use super::installation::{Closed, Installation};
use crate::config::{Config, Database};
use crate::wiring::{WiringError, database_name};
use crate::with_causes;

/// How often the database is asked; the best time counts, since the first may wait for a connection.
const QUESTIONS: usize = 3;
/// A request asks the database several times, one after the other.
const SLOW: Duration = Duration::from_millis(50);

pub async fn check(installation: &Installation<'_>) -> Vec<Finding> {
    let config = installation.config();
    let name = database_name(config);
    vec![match &installation.database {
        Ok(database) => examine(&name, config, database).await,
        Err(Closed::NotYet) => Finding::warn(
            format!("{name} is not there yet"),
            "the first start makes it; if it should be there, check AGENTDROP_DATA_DIR and the working directory",
        ),
        Err(Closed::Silent) => Finding::fail(format!("{name} does not answer"), advice(config)),
        Err(Closed::Unopened(WiringError::Database(_, cause))) => failed(&name, config, cause),
        Err(Closed::Unopened(error)) => failed(&name, config, error),
        Err(Closed::Unfit(error)) => failed(&name, config, error),
    }]
}

async fn examine(name: &str, config: &Config, database: &SqlDatabase) -> Finding {
    match database.is_migrated().await {
        Ok(true) => {}
        Ok(false) => {
            return Finding::warn(
                format!("{name} answers, but its tables are not up to date"),
                "`serve` brings it up to date at its start, `migrate` does so at once",
            );
        }
        Err(error) => return failed(name, config, &error),
    }
    match best_time(database).await {
        Ok(time) => speed(name, time),
        Err(error) => failed(name, config, &error),
    }
}

async fn best_time(database: &SqlDatabase) -> Result<Duration, StoreError> {
    let mut best = Duration::MAX;
    for _ in 0..QUESTIONS {
        let asked = Instant::now();
        database.ping().await?;
        best = best.min(asked.elapsed());
    }
    Ok(best)
}

fn speed(name: &str, time: Duration) -> Finding {
    let text = format!("{name} is up to date and answers in {:.1} ms", time.as_secs_f64() * 1e3);
    if time < SLOW {
        return Finding::ok(text);
    }
    Finding::warn(text, "run the server near its database, or look for what keeps that busy")
}

fn failed(name: &str, config: &Config, error: &dyn std::error::Error) -> Finding {
    Finding::fail(format!("{name}: {}", with_causes(error)), advice(config))
}

fn advice(config: &Config) -> &'static str {
    match config.database {
        Database::Postgres(_) => {
            "check that Postgres runs and is reachable from here, and user, password and database in \
             AGENTDROP_DATABASE_URL"
        }
        Database::Sqlite(_) => {
            "check that the file is intact, and that the server's user may write to it and to its folder"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_slow_database_is_worth_a_warning() {
        assert_eq!(
            speed("x", Duration::from_micros(400)),
            Finding::ok("x is up to date and answers in 0.4 ms")
        );
        assert_eq!(speed("x", SLOW).verdict(), Verdict::Warn);
    }
}
