//! The background workers of a node, one a lane of the job queue.

use std::time::Duration;

use agentdrop_domain::act::Ports;
use agentdrop_domain::job::{JobKind, Lane, ensure_sweep, work_once};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::with_causes;

/// The pause between two looks into an empty job queue.
const IDLE_PAUSE: Duration = Duration::from_secs(1);
/// The pause after the job queue did not answer.
const OUTAGE_PAUSE: Duration = Duration::from_secs(5);

/// Starts the workers, which end when they are told to stop, after the jobs that they have taken up.
pub fn start(ports: &Ports, stop: &CancellationToken) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    for lane in Lane::ALL {
        workers.spawn(work(ports.clone(), lane, stop.clone()));
    }
    workers
}

/// Does the jobs of a lane until told to stop.
async fn work(ports: Ports, lane: Lane, stop: CancellationToken) {
    if lane == JobKind::Sweep.lane()
        && let Err(error) = ensure_sweep(&ports).await
    {
        // Another node's sweep, or the next start, will have it.
        tracing::warn!(cause = with_causes(&error), "the sweep could not be put into the queue");
    }
    while !stop.is_cancelled() {
        // In a task of its own, so that a panic in a driver does not end the work for good.
        let mut rounds = JoinSet::new();
        rounds.spawn(round(ports.clone(), lane));
        let pause = rounds.join_next().await.and_then(|ended| {
            ended.unwrap_or_else(|error| {
                tracing::error!(%error, "a round of background work ended badly");
                Some(OUTAGE_PAUSE)
            })
        });
        if let Some(pause) = pause {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// One round of work; how long to rest after it.
async fn round(ports: Ports, lane: Lane) -> Option<Duration> {
    match work_once(&ports, lane).await {
        Ok(round) => {
            for (kind, error) in &round.failures {
                tracing::warn!(?kind, cause = with_causes(error), "a job failed and will be tried again");
            }
            (round.taken == 0).then_some(IDLE_PAUSE)
        }
        Err(error) => {
            tracing::warn!(cause = with_causes(&error), "the job queue does not answer");
            Some(OUTAGE_PAUSE)
        }
    }
}
