//! One channel, for its two parties.

use async_trait::async_trait;

use super::ChannelView;
use crate::act::{Ask, Cx};
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::ChannelId;
use crate::impl_act_error;
use crate::store::{ReadView, StoreError};

/// Reads a channel with its two frozen keys, revoked or not, so that waiting transfers stay readable.
#[derive(Debug, Clone)]
pub struct Get {
    /// Who asks.
    pub caller: Caller,
    /// Which channel.
    pub id: ChannelId,
}

/// Why a channel was not shown.
#[derive(Debug, thiserror::Error)]
pub enum GetError {
    /// Not a channel of the caller's; that of an agent key's sibling.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(GetError);

#[async_trait]
impl Ask for Get {
    type Output = ChannelView;
    type Error = GetError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<ChannelView, GetError> {
        Ok(find_as_party::<GetError>(view, &self.caller, self.id).await?)
    }
}

/// The channel of that id, if the caller is a party: its account, and with an agent key that very agent.
///
/// # Errors
/// [`Denied::NotFound`] for no channel of the account's, [`Denied::Forbidden`] for an agent key's sibling; the
/// database's.
pub(super) async fn find_as_party<E: From<Denied> + From<StoreError>>(
    view: &mut dyn ReadView,
    caller: &Caller,
    id: ChannelId,
) -> Result<ChannelView, E> {
    let found = view.channel(id).await?.filter(|found| found.channel.has_party(caller.account));
    let found = found.ok_or(Denied::NotFound("Channel"))?;
    match caller.bound_agent() {
        Some(bound) if found.channel.sides_for(bound).is_none() => {
            Err(Denied::Forbidden("this agent key's agent is not a party of the channel").into())
        }
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests;
