//! The job queue: background work, made durable in the transaction of the act that needs it.
//!
//! A job is leased to one worker at a time. A worker that dies loses its lease and another takes over, so
//! every kind of job can be run again after a half-done run.

mod work;

pub use work::{Round, ensure_sweep, work_once};

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::ids::{FileId, JobId, TransferId};
use crate::store::StoreError;

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// End transfers that have run out, remove abandoned uploads, forget spent idempotency keys and
    /// rows that are too old. Runs for ever, one worker at a time.
    Sweep,
    /// Remove an ended transfer's bytes once nobody may fetch them any more.
    PurgeTransfer(TransferId),
    /// Take the SHA-256 of a file that came in parts.
    HashFile {
        /// The file's transfer.
        transfer: TransferId,
        /// The file.
        file: FileId,
    },
    /// Remove the parts of a file that was given up.
    DropParts {
        /// The file's transfer.
        transfer: TransferId,
        /// The file.
        file: FileId,
    },
}

/// A unit of background work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What to do.
    pub kind: JobKind,
    /// Not before.
    pub run_at: Timestamp,
    /// How often it was begun.
    pub attempts: u32,
}

/// Which of a node's workers does a job. What reads whole files holds up nothing that frees storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Jobs that end soon.
    Prompt,
    /// Jobs that read whole files.
    Slow,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 2] = [Self::Prompt, Self::Slow];
}

impl JobKind {
    /// Who does it.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        match self {
            Self::Sweep | Self::PurgeTransfer(_) | Self::DropParts { .. } => Lane::Prompt,
            Self::HashFile { .. } => Lane::Slow,
        }
    }

    /// Jobs of one key exist once.
    #[must_use]
    pub fn unique_key(&self) -> String {
        match self {
            Self::Sweep => "sweep".to_owned(),
            Self::PurgeTransfer(id) => format!("purge:{id}"),
            Self::HashFile { file, .. } => format!("hash:{file}"),
            Self::DropParts { file, .. } => format!("drop:{file}"),
        }
    }
}

/// The queue.
#[async_trait]
pub trait JobQueue: Send {
    /// Adds a job. If one with the same key is there, that one stays, but runs no later than the new one
    /// would; if it is being done right now, it is done again.
    async fn enqueue(&mut self, job: &Job) -> Result<(), StoreError>;
    /// Takes up to `limit` due jobs of a lane that nobody holds, oldest first, and holds them until `lease_until`.
    async fn lease_jobs(
        &mut self,
        lane: Lane,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError>;
    /// Holds a job longer, if it is still held under that attempt.
    async fn renew_job(&mut self, job: &Job, lease_until: Timestamp) -> Result<bool, StoreError>;
    /// Forgets a finished job, if it is still held under that attempt.
    async fn finish_job(&mut self, job: &Job) -> Result<bool, StoreError>;
    /// Gives a job back to be run at a later time, if it is still held under that attempt.
    async fn postpone_job(&mut self, job: &Job, run_at: Timestamp) -> Result<bool, StoreError>;
}

#[cfg(test)]
mod tests;
