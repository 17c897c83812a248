//! What the tests of transfers share. Account 1 has the agents 11 and 12, account 2 has agent 22, account 3 is
//! a stranger with agent 33.
//!
//! [`World`] is a database and a store in memory, for what runs in transactions of its own: a transaction
//! works on a copy that its commit puts in place. It knows only the rows of transfers, uploads and jobs.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;

use super::*;
use crate::account::AccountCard;
use crate::act::Ports;
use crate::agent::{Agent, PairedAgent};
use crate::api_key::ApiKey;
use crate::audit::AuditEntry;
use crate::blob::{Blob, BlobEntry, BlobError, BlobStore, ByteSource, SourceError, Stored, UnfinishedEntry};
use crate::clock::{Clock, Timer};
use crate::error::{FieldErrors, Invalid};
use crate::idempotency::{Record, RecordName};
use crate::ids::AttemptId;
use crate::job::{Job, Lane};
use crate::mock::{Fixture, MockDb, MockTx, id};
use crate::pairing::{Pairing, PairingSide, PairingStatus, Permission};
use crate::settings::Settings;
use crate::store::StoreError;

/// Answers a method from the rows.
macro_rules! on {
    ($tx:ident, $copy:ident, $expect:ident, |$rows:ident $(, $arg:ident)*| $answer:expr) => {{
        let copy = $copy.clone();
        $tx.$expect().returning(move |$($arg),*| {
            let $rows = &mut *lock(&copy);
            Ok($answer)
        });
    }};
}

mod quotas;

pub(crate) use quotas::Storage;

pub(crate) const ME: u128 = 1;
pub(crate) const THEM: u128 = 2;
pub(crate) const STRANGER: u128 = 3;

/// The agent `id(n)` of the account that its first digit names.
pub(crate) fn agent(n: u8) -> Agent {
    Fixture::new().agent(n, id(u128::from(n / 10)))
}

/// The active transfer `id(50)` from agent 11 to another. Its files are `id(61)` and `id(62)`, of 5 and 7 bytes.
pub(crate) fn transfer(to: &Agent) -> Transfer {
    let (fixture, from) = (Fixture::new(), agent(11));
    let key = |agent: &Agent| agent.keys.map(|keys| KeyAt { public_key: keys.public, version: 1 });
    Transfer {
        id: id(50),
        sender: Sender {
            account: from.account_id,
            account_name: "Account 1".to_owned(),
            label: from.slug.to_string(),
            agent: Some(from.id),
            key: key(&from),
        },
        recipient: Recipient {
            account: to.account_id,
            label: to.slug.to_string(),
            agent: to.id,
            key: key(to),
        },
        mode: Mode::AgentToAgent,
        status: TransferStatus::Active,
        files: vec![file(61, "a.txt", 5), file(62, "b.txt", 7)],
        message: None,
        auto_delete: false,
        max_downloads: 3,
        downloads: 0,
        total_size: 12,
        encryption: Encryption::PLAIN,
        created_at: fixture.now,
        expires_at: fixture.now + TimeDelta::hours(24),
        ended_at: None,
        purged_at: None,
        announced: true,
    }
}

/// The file `id(n)`, whose bytes came with the upload `id(n + 10)`.
pub(crate) fn file(n: u128, name: &str, size: u64) -> TransferFile {
    TransferFile {
        id: id(n),
        name: FileName::try_from(name).unwrap(),
        size,
        content_type: "text/plain".to_owned(),
        object_key: ObjectKey::of_upload(id(n + 10)),
        sha256: Some([7; 32]),
        parts: 0,
        encryption_iv: None,
    }
}

/// The grant `id(n)` of the transfer `id(50)`, for the next 15 minutes.
/// A living account key.
pub(crate) fn key(id: ApiKeyId) -> ApiKey {
    ApiKey {
        id,
        account_id: crate::mock::id(ME),
        agent_id: None,
        name: "key".to_owned(),
        prefix: "agd_live_0000".to_owned(),
        last_used_at: None,
        transfer_count: 0,
        created_at: Fixture::new().now,
        revoked_at: None,
    }
}

pub(crate) fn grant(n: u128) -> Grant {
    let now = Fixture::new().now;
    Grant {
        id: id(n),
        transfer_id: id(50),
        key_id: id(7_000),
        created_at: now,
        expires_at: now + TimeDelta::minutes(15),
        streaming_until: None,
        revoked_at: None,
    }
}

/// The upload `id(n)` of account 1, with that many seconds of its lease left.
pub(crate) fn upload(n: u128, lease: i64) -> Upload {
    let now = Fixture::new().now;
    Upload {
        id: id(n),
        account_id: id(ME),
        piece: None,
        object_key: ObjectKey::of_upload(id(n)),
        reserved_bytes: 0,
        created_at: now,
        lease_until: now + TimeDelta::seconds(lease),
        reaping: false,
    }
}

