//! The database as the domain sees it: a unit of work to change things in, a view to read through.

use std::error::Error as StdError;

use async_trait::async_trait;

use crate::account::{AccountReads, AccountRepository, QuotaRepository, UsageReads};
use crate::agent::{AgentReads, AgentRepository};
use crate::api_key::{ApiKeyReads, ApiKeyRepository};
use crate::audit::AuditLog;
use crate::channel::{ChannelReads, ChannelRepository};
use crate::connection::{ConnectionReads, ConnectionRepository};
use crate::event::EventLog;
use crate::idempotency::{IdempotencyReads, IdempotencyRepository};
use crate::job::JobQueue;
use crate::pairing::{PairingReads, PairingRepository};
use crate::retention::RetentionRepository;
use crate::storage::StorageReads;
use crate::transfer::{
    PresignedReads, PresignedRepository, TransferReads, TransferRepository, UploadReads, UploadRepository,
};

/// The cause an adapter saw.
pub type Source = Box<dyn StdError + Send + Sync>;

/// What can go wrong in the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A rule that the database keeps was broken by this change.
    #[error("the change breaks a rule: {0:?}")]
    Conflict(UniqueRule),
    /// The database can't do it now; the same call may succeed later.
    #[error("the database is not available")]
    Unavailable {
        /// Another transaction was in the way (serialization failure, deadlock, busy): repeating the whole
        /// use case at once may succeed.
        contention: bool,
        /// What the driver said.
        source: Source,
    },
    /// The database refused in a way that nobody planned for.
    #[error("the database answered in an unexpected way")]
    Internal(#[source] Source),
}

impl StoreError {
    /// Whether the whole use case should be repeated at once.
    #[must_use]
    pub const fn is_contention(&self) -> bool {
        matches!(self, Self::Unavailable { contention: true, .. })
    }
}

/// What the database keeps unique, whoever races.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueRule {
    /// One account per e-mail address.
    AccountEmail,
    /// One living agent per slug and account.
    AgentSlug,
    /// One pending or active connection between two accounts, in both orders.
    ConnectionPair,
    /// One waiting invite from an account to an address.
    ConnectionInvite,
    /// One block record per blocker and blocked account.
    Block,
    /// One pending or active pairing of two agents, in both orders.
    PairingPair,
    /// One pending or active channel of two agents.
    ChannelPair,
    /// One waiting job per unique key.
    JobKey,
}

/// All reading ports on one connection. A view opened by [`Database::read`] never takes a write lock.
pub trait ReadView:
    AccountReads
    + AgentReads
    + ApiKeyReads
    + ChannelReads
    + ConnectionReads
    + IdempotencyReads
    + PairingReads
    + PresignedReads
    + StorageReads
    + TransferReads
    + UploadReads
    + UsageReads
{
}

impl<T> ReadView for T where
    T: AccountReads
        + AgentReads
        + ApiKeyReads
        + ChannelReads
        + ConnectionReads
        + IdempotencyReads
        + PairingReads
        + PresignedReads
        + StorageReads
        + TransferReads
        + UploadReads
        + UsageReads
{
}

/// All ports on one transaction. Dropped without [`UnitOfWork::commit`], it leaves nothing.
#[async_trait]
pub trait UnitOfWork:
    ReadView
    + AccountRepository
    + AgentRepository
    + ApiKeyRepository
    + ChannelRepository
    + ConnectionRepository
    + IdempotencyRepository
    + PairingRepository
    + PresignedRepository
    + RetentionRepository
    + TransferRepository
    + UploadRepository
    + EventLog
    + AuditLog
    + JobQueue
    + QuotaRepository
{
    /// Makes the changes permanent. When this returns `Ok`, they survive a crash.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
    /// Forgets the changes.
    async fn rollback(self: Box<Self>) -> Result<(), StoreError>;
}

/// The database.
#[async_trait]
pub trait Database: Send + Sync {
    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;
    /// Opens a view that only reads.
    async fn read(&self) -> Result<Box<dyn ReadView>, StoreError>;
    /// Whether the database answers, for readiness.
    async fn ping(&self) -> Result<(), StoreError>;
}
