//! Doing the jobs.

use std::time::Duration;

use async_trait::async_trait;

use super::{Job, JobKind, Lane};
use crate::act::{self, Act, Cx, Ports};
use crate::clock::Timestamp;
use crate::idempotency::forget_spent;
use crate::race::unless;
use crate::retention::forget_old;
use crate::store::{StoreError, UnitOfWork};
use crate::transfer::{Purged, ReceiveError, drop_parts, hash_file, purge, sweep};

/// How long after the last sign of life of a worker another takes its jobs over, in seconds.
const LEASE_SECONDS: u64 = 60;
/// The wait before the second attempt of a failed job, in seconds; it doubles with each further one.
const FIRST_RETRY_SECONDS: u64 = 5;
/// The longest wait between two attempts, in seconds.
const LONGEST_RETRY_SECONDS: u64 = 900;

/// What one round of work did.
#[derive(Debug, Default)]
pub struct Round {
    /// Jobs that were taken up.
    pub taken: usize,
    /// What failed; each will be tried again.
    pub failures: Vec<(JobKind, ReceiveError)>,
}

/// Makes sure that the sweep is in the queue.
///
/// # Errors
/// The database's.
pub async fn ensure_sweep(ports: &Ports) -> Result<(), StoreError> {
    act::perform(ports, &EnsureSweep).await
}

/// Takes up due jobs of a lane and does them. Their leases are renewed as long as that takes.
///
/// # Errors
/// If the queue itself can't be read or written; what single jobs failed with is in the [`Round`].
pub async fn work_once(ports: &Ports, lane: Lane) -> Result<Round, StoreError> {
    let jobs = act::perform(ports, &Lease { lane }).await?;
    let mut round = Round { taken: jobs.len(), failures: Vec::new() };
    for (index, job) in jobs.iter().enumerate() {
        let done = unless(another_has_the_first(ports, &jobs[index..]), run(ports, job)).await;
        let job = job.clone();
        match done {
            // Another worker has it.
            None => {}
            Some(Ok(Next::Finished)) => act::perform(ports, &Finish { job }).await?,
            Some(Ok(Next::At(run_at))) => act::perform(ports, &Postpone { job, run_at }).await?,
            Some(Err(error)) => {
                let run_at = ports.clock.now() + pause_after_failure(ports, &job);
                round.failures.push((job.kind, error));
                act::perform(ports, &Postpone { job, run_at }).await?;
            }
        }
    }
    Ok(round)
}

/// Keeps these jobs held, until another worker has taken the first one over.
async fn another_has_the_first(ports: &Ports, held: &[Job]) {
    loop {
        ports.timer.sleep(Duration::from_secs(LEASE_SECONDS / 3)).await;
        // A database that is away for a moment ends no work: the next time may be in time.
        if let Ok(false) = act::perform(ports, &Renew { held: held.to_vec() }).await {
            return;
        }
    }
}

/// How many jobs a worker takes at once.
const fn batch(lane: Lane) -> u32 {
    match lane {
        Lane::Prompt => 8,
        // The others are left to other nodes.
        Lane::Slow => 1,
    }
}

enum Next {
    Finished,
    At(Timestamp),
}

async fn run(ports: &Ports, job: &Job) -> Result<Next, ReceiveError> {
    match job.kind {
        JobKind::Sweep => {
            let swept = sweep(ports).await;
            forget_spent(ports).await?;
            forget_old(ports).await?;
            swept?;
            Ok(Next::At(ports.clock.now() + sweep_pause(ports)))
        }
        JobKind::PurgeTransfer(id) => match purge(ports, id).await? {
            Purged::Done => Ok(Next::Finished),
            Purged::NotBefore(at) => Ok(Next::At(at)),
        },
        JobKind::HashFile { transfer, file } => {
            hash_file(ports, transfer, file).await?;
            Ok(Next::Finished)
        }
        JobKind::DropParts { transfer, file } => {
            drop_parts(ports, transfer, file).await?;
            Ok(Next::Finished)
        }
    }
}

fn sweep_pause(ports: &Ports) -> Duration {
    Duration::from_secs(ports.settings.sweep_seconds.into())
}

/// The sweep is begun for ever, so how often it was begun says nothing about its failures.
fn pause_after_failure(ports: &Ports, job: &Job) -> Duration {
    match job.kind {
        JobKind::Sweep => sweep_pause(ports),
        _ => retry_delay(job.attempts),
    }
}

fn retry_delay(attempts: u32) -> Duration {
    let doubled = FIRST_RETRY_SECONDS.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    Duration::from_secs(doubled.min(LONGEST_RETRY_SECONDS))
}

struct EnsureSweep;

#[async_trait]
impl Act for EnsureSweep {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        tx.enqueue(&Job { id: cx.ids.next(), kind: JobKind::Sweep, run_at: cx.now, attempts: 0 }).await
    }
}

struct Lease {
    lane: Lane,
}

#[async_trait]
impl Act for Lease {
    type Output = Vec<Job>;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Vec<Job>, StoreError> {
        tx.lease_jobs(self.lane, cx.now, lease_until(cx), batch(self.lane)).await
    }
}

fn lease_until(cx: &Cx<'_>) -> Timestamp {
    cx.now + Duration::from_secs(LEASE_SECONDS)
}

struct Renew {
    held: Vec<Job>,
}

#[async_trait]
impl Act for Renew {
    /// Whether the first one is still held.
    type Output = bool;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<bool, StoreError> {
        let mut is_held = Vec::new();
        for job in &self.held {
            is_held.push(tx.renew_job(job, lease_until(cx)).await?);
        }
        Ok(is_held.first().copied().unwrap_or_default())
    }
}

struct Finish {
    job: Job,
}

#[async_trait]
impl Act for Finish {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, _: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        tx.finish_job(&self.job).await.map(|_lost_lease_is_fine| ())
    }
}

struct Postpone {
    job: Job,
    run_at: Timestamp,
}

#[async_trait]
impl Act for Postpone {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, _: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        tx.postpone_job(&self.job, self.run_at).await.map(|_lost_lease_is_fine| ())
    }
}

#[cfg(test)]
mod tests;