/// The pairing of agent 11 with a foreign agent; the permission is agent 11's view.
pub(crate) fn pairing(theirs: &Agent, permission: Permission, status: PairingStatus) -> Pairing {
    let side = |agent: &Agent| PairingSide { account: agent.account_id, agent: agent.id };
    Pairing {
        id: id(600),
        connection_id: id(500),
        proposer: side(&agent(11)),
        other: side(theirs),
        permission,
        status,
        version: 1,
        created_at: Fixture::new().ago(60),
        confirmed_at: None,
        revoked_at: None,
    }
}

/// These agents and every account are there; the `paired` ones can be found from account 1.
pub(crate) fn knows(tx: &mut MockTx, agents: &[Agent], paired: &[Agent]) {
    let of_id = agents.to_vec();
    tx.expect_agent().returning(move |id| Ok(of_id.iter().find(|agent| agent.id == id).cloned()));
    let of_slug = agents.to_vec();
    tx.expect_agent_by_slug().returning(move |account, slug| {
        Ok(of_slug.iter().find(|agent| agent.account_id == account && agent.slug == *slug).cloned())
    });
    tx.expect_account().returning(|of| Ok(Some(Fixture::new().account(of.uuid().as_u128()))));
    let paired: Vec<PairedAgent> = paired.iter().map(reached).collect();
    tx.expect_paired_agents().returning(move |_, slug, _| {
        Ok(paired
            .iter()
            .filter(|row| slug.as_ref().is_none_or(|slug| row.agent.slug == *slug))
            .cloned()
            .collect())
    });
}

fn reached(agent: &Agent) -> PairedAgent {
    PairedAgent {
        agent: agent.clone(),
        account: AccountCard::from(&Fixture::new().account(agent.account_id.uuid().as_u128())),
        pairing: pairing(agent, Permission::Both, PairingStatus::Active),
    }
}

/// The names of the fields that were refused, in order.
pub(crate) fn fields(invalid: &Invalid) -> Vec<&str> {
    invalid.0.iter().map(|error| error.field.as_str()).collect()
}

/// What is wrong with the fields of a form that are there.
pub(crate) fn given(form: &TransferForm) -> Vec<String> {
    let mut errors = FieldErrors::default();
    form.check_given(&mut errors);
    errors.into_invalid().0.into_iter().map(|error| error.field).collect()
}

pub(crate) fn unavailable() -> StoreError {
    StoreError::Unavailable { contention: false, source: "down".into() }
}

/// What the database holds, beside agents 11 and 22, which are paired.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) transfers: BTreeMap<TransferId, Transfer>,
    pub(crate) prepared: BTreeMap<TransferId, Prepared>,
    pub(crate) parts: BTreeMap<(FileId, u32), FilePart>,
    pub(crate) grants: BTreeMap<GrantId, Grant>,
    pub(crate) uploads: BTreeMap<UploadId, Upload>,
    pub(crate) storage: Storage,
    pub(crate) jobs: BTreeMap<String, QueuedJob>,
    pub(crate) idempotency: BTreeMap<RecordName, Record>,
    pub(crate) events: Vec<Event>,
    pub(crate) audit: Vec<AuditEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueuedJob {
    pub(crate) job: Job,
    pub(crate) lease_until: Option<Timestamp>,
}

impl Rows {
    fn claim(&mut self, id: TransferId, now: Timestamp) -> Option<Transfer> {
        let transfer = self.transfers.get_mut(&id)?;
        let left = transfer.downloads < transfer.max_downloads;
        if transfer.status_at(now) != TransferStatus::Active || !left {
            return None;
        }
        transfer.downloads += 1;
        if transfer.auto_delete || transfer.downloads == transfer.max_downloads {
            transfer.status = TransferStatus::Downloaded;
            transfer.ended_at = Some(now);
        }
        Some(transfer.clone())
    }

    fn end(&mut self, id: TransferId, status: TransferStatus, now: Timestamp) -> bool {
        use TransferStatus::{Active, Deleted, Pending};
        let Some(transfer) = self.transfers.get_mut(&id) else { return false };
        let ends =
            matches!(transfer.status, Active | Pending) || (status == Deleted && transfer.status != Deleted);
        if ends {
            transfer.status = status;
            transfer.ended_at.get_or_insert(now);
        }
        ends
    }

