use super::{Connection, notice};
use crate::account::AccountCounter;
use crate::act::Cx;
use crate::channel;
use crate::event::{Event, EventName};
use crate::pairing;
use crate::store::{StoreError, UnitOfWork};

/// What went with a connection.
#[derive(Debug)]
pub(super) struct Ended {
    /// How many pending and active pairings stood under it.
    pub(super) pairings_revoked: u64,
    /// What both accounts are to be told; the act appends it last.
    pub(super) events: Vec<Event>,
}

/// Ends a living connection with its pairings and the channels between its accounts, and gives back what it
/// counted. `None` if it was revoked before.
pub(super) async fn end(
    cx: &Cx<'_>,
    tx: &mut dyn UnitOfWork,
    connection: &Connection,
) -> Result<Option<Ended>, StoreError> {
    let Some(revoked) = connection.revoke(cx.now) else { return Ok(None) };
    tx.update_connection(&revoked).await?;
    for account in connection.counted_by() {
        tx.count_down(account, AccountCounter::Connections).await?;
    }
    let mut ended = end_pairings(cx, tx, connection).await?;
    end_channels(cx, tx, connection).await?;
    ended.events.extend(notice::events(connection, EventName::ConnectionRevoked, cx.now));
    Ok(Some(ended))
}

async fn end_pairings(
    cx: &Cx<'_>,
    tx: &mut dyn UnitOfWork,
    connection: &Connection,
) -> Result<Ended, StoreError> {
    let mut ended = Ended { pairings_revoked: 0, events: Vec::new() };
    for pairing in tx.living_pairings_of_connection(connection.id).await? {
        if let Ok(revoked) = pairing.revoke(cx.now) {
            tx.update_pairing(&revoked).await?;
            ended.pairings_revoked += 1;
            ended.events.extend(pairing::events(&revoked, EventName::PairingRevoked, cx.now));
        }
    }
    if ended.pairings_revoked > 0 {
        tx.count_pairings_down(connection.id, ended.pairings_revoked).await?;
    }
    Ok(ended)
}

async fn end_channels(
    cx: &Cx<'_>,
    tx: &mut dyn UnitOfWork,
    connection: &Connection,
) -> Result<(), StoreError> {
    let Some(invitee) = connection.invitee else { return Ok(()) };
    for living in tx.living_channels_between(connection.inviter, invitee).await? {
        channel::end(cx, tx, &living).await?;
    }
    Ok(())
}
