use async_trait::async_trait;

use crate::act::{self, Act, Cx, Ports};
use crate::store::{StoreError, UnitOfWork};

/// How many records one transaction forgets.
const BATCH: u32 = 100;

/// Forgets answers whose time is over and marks whose holders died.
///
/// # Errors
/// The database's; what is left is forgotten by the next sweep.
pub async fn forget_spent(ports: &Ports) -> Result<(), StoreError> {
    while act::perform(ports, &Forget).await? == BATCH as usize {}
    Ok(())
}

struct Forget;

#[async_trait]
impl Act for Forget {
    type Output = usize;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<usize, StoreError> {
        tx.forget_spent_records(cx.now, BATCH).await
    }
}