    fn protected_until(&self, id: TransferId, now: Timestamp) -> Option<Timestamp> {
        let living = self.grants.values().filter(|g| g.transfer_id == id && g.revoked_at.is_none());
        let ends = living.flat_map(|grant| [Some(grant.expires_at), grant.streaming_until]);
        ends.flatten().filter(|end| *end > now).max()
    }

    fn reap(&mut self, id: UploadId, now: Timestamp, abandoned: bool) -> bool {
        let taken = self.uploads.get_mut(&id).filter(|upload| !abandoned || upload.lease_until <= now);
        taken.map(|upload| (upload.reaping, upload.lease_until) = (true, now)).is_some()
    }

    /// Whether a transfer's bytes are still counted; where a test counts none, they are.
    fn holds_all(&self, id: TransferId) -> bool {
        let size = self.transfers.get(&id).map_or(0, |transfer| transfer.total_size);
        self.storage.held.get(&id).is_none_or(|held| *held >= size)
    }

    fn replace(&mut self, piece: &Piece, by: UploadId) {
        for upload in self.uploads.values_mut().filter(|it| it.id != by && it.piece == Some(*piece)) {
            upload.reaping = true;
        }
    }

    fn settle(&mut self, id: UploadId) -> bool {
        let alive = self.uploads.get(&id).is_some_and(|upload| !upload.reaping);
        alive && self.uploads.remove(&id).is_some()
    }

    pub(crate) fn enqueue(&mut self, job: &Job) {
        let fresh = QueuedJob { job: job.clone(), lease_until: None };
        let queued = self.jobs.entry(job.kind.unique_key()).or_insert(fresh);
        if queued.lease_until.is_some() || job.run_at < queued.job.run_at {
            queued.job.run_at = job.run_at;
        }
    }

    fn lease(&mut self, lane: Lane, now: Timestamp, until: Timestamp, limit: u32) -> Vec<Job> {
        let free = |queued: &&mut QueuedJob| {
            queued.job.kind.lane() == lane
                && queued.job.run_at <= now
                && queued.lease_until.is_none_or(|lease| lease <= now)
        };
        let mut due: Vec<&mut QueuedJob> = self.jobs.values_mut().filter(free).collect();
        due.sort_by_key(|queued| queued.job.run_at);
        due.truncate(limit as usize);
        let hold = |queued: &mut QueuedJob| {
            queued.job.attempts += 1;
            queued.lease_until = Some(until);
            queued.job.clone()
        };
        due.into_iter().map(hold).collect()
    }

    fn held_mark(&mut self, name: &RecordName, attempt: AttemptId) -> Option<&mut Record> {
        let record = self.idempotency.get_mut(name)?;
        (record.attempt == attempt && record.answer.is_none()).then_some(record)
    }

    fn held(&mut self, job: &Job) -> Option<&mut QueuedJob> {
        let queued = self.jobs.get_mut(&job.kind.unique_key())?;
        (queued.job.attempts == job.attempts && queued.lease_until.is_some()).then_some(queued)
    }

    fn finish(&mut self, job: &Job) -> bool {
        let Some(queued) = self.held(job) else { return false };
        queued.lease_until = None;
        if queued.job.run_at == job.run_at {
            self.jobs.remove(&job.kind.unique_key());
        }
        true
    }

    /// What was enqueued anew meanwhile keeps the time that it got then.
    fn postpone(&mut self, job: &Job, run_at: Timestamp) -> bool {
        let Some(queued) = self.held(job) else { return false };
        queued.lease_until = None;
        if queued.job.run_at == job.run_at {
            queued.job.run_at = run_at;
        }
        true
    }
}

