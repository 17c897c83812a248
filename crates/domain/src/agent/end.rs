//! What ends with an agent.

use crate::act::Cx;
use crate::channel::{Channel, ChannelStatus};
use crate::ids::AgentId;
use crate::store::{StoreError, UnitOfWork};

/// Revokes an agent's living channels. Their frozen keys stay for the transfers that name them.
pub(super) async fn revoke_channels(
    cx: &Cx<'_>,
    tx: &mut dyn UnitOfWork,
    agent: AgentId,
) -> Result<(), StoreError> {
    for channel in tx.living_channels_of_agent(agent).await? {
        let revoked = Channel { status: ChannelStatus::Revoked, revoked_at: Some(cx.now), ..channel };
        tx.update_channel(&revoked).await?;
    }
    Ok(())
}
