//! Whether rows and bytes agree: every byte that a row speaks of is there, and every object belongs to a row.
//!
//! The check may run beside a working server. What it suspects it looks at again before it says so, and it relies
//! on two rules: an upload's row is written before the first byte of its object, and a key is used once.

mod check;
mod damage;
mod needed;
mod orphans;
mod repository;
#[cfg(test)]
mod tests;

pub use check::{CheckError, CheckOptions, check};
pub use repository::StorageReads;

use crate::blob::ObjectKey;
use crate::ids::{FileId, TransferId};

/// How many findings of each kind a report names; all are counted.
pub const NAMED_FINDINGS: usize = 100;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Transfers whose bytes may still be fetched or confirmed.
    pub transfers: u64,
    /// Their objects that were looked for.
    pub expected_objects: u64,
    /// The sum of these objects' sizes, in bytes.
    pub expected_bytes: u64,
    /// Objects that the store has.
    pub stored_objects: u64,
    /// Objects and unfinished uploads without a row that are too young to be judged.
    pub young: u64,
    /// Bytes of living transfers that are not as they should be.
    pub damaged: Findings<Damage>,
    /// Objects that belong to no row.
    pub orphans: Findings<Orphan>,
    /// Unfinished uploads that belong to no row.
    pub unfinished: Findings<ObjectKey>,
}

impl Report {
    /// Whether nothing is left to be done: all is well, or was repaired.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.damaged.left() == 0 && self.orphans.left() == 0 && self.unfinished.left() == 0
    }
}

/// Findings of one kind: all of them counted, the first ones named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings<T> {
    /// How many there were.
    pub found: u64,
    /// How many of these were repaired.
    pub repaired: u64,
    /// The first [`NAMED_FINDINGS`] of them.
    pub named: Vec<T>,
}

impl<T> Default for Findings<T> {
    fn default() -> Self {
        Self { found: 0, repaired: 0, named: Vec::new() }
    }
}

impl<T> Findings<T> {
    /// How many were not repaired.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.found - self.repaired
    }

    fn add(&mut self, finding: T, repaired: bool) {
        self.found += 1;
        self.repaired += u64::from(repaired);
        if self.named.len() < NAMED_FINDINGS {
            self.named.push(finding);
        }
    }
}

/// Bytes of a transfer that are not as they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The transfer.
    pub transfer: TransferId,
    /// The file.
    pub file: FileId,
    /// The object that should hold the bytes.
    pub object_key: ObjectKey,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What is wrong with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageKind {
    /// There is no such object, or no such part.
    Missing,
    /// The object has another size.
    WrongSize {
        /// What the row says, in bytes.
        expected: u64,
        /// What the store says, in bytes.
        found: u64,
    },
    /// The bytes have another SHA-256 than those that came.
    Corrupt,
}

impl DamageKind {
    /// Its word for reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::WrongSize { .. } => "wrong-size",
            Self::Corrupt => "corrupt",
        }
    }
}

/// An object that belongs to no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Its name.
    pub object_key: ObjectKey,
    /// Its size in bytes.
    pub size: u64,
}