/// A database, a store and a clock in memory.
#[derive(Clone)]
pub(crate) struct World {
    rows: Arc<Mutex<Rows>>,
    /// How many more transactions and views begin before the database is down.
    begins: Arc<Mutex<Option<u32>>>,
    /// The account that can't be locked.
    busy: Arc<Mutex<Option<AccountId>>>,
    pub(crate) blobs: FakeBlobs,
    clock: FakeClock,
    ids: Arc<Fixture>,
    pub(crate) settings: Settings,
    pub(crate) direct: Option<Arc<dyn DirectStore>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = FakeClock(Arc::new(Mutex::new(Fixture::new().now)));
        Self {
            rows: Arc::default(),
            begins: Arc::default(),
            busy: Arc::default(),
            blobs: FakeBlobs { objects: Arc::default(), clock: clock.clone() },
            clock,
            ids: Arc::new(Fixture::new()),
            settings: Settings::default(),
            direct: None,
        }
    }

    /// A world with this transfer, its bytes and the uploads settled.
    pub(crate) fn with(transfer: &Transfer) -> Self {
        let world = Self::new();
        for file in &transfer.files {
            world.blobs.hold(&file.object_key);
        }
        world.rows().transfers.insert(transfer.id, transfer.clone());
        world.rows().storage.used = transfer.total_size;
        world.rows().storage.held.insert(transfer.id, transfer.total_size);
        world
    }

    pub(crate) fn rows(&self) -> MutexGuard<'_, Rows> {
        lock(&self.rows)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn wait(&self, seconds: i64) {
        *lock(&self.clock.0) += TimeDelta::seconds(seconds);
    }

    /// Takes the database down after so many more transactions and views; `None` brings it back.
    pub(crate) fn database_lasts(&self, begins: Option<u32>) {
        *lock(&self.begins) = begins;
    }

    /// Has no transaction lock this account, until `None` is.
    pub(crate) fn keep_busy(&self, account: Option<AccountId>) {
        *lock(&self.busy) = account;
    }

    pub(crate) fn told(&self) -> Vec<(u128, EventName)> {
        self.rows().events.iter().map(|event| (event.account.uuid().as_u128(), event.name)).collect()
    }

    fn begin(&self) -> Result<MockTx, StoreError> {
        match &mut *lock(&self.begins) {
            Some(0) => return Err(unavailable()),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(self.tx())
    }

    pub(crate) fn ports(&self) -> Ports {
        let mut database = MockDb::new();
        let world = self.clone();
        database.expect_begin().returning(move || Ok(Box::new(world.begin()?)));
        let world = self.clone();
        database.expect_read().returning(move || Ok(Box::new(world.begin()?)));
        Ports {
            database: Arc::new(database),
            blobs: Arc::new(self.blobs.clone()),
            direct: self.direct.clone(),
            clock: Arc::new(self.clock.clone()),
            timer: Arc::new(self.clock.clone()),
            ids: self.ids.clone(),
            secrets: self.ids.clone(),
            keys: self.ids.clone(),
            signer: Arc::new(NoSigner),
            sealer: self.ids.clone(),
            settings: Arc::new(self.settings.clone()),
        }
    }

    fn tx(&self) -> MockTx {
        let (mut tx, copy) = (MockTx::new(), Arc::new(Mutex::new(self.rows().clone())));
        let (place, done) = (self.rows.clone(), copy.clone());
        tx.expect_commit().returning(move || {
            *lock(&place) = lock(&done).clone();
            Ok(())
        });
        tx.expect_rollback().returning(|| Ok(()));
        let busy = self.busy.clone();
        tx.expect_lock_accounts().returning(move |accounts| match &*lock(&busy) {
            Some(account) if accounts.contains(account) => Err(unavailable()),
            _ => Ok(()),
        });
        transfer_rows(&mut tx, &copy);
        storage_rows(&mut tx, &copy);
        presigned_rows(&mut tx, &copy);
        grant_rows(&mut tx, &copy);
        upload_rows(&mut tx, &copy);
        quotas::quota_rows(&mut tx, &copy);
        job_rows(&mut tx, &copy);
        idempotency_rows(&mut tx, &copy);
        log_rows(&mut tx, &copy);
        retention_rows(&mut tx, &copy);
        knows(&mut tx, &[agent(11), agent(22)], &[agent(22)]);
        let living = pairing(&agent(22), Permission::Both, PairingStatus::Active);
        tx.expect_living_pairing().returning(move |_, _| Ok(Some(living.clone())));
        tx
    }
}

fn transfer_rows(tx: &mut MockTx, copy: &Arc<Mutex<Rows>>) {
    on!(tx, copy, expect_transfer, |rows, id| rows.transfers.get(&id).cloned());
    on!(tx, copy, expect_claim_download, |rows, id, now| rows.claim(id, now));
    on!(tx, copy, expect_end_transfer, |rows, id, status, now| rows.end(id, status, now));
    on!(tx, copy, expect_mark_purged, |rows, id, now| {
        if let Some(transfer) = rows.transfers.get_mut(&id) {
            transfer.purged_at.get_or_insert(now);
        }
    });
    on!(tx, copy, expect_run_out_transfers, |rows, now, limit| {
        let run_out = rows.transfers.values().filter(|transfer| {
            transfer.status == TransferStatus::Active && transfer.status_at(now) == TransferStatus::Expired
        });
        run_out.map(|transfer| transfer.id).take(limit as usize).collect()
    });
}

