use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::job::{Job, JobKind, JobQueue, Lane};
use agentdrop_domain::store::StoreError;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::upsert::excluded;

use super::key::Key;
use super::schema::jobs;
use super::{Db, Session, dialect};
use crate::sql::values::{Corrupt, all, number};

const SWEEP: &str = "sweep";
const PURGE_TRANSFER: &str = "purge_transfer";
const HASH_FILE: &str = "hash_file";
const DROP_PARTS: &str = "drop_parts";

/// The kinds of a lane.
const fn kinds(lane: Lane) -> &'static [&'static str] {
    match lane {
        Lane::Prompt => &[SWEEP, PURGE_TRANSFER, DROP_PARTS],
        Lane::Slow => &[HASH_FILE],
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = jobs, check_for_backend(Db))]
struct JobRow {
    id: Key,
    kind: String,
    transfer_id: Option<Key>,
    file_id: Option<Key>,
    run_at: Timestamp,
    attempts: i64,
}

impl TryFrom<JobRow> for Job {
    type Error = Corrupt;

    fn try_from(row: JobRow) -> Result<Self, Corrupt> {
        let kind = match (row.kind.as_str(), row.transfer_id, row.file_id) {
            (SWEEP, None, None) => JobKind::Sweep,
            (PURGE_TRANSFER, Some(transfer), None) => JobKind::PurgeTransfer(transfer.id()),
            (HASH_FILE, Some(transfer), Some(file)) => {
                JobKind::HashFile { transfer: transfer.id(), file: file.id() }
            }
            (DROP_PARTS, Some(transfer), Some(file)) => {
                JobKind::DropParts { transfer: transfer.id(), file: file.id() }
            }
            _ => return Err(Corrupt::of::<JobKind>()),
        };
        Ok(Self { id: row.id.id(), kind, run_at: row.run_at, attempts: number(row.attempts)? })
    }
}

impl From<&Job> for JobRow {
    fn from(job: &Job) -> Self {
        let (kind, transfer, file) = match job.kind {
            JobKind::Sweep => (SWEEP, None, None),
            JobKind::PurgeTransfer(transfer) => (PURGE_TRANSFER, Some(transfer), None),
            JobKind::HashFile { transfer, file } => (HASH_FILE, Some(transfer), Some(file)),
            JobKind::DropParts { transfer, file } => (DROP_PARTS, Some(transfer), Some(file)),
        };
        Self {
            id: job.id.into(),
            kind: kind.to_owned(),
            transfer_id: transfer.map(Key::from),
            file_id: file.map(Key::from),
            run_at: job.run_at,
            attempts: job.attempts.into(),
        }
    }
}

/// The row of a job while it is held under the attempt that the caller knows.
macro_rules! held {
    ($job:expr) => {{
        let job: &Job = $job;
        jobs::table
            .find(Key::from(job.id))
            .filter(jobs::attempts.eq(i64::from(job.attempts)))
            .filter(jobs::lease_until.is_not_null())
    }};
}

#[async_trait]
impl JobQueue for Session {
    async fn enqueue(&mut self, job: &Job) -> Result<(), StoreError> {
        let row = (JobRow::from(job), jobs::unique_key.eq(job.kind.unique_key()));
        // One that is being done may have looked at things as they were before: it is to be done again.
        let later_or_held = jobs::run_at.gt(excluded(jobs::run_at)).or(jobs::lease_until.is_not_null());
        // One statement: the job that is there may be finished and gone at any moment.
        let added_or_moved = diesel::insert_into(jobs::table)
            .values(row)
            .on_conflict(jobs::unique_key)
            .do_update()
            .set(jobs::run_at.eq(excluded(jobs::run_at)));
        self.execute(methods::FilterDsl::filter(added_or_moved, later_or_held)).await?;
        Ok(())
    }

    async fn lease_jobs(
        &mut self,
        lane: Lane,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let free = jobs::lease_until.is_null().or(jobs::lease_until.le(now)).assume_not_null();
        let due = jobs::table
            .filter(jobs::run_at.le(now))
            .filter(jobs::kind.eq_any(kinds(lane)))
            .filter(free)
            .order((jobs::run_at, jobs::id))
            .limit(i64::from(limit))
            .select(jobs::id);
        let due: Vec<Key> = self.load(dialect::skip_locked!(due)).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let leased = diesel::update(jobs::table.filter(jobs::id.eq_any(due)))
            .set((jobs::attempts.eq(jobs::attempts + 1), jobs::lease_until.eq(lease_until)))
            .returning(JobRow::as_returning());
        let mut leased: Vec<Job> = all(self.load(leased).await?)?;
        leased.sort_by_key(|job| (job.run_at, job.id));
        Ok(leased)
    }

    async fn renew_job(&mut self, job: &Job, lease_until: Timestamp) -> Result<bool, StoreError> {
        let renewed = diesel::update(held!(job)).set(jobs::lease_until.eq(lease_until));
        Ok(self.execute(renewed).await? == 1)
    }

    async fn finish_job(&mut self, job: &Job) -> Result<bool, StoreError> {
        let untouched = held!(job).filter(jobs::run_at.eq(job.run_at));
        if self.execute(diesel::delete(untouched)).await? == 1 {
            return Ok(true);
        }
        self.free_job(job).await
    }

    async fn postpone_job(&mut self, job: &Job, run_at: Timestamp) -> Result<bool, StoreError> {
        let freed = (jobs::run_at.eq(run_at), jobs::lease_until.eq(None::<Timestamp>));
        let untouched = held!(job).filter(jobs::run_at.eq(job.run_at));
        if self.execute(diesel::update(untouched).set(freed)).await? == 1 {
            return Ok(true);
        }
        self.free_job(job).await
    }
}

impl Session {
    /// Gives back a job that was enqueued anew while it was held; it keeps the time it got then.
    async fn free_job(&mut self, job: &Job) -> Result<bool, StoreError> {
        let freed = jobs::lease_until.eq(None::<Timestamp>);
        Ok(self.execute(diesel::update(held!(job)).set(freed)).await? == 1)
    }
}
