//! What ends with an agent's keys.

use crate::act::Cx;
use crate::channel;
use crate::ids::AgentId;
use crate::store::{StoreError, UnitOfWork};

/// Ends an agent's living channels. Their frozen keys stay for the transfers that name them.
pub(super) async fn end_channels(
    cx: &Cx<'_>,
    tx: &mut dyn UnitOfWork,
    agent: AgentId,
) -> Result<(), StoreError> {
    for living in tx.living_channels_of_agent(agent).await? {
        channel::end(cx, tx, &living).await?;
    }
    Ok(())
}