fn storage_rows(tx: &mut MockTx, copy: &Arc<Mutex<Rows>>) {
    on!(tx, copy, expect_unpurged_transfers, |rows, after, limit| {
        let behind = rows
            .transfers
            .values()
            .filter(|transfer| transfer.purged_at.is_none() && after.is_none_or(|after| transfer.id > after));
        behind.take(limit as usize).cloned().collect()
    });
    on!(tx, copy, expect_known_objects, |rows, keys| {
        let uploads = rows.uploads.values().map(|upload| &upload.object_key);
        let parts = rows.parts.values().map(|part| &part.object_key);
        let kept = rows.transfers.values().filter(|transfer| transfer.purged_at.is_none());
        let files = kept.flat_map(|transfer| &transfer.files).map(|file| &file.object_key);
        uploads.chain(parts).chain(files).filter(|key| keys.contains(key)).cloned().collect()
    });
}

fn presigned_rows(tx: &mut MockTx, copy: &Arc<Mutex<Rows>>) {
    on!(tx, copy, expect_prepared, |rows, id| rows.prepared.get(&id).cloned());
    on!(tx, copy, expect_file_parts, |rows, file| {
        let parts = rows.parts.iter().filter(|((of, _), _)| *of == file);
        parts.map(|(_, part)| part.clone()).collect()
    });
    on!(tx, copy, expect_run_out_prepared, |rows, now, limit| {
        let run_out = rows
            .transfers
            .values()
            .filter(|transfer| transfer.status == TransferStatus::Pending && transfer.expires_at <= now);
        run_out.map(|transfer| transfer.id).take(limit as usize).collect()
    });
    on!(tx, copy, expect_insert_prepared, |rows, prepared| {
        rows.prepared.insert(prepared.transfer, prepared.clone());
    });
    on!(tx, copy, expect_set_file_bytes, |rows, file| {
        let files = rows.transfers.values_mut().flat_map(|transfer| &mut transfer.files);
        for row in files.filter(|row| row.id == file.id) {
            *row = file.clone();
        }
    });
    on!(tx, copy, expect_set_file_state, |rows, file, state| {
        let files = rows.prepared.values_mut().flat_map(|prepared| &mut prepared.files);
        for row in files.filter(|row| row.file == file) {
            row.state = state;
        }
    });
    on!(tx, copy, expect_put_file_part, |rows, file, part| {
        rows.parts.insert((file, part.number), part.clone())
    });
    on!(tx, copy, expect_delete_file_parts, |rows, file| rows.parts.retain(|(of, _), _| *of != file));
    on!(tx, copy, expect_activate_transfer, |rows, id, expires_at| {
        let holds_all = rows.holds_all(id);
        let transfer = rows.transfers.get_mut(&id);
        transfer
            .filter(|row| row.status == TransferStatus::Pending && holds_all)
            .map(|row| {
                (row.status, row.announced, row.expires_at) = (TransferStatus::Active, true, expires_at)
            })
            .is_some()
    });
    on!(tx, copy, expect_prolong_prepared, |rows, id, now, until| {
        let holds_all = rows.holds_all(id);
        let waits = |it: &&mut Transfer| it.status_at(now) == TransferStatus::Pending && holds_all;
        if let Some(row) = rows.transfers.get_mut(&id).filter(waits) {
            row.expires_at = row.expires_at.max(until);
        }
    });
    on!(tx, copy, expect_set_total_size, |rows, id, bytes| {
        if let Some(transfer) = rows.transfers.get_mut(&id) {
            transfer.total_size = bytes;
        }
    });
    on!(tx, copy, expect_delete_prepared, |rows, id| {
        rows.prepared.remove(&id);
    });
}

fn grant_rows(tx: &mut MockTx, copy: &Arc<Mutex<Rows>>) {
    tx.expect_api_key().returning(|id| Ok(Some(key(id))));
    on!(tx, copy, expect_grant, |rows, id| rows.grants.get(&id).cloned());
    on!(tx, copy, expect_protected_until, |rows, id, now| rows.protected_until(id, now));
    on!(tx, copy, expect_insert_grant, |rows, grant| {
        rows.grants.insert(grant.id, grant.clone());
    });
    on!(tx, copy, expect_renew_grant_stream, |rows, id, until| {
        let grant = rows.grants.get_mut(&id).filter(|grant| grant.revoked_at.is_none());
        grant.map(|grant| grant.streaming_until = Some(until)).is_some()
    });
    on!(tx, copy, expect_revoke_grants, |rows, id, now| {
        for grant in rows.grants.values_mut().filter(|grant| grant.transfer_id == id) {
            grant.revoked_at.get_or_insert(now);
        }
    });
}

