use super::Channel;
use crate::act::Cx;
use crate::store::{StoreError, UnitOfWork};

/// Ends a channel, if it is living. Its keys stay readable for transfers that name it.
pub(crate) async fn end(cx: &Cx<'_>, tx: &mut dyn UnitOfWork, channel: &Channel) -> Result<bool, StoreError> {
    let Some(revoked) = channel.revoke(cx.now) else { return Ok(false) };
    tx.update_channel(&revoked).await?;
    Ok(true)
}
