use std::sync::{Arc, Mutex, PoisonError};

use mockall::TimesRange;

use super::MockTx;
use crate::account::Email;
use crate::audit::AuditEntry;
use crate::event::{Event, EventName};
use crate::ids::AccountId;

/// What an act wrote beside its objects: locks, events, audit entries.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    address: Option<Email>,
    locked: Vec<AccountId>,
    events: Vec<Event>,
    audit: Vec<AuditEntry>,
}

impl Journal {
    fn with<T>(&self, f: impl FnOnce(&mut Notes) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets the transaction lock an address, and then accounts, and count against quotas.
    pub fn allow_locks(&self, tx: &mut MockTx) {
        super::allow_quota(tx);
        let journal = self.clone();
        tx.expect_lock_address().times(..=1).returning(move |address| {
            journal.with(|notes| {
                assert!(notes.locked.is_empty(), "addresses are locked first");
                notes.address = Some(address.clone());
            });
            Ok(())
        });
        let journal = self.clone();
        tx.expect_lock_accounts().returning(move |accounts| {
            journal.with(|notes| notes.locked.extend_from_slice(accounts));
            Ok(())
        });
    }

    /// Lets the transaction lock accounts, write one audit entry and append events at most once.
    pub fn allow_all(&self, tx: &mut MockTx) {
        self.allow_locks(tx);
        self.allow_writes(tx, 1);
    }

    /// Lets the transaction write so many audit entries, and append events at most once.
    pub fn allow_writes(&self, tx: &mut MockTx, audits: impl Into<TimesRange>) {
        let journal = self.clone();
        tx.expect_append_audit().times(audits).returning(move |entry| {
            journal.with(|notes| notes.audit.push(entry.clone()));
            Ok(())
        });
        let journal = self.clone();
        tx.expect_append_events().times(..=1).returning(move |events| {
            journal.with(|notes| notes.events.extend_from_slice(events));
            Ok(())
        });
    }

    /// The address that was locked.
    #[must_use]
    pub fn locked_address(&self) -> Option<Email> {
        self.with(|notes| notes.address.clone())
    }

    /// The accounts that were locked, in the order of the calls.
    #[must_use]
    pub fn locked(&self) -> Vec<AccountId> {
        self.with(|notes| notes.locked.clone())
    }

    /// The events in full.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.with(|notes| notes.events.clone())
    }

    /// Whose log each event went to, and its name, ordered by account.
    #[must_use]
    pub fn told(&self) -> Vec<(AccountId, EventName)> {
        let mut told: Vec<_> = self.events().iter().map(|event| (event.account, event.name)).collect();
        told.sort_by_key(|(account, _)| *account);
        told
    }

    /// The act and subject of each audit entry.
    #[must_use]
    pub fn audited(&self) -> Vec<(&'static str, String)> {
        self.with(|notes| notes.audit.iter().map(|entry| (entry.act, entry.subject.clone())).collect())
    }
}