fn upload_rows(tx: &mut MockTx, copy: &Arc<Mutex<Rows>>) {
    on!(tx, copy, expect_upload, |rows, id| rows.uploads.get(&id).cloned());
    on!(tx, copy, expect_settle_upload, |rows, id| rows.settle(id));
    on!(tx, copy, expect_reap_upload, |rows, id, now, abandoned| rows.reap(id, now, abandoned));
    on!(tx, copy, expect_replace_uploads, |rows, piece, by| rows.replace(piece, by));
    on!(tx, copy, expect_insert_upload, |rows, upload| {
        rows.uploads.insert(upload.id, upload.clone());
    });
    on!(tx, copy, expect_renew_upload, |rows, id, until| {
        let upload = rows.uploads.get_mut(&id).filter(|upload| !upload.reaping);
        upload.map(|upload| upload.lease_until = until).is_some()
    });
    on!(tx, copy, expect_delete_upload, |rows, id| {
        rows.uploads.remove(&id);
    });
    on!(tx, copy, expect_abandoned_uploads, |rows, now, limit| {
        let left = rows.uploads.values().filter(|upload| upload.lease_until <= now);
        left.take(limit as usize).cloned().collect()
    });
}

fn job_rows(tx: &mut MockTx, copy: &Arc<Mutex<Rows>>) {
    on!(tx, copy, expect_enqueue, |rows, job| rows.enqueue(job));
    on!(tx, copy, expect_lease_jobs, |rows, lane, now, until, limit| rows.lease(lane, now, until, limit));
    on!(tx, copy, expect_renew_job, |rows, job, until| {
        rows.held(job).map(|queued| queued.lease_until = Some(until)).is_some()
    });
    on!(tx, copy, expect_finish_job, |rows, job| rows.finish(job));
    on!(tx, copy, expect_postpone_job, |rows, job, run_at| rows.postpone(job, run_at));
}

fn idempotency_rows(tx: &mut MockTx, copy: &Arc<Mutex<Rows>>) {
    on!(tx, copy, expect_idempotency_record, |rows, credential, name| {
        rows.idempotency.get(name).filter(|record| record.credential == credential).cloned()
    });
    on!(tx, copy, expect_mark_running, |rows, mark, now| {
        let free = rows.idempotency.get(&mark.name).is_none_or(|record| record.expires_at <= now);
        free.then(|| rows.idempotency.insert(mark.name, mark.clone())).is_some()
    });
    on!(tx, copy, expect_renew_mark, |rows, name, attempt, until| {
        rows.held_mark(name, attempt).map(|mark| mark.expires_at = until).is_some()
    });
    on!(tx, copy, expect_answer_mark, |rows, answered| {
        rows.held_mark(&answered.name, answered.attempt).map(|mark| *mark = answered.clone()).is_some()
    });
    on!(tx, copy, expect_remove_mark, |rows, name, attempt| {
        rows.held_mark(name, attempt).is_some() && rows.idempotency.remove(name).is_some()
    });
    on!(tx, copy, expect_forget_spent_records, |rows, now, limit| {
        let spent = rows.idempotency.values().filter(|record| record.expires_at <= now);
        let spent: Vec<RecordName> = spent.map(|record| record.name).take(limit as usize).collect();
        spent.iter().filter_map(|name| rows.idempotency.remove(name)).count()
    });
}

fn log_rows(tx: &mut MockTx, copy: &Arc<Mutex<Rows>>) {
    on!(tx, copy, expect_append_audit, |rows, entry| rows.audit.push(entry.clone()));
    on!(tx, copy, expect_append_events, |rows, events| rows.events.extend_from_slice(events));
}

fn retention_rows(tx: &mut MockTx, copy: &Arc<Mutex<Rows>>) {
    on!(tx, copy, expect_forget_transfers, |rows, until, limit| {
        let old = rows.transfers.values().filter(|transfer| transfer.purged_at.is_some_and(|at| at <= until));
        let old: Vec<TransferId> = old.map(|transfer| transfer.id).take(limit as usize).collect();
        old.iter().filter_map(|id| rows.transfers.remove(id)).count()
    });
    on!(tx, copy, expect_forget_events, |rows, until, limit| {
        forget(&mut rows.events, limit, |event| event.at <= until)
    });
    on!(tx, copy, expect_forget_audit, |rows, until, limit| {
        forget(&mut rows.audit, limit, |entry| entry.at <= until)
    });
}

/// Removes the old ones, the first `limit`; how many.
fn forget<T>(of: &mut Vec<T>, limit: u32, is_old: impl Fn(&T) -> bool) -> usize {
    let before = of.len();
    let mut left = limit;
    of.retain(|row| {
        let goes = left > 0 && is_old(row);
        left -= u32::from(goes);
        !goes
    });
    before - of.len()
}

#[derive(Clone)]
struct FakeClock(Arc<Mutex<Timestamp>>);

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *lock(&self.0)
    }
}

