//! How long rows stay that nothing needs any more: transfers whose bytes are gone, events, audit entries.

use std::time::Duration;

use async_trait::async_trait;

use crate::act::{self, Act, Cx, Ports};
use crate::clock::Timestamp;
use crate::store::{StoreError, UnitOfWork};

/// How many rows one transaction forgets.
const BATCH: u32 = 100;
/// How many transactions of each kind one sweep takes: what is left over waits for the next, so that a large
/// backlog never keeps a sweep from its other work.
const MAX_BATCHES: u32 = 50;

/// Forgetting old rows, at most `limit` at once, oldest first. Each returns how many it forgot.
#[async_trait]
pub trait RetentionRepository: Send {
    /// Forgets transfers whose bytes were removed until then, with their files, grants and all else that belongs to
    /// them alone. One to which bytes are still on their way stays.
    async fn forget_transfers(&mut self, until: Timestamp, limit: u32) -> Result<usize, StoreError>;
    /// Forgets events that happened until then. The numbers of those that come are not touched.
    async fn forget_events(&mut self, until: Timestamp, limit: u32) -> Result<usize, StoreError>;
    /// Forgets audit entries written until then.
    async fn forget_audit(&mut self, until: Timestamp, limit: u32) -> Result<usize, StoreError>;
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Transfers,
    Events,
    Audit,
}

/// Forgets what is older than the operator keeps rows, if they are not kept for ever.
///
/// # Errors
/// The database's; what is left is forgotten by the next sweep.
pub async fn forget_old(ports: &Ports) -> Result<(), StoreError> {
    if ports.settings.row_retention_days == 0 {
        return Ok(());
    }
    for kind in [Kind::Transfers, Kind::Events, Kind::Audit] {
        for _ in 0..MAX_BATCHES {
            if act::perform(ports, &Forget { kind }).await? < BATCH as usize {
                break;
            }
        }
    }
    Ok(())
}

struct Forget {
    kind: Kind,
}

#[async_trait]
impl Act for Forget {
    type Output = usize;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<usize, StoreError> {
        let kept = Duration::from_secs(u64::from(cx.settings.row_retention_days) * 86_400);
        let until = cx.now - kept;
        match self.kind {
            Kind::Transfers => tx.forget_transfers(until, BATCH).await,
            Kind::Events => tx.forget_events(until, BATCH).await,
            Kind::Audit => tx.forget_audit(until, BATCH).await,
        }
    }
}

#[cfg(test)]
mod tests;
