//! Rows in memory: one account with two agents, and what its uploads write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agentdrop_domain::account::Account;
use agentdrop_domain::agent::{Agent, AgentSlug};
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::idempotency::{Record, RecordName};
use agentdrop_domain::ids::{AccountId, AgentId, ApiKeyId, AttemptId, UploadId};
use agentdrop_domain::transfer::{Transfer, Upload};

/// What is written.
#[derive(Default)]
pub struct Written {
    /// Arriving bytes.
    pub uploads: BTreeMap<UploadId, Upload>,
    /// Transfers that were made.
    pub transfers: Vec<Transfer>,
    /// The one use of an idempotency key.
    pub record: Option<Record>,
}

/// The database. Nothing is undone: no act that is tried here fails after it has written.
#[derive(Clone)]
pub struct Rows {
    account: Arc<Account>,
    agents: Arc<Vec<Agent>>,
    written: Arc<Mutex<Written>>,
}

impl Rows {
    /// Of an account with its agents.
    pub fn new(account: Account, agents: Vec<Agent>) -> Self {
        Self { account: Arc::new(account), agents: Arc::new(agents), written: Arc::default() }
    }

    /// What is there.
    pub fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the ports of the same names ask for.
impl Rows {
    pub fn account(&self, id: AccountId) -> Option<Account> {
        (self.account.id == id).then(|| (*self.account).clone())
    }

    pub fn agent(&self, id: AgentId) -> Option<Agent> {
        self.agents.iter().find(|agent| agent.id == id).cloned()
    }

    pub fn agent_by_slug(&self, account: AccountId, slug: &AgentSlug) -> Option<Agent> {
        self.agents.iter().find(|agent| agent.account_id == account && agent.slug == *slug).cloned()
    }

    pub fn insert_upload(&self, upload: &Upload) {
        assert!(self.written().uploads.insert(upload.id, upload.clone()).is_none());
    }

    pub fn upload(&self, id: UploadId) -> Option<Upload> {
        self.written().uploads.get(&id).cloned()
    }

    pub fn renew_upload(&self, id: UploadId, until: Timestamp) -> bool {
        self.written().uploads.get_mut(&id).map(|upload| upload.lease_until = until).is_some()
    }

    pub fn hold_for_upload(&self, id: UploadId, bytes: u64) {
        if let Some(upload) = self.written().uploads.get_mut(&id) {
            upload.reserved_bytes = bytes;
        }
    }

    pub fn settle_upload(&self, id: UploadId) -> bool {
        self.written().uploads.remove(&id).is_some()
    }

    pub fn reap_upload(&self, id: UploadId, _: Timestamp, _: bool) -> bool {
        self.written().uploads.get_mut(&id).map(|upload| upload.reaping = true).is_some()
    }

    pub fn delete_upload(&self, id: UploadId) {
        self.written().uploads.remove(&id);
    }

    pub fn insert_transfer(&self, transfer: &Transfer) {
        self.written().transfers.push(transfer.clone());
    }

    pub fn mark_running(&self, mark: &Record, _: Timestamp) -> bool {
        let mut written = self.written();
        let is_free = written.record.is_none();
        written.record.get_or_insert_with(|| mark.clone());
        is_free
    }

    pub fn idempotency_record(&self, _: ApiKeyId, _: &RecordName) -> Option<Record> {
        self.written().record.clone()
    }

    pub fn answer_mark(&self, answered: &Record) -> bool {
        self.written().record.replace(answered.clone()).is_some()
    }

    pub fn remove_mark(&self, _: &RecordName, _: AttemptId) -> bool {
        self.written().record.take().is_some()
    }
}