/// The sleeper wakes when it is polled after its time: whatever moves the clock must let others run.
#[async_trait]
impl Timer for FakeClock {
    async fn sleep(&self, duration: Duration) {
        let until = self.now() + duration;
        std::future::poll_fn(|_| if self.now() < until { Poll::Pending } else { Poll::Ready(()) }).await;
    }
}

struct NoSigner;

impl UrlSigner for NoSigner {
    fn sign(&self, _: &[u8]) -> UrlSignature {
        unimplemented!("no use case signs")
    }

    fn verify(&self, _: &[u8], _: &UrlSignature) -> bool {
        unimplemented!("no use case verifies")
    }
}

/// A store in memory. The SHA-256 of an object is its own bytes, folded.
#[derive(Clone)]
pub(crate) struct FakeBlobs {
    objects: Arc<Mutex<Objects>>,
    clock: FakeClock,
}

#[derive(Default)]
struct Objects {
    whole: BTreeMap<ObjectKey, Vec<u8>>,
    unfinished: BTreeSet<ObjectKey>,
    stuck: BTreeSet<ObjectKey>,
    /// Deletions that succeed before the store is down.
    deletions: Option<u32>,
    finishing: i64,
    reading: i64,
    before_deletion: Option<Box<dyn FnOnce() + Send>>,
    after_listing: Option<Box<dyn FnOnce() + Send>>,
    before_head: Option<Box<dyn FnOnce() + Send>>,
    while_reading: Option<Box<dyn FnOnce() + Send>>,
}

impl FakeBlobs {
    pub(crate) fn hold(&self, key: &ObjectKey) {
        lock(&self.objects).whole.insert(key.clone(), Vec::new());
    }

    /// Puts these bytes there.
    pub(crate) fn fill(&self, key: &ObjectKey, bytes: &[u8]) {
        lock(&self.objects).whole.insert(key.clone(), bytes.to_vec());
    }

    /// Loses an object.
    pub(crate) fn lose(&self, key: &ObjectKey) {
        lock(&self.objects).whole.remove(key);
    }

    /// Has a put of an object that came to no end.
    pub(crate) fn begin(&self, key: &ObjectKey) {
        lock(&self.objects).unfinished.insert(key.clone());
    }

    /// Has something happen just after the next listing was made.
    pub(crate) fn after_listing(&self, happens: impl FnOnce() + Send + 'static) {
        lock(&self.objects).after_listing = Some(Box::new(happens));
    }

    /// Has something happen just before the next object is asked for.
    pub(crate) fn before_head(&self, happens: impl FnOnce() + Send + 'static) {
        lock(&self.objects).before_head = Some(Box::new(happens));
    }

    pub(crate) fn holds(&self, key: &ObjectKey) -> bool {
        lock(&self.objects).whole.contains_key(key)
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.objects).whole.len()
    }

    /// Has the store refuse to delete one object, and only that.
    pub(crate) fn stick(&self, key: &ObjectKey) {
        lock(&self.objects).stuck.insert(key.clone());
    }

    /// Takes the store down for deleting after so many more; `None` brings it back.
    pub(crate) fn lasts(&self, deletions: Option<u32>) {
        lock(&self.objects).deletions = deletions;
    }

    /// Has something happen just before the next object is deleted.
    pub(crate) fn before_deletion(&self, happens: impl FnOnce() + Send + 'static) {
        lock(&self.objects).before_deletion = Some(Box::new(happens));
    }

    /// Has the store take so many seconds after the last byte of an object.
    pub(crate) fn takes_to_finish(&self, seconds: i64) {
        lock(&self.objects).finishing = seconds;
    }

    /// Has something happen while whole objects are read next.
    pub(crate) fn while_reading(&self, happens: impl FnOnce() + Send + 'static) {
        lock(&self.objects).while_reading = Some(Box::new(happens));
    }

    /// Has the store take so many seconds to read whole objects, during which others run every ten.
    pub(crate) fn takes_to_read(&self, seconds: i64) {
        lock(&self.objects).reading = seconds;
    }
}

