use super::Pairing;
use crate::act::Cx;
use crate::channel;
use crate::store::{StoreError, UnitOfWork};

/// Writes a pairing that has just ended, gives back its place in the connection, and ends the channel of its
/// two agents.
pub(crate) async fn write_ended(
    cx: &Cx<'_>,
    tx: &mut dyn UnitOfWork,
    ended: &Pairing,
) -> Result<(), StoreError> {
    tx.update_pairing(ended).await?;
    tx.count_pairings_down(ended.connection_id, 1).await?;
    if let Some(living) = tx.living_channel(ended.proposer.agent, ended.other.agent).await? {
        channel::end(cx, tx, &living).await?;
    }
    Ok(())
}