#[async_trait]
impl BlobStore for FakeBlobs {
    async fn put(
        &self,
        key: &ObjectKey,
        body: &mut dyn ByteSource,
        _: Option<u64>,
    ) -> Result<Stored, BlobError> {
        let mut bytes = Vec::new();
        while let Some(block) = body.next().await? {
            bytes.extend_from_slice(&block);
        }
        let sha256 = folded(&bytes);
        let size = bytes.len() as u64;
        let mut objects = lock(&self.objects);
        *lock(&self.clock.0) += TimeDelta::seconds(objects.finishing);
        objects.whole.insert(key.clone(), bytes);
        Ok(Stored { size, sha256 })
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        let happens = lock(&self.objects).before_deletion.take();
        if let Some(happens) = happens {
            happens();
        }
        let mut objects = lock(&self.objects);
        if objects.stuck.contains(key) {
            return Err(BlobError::Internal("stuck".into()));
        }
        match &mut objects.deletions {
            Some(0) => return Err(BlobError::Unavailable("down".into())),
            Some(left) => *left -= 1,
            None => {}
        }
        objects.whole.remove(key);
        objects.unfinished.remove(key);
        Ok(())
    }

    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Blob, BlobError> {
        let objects = lock(&self.objects);
        let whole = objects.whole.get(key).ok_or_else(|| BlobError::NotFound(key.clone()))?;
        let range = range.unwrap_or(0..whole.len() as u64);
        let bytes = whole[range.start as usize..range.end as usize].to_vec();
        Ok(Blob { size: whole.len() as u64, body: Box::new(Held(Some(bytes.into()))) })
    }

    async fn sha256(&self, keys: &[ObjectKey]) -> Result<[u8; 32], BlobError> {
        let (reading, happens) = {
            let mut objects = lock(&self.objects);
            (objects.reading, objects.while_reading.take())
        };
        if let Some(happens) = happens {
            happens();
        }
        for _ in 0..reading / 10 {
            *lock(&self.clock.0) += TimeDelta::seconds(10);
            let_others_run().await;
        }
        let objects = lock(&self.objects);
        let mut whole = Vec::new();
        for key in keys {
            whole.extend(objects.whole.get(key).ok_or_else(|| BlobError::NotFound(key.clone()))?);
        }
        Ok(folded(&whole))
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        let happens = lock(&self.objects).before_head.take();
        if let Some(happens) = happens {
            happens();
        }
        Ok(lock(&self.objects).whole.get(key).map(|bytes| bytes.len() as u64))
    }

    async fn list(&self, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<BlobEntry>, BlobError> {
        let happens = lock(&self.objects).after_listing.take();
        let listed = {
            let objects = lock(&self.objects);
            let behind = objects.whole.iter().filter(|(key, _)| after.is_none_or(|after| *key > after));
            let entry = |(key, bytes): (&ObjectKey, &Vec<u8>)| BlobEntry {
                key: key.clone(),
                size: bytes.len() as u64,
                modified: Fixture::new().now,
            };
            behind.map(entry).take(limit).collect()
        };
        if let Some(happens) = happens {
            happens();
        }
        Ok(listed)
    }

    async fn list_unfinished(
        &self,
        after: Option<&ObjectKey>,
        limit: usize,
    ) -> Result<Vec<UnfinishedEntry>, BlobError> {
        let objects = lock(&self.objects);
        let behind = objects.unfinished.iter().filter(|key| after.is_none_or(|after| *key > after));
        let entry = |key: &ObjectKey| UnfinishedEntry { key: key.clone(), begun: Fixture::new().now };
        Ok(behind.map(entry).take(limit).collect())
    }

    async fn ping(&self) -> Result<(), BlobError> {
        unimplemented!("no use case pings")
    }
}

async fn let_others_run() {
    let mut is_back = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut is_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn folded(bytes: &[u8]) -> [u8; 32] {
    let mut sha256 = [0; 32];
    for (at, byte) in bytes.iter().enumerate() {
        sha256[at % 32] ^= byte;
    }
    sha256
}

/// Bytes that come in one block, if there are any.
struct Held(Option<Bytes>);

#[async_trait]
impl ByteSource for Held {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        Ok(self.0.take().filter(|bytes| !bytes.is_empty()))
    }
}

/// What a body does next.
pub(crate) enum Step {
    Block(&'static str),
    /// Nothing comes for so many seconds.
    Wait(i64),
    /// Nothing comes any more; others run after so many seconds.
    Stand(i64),
    /// Something else happens in the world.
    Meanwhile(Box<dyn FnOnce(&World) + Send>),
    Fail(SourceError),
}

/// A body that plays its steps, then ends.
pub(crate) struct Body {
    world: World,
    steps: VecDeque<Step>,
}

impl Body {
    pub(crate) fn new(world: &World, steps: impl IntoIterator<Item = Step>) -> Self {
        Self { world: world.clone(), steps: steps.into_iter().collect() }
    }
}

#[async_trait]
impl ByteSource for Body {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Block(text) => return Ok(Some(Bytes::from_static(text.as_bytes()))),
                Step::Wait(seconds) => self.world.wait(seconds),
                Step::Stand(seconds) => {
                    let_others_run().await;
                    self.world.wait(seconds);
                    let_others_run().await;
                    std::future::pending::<()>().await;
                }
                Step::Meanwhile(happens) => happens(&self.world),
                Step::Fail(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
