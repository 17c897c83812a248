//! What of the other account's agents a connected account may see.

use async_trait::async_trait;

use super::{Connection, ConnectionStatus, find::NO_CONNECTION, find_as_party};
use crate::act::{Ask, Cx};
use crate::agent::AvailableAgent;
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::ConnectionId;
use crate::impl_act_error;
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError};

/// Lists the agents of a connection's other account that are available for connections and have a public
/// key: those that a pairing can be proposed with.
#[derive(Debug, Clone)]
pub struct ListAvailableAgents {
    /// Who asks.
    pub caller: Caller,
    /// The connection.
    pub connection: ConnectionId,
    /// Which slice.
    pub page: Page,
}

/// Why agents were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListAvailableAgentsError {
    /// Not with an agent key; not a connection of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The connection is not active.
    #[error("the connection is not active; agents are seen once both accounts have agreed")]
    NotActive,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ListAvailableAgentsError);

#[async_trait]
impl Ask for ListAvailableAgents {
    type Output = Slice<AvailableAgent>;
    type Error = ListAvailableAgentsError;

    async fn answer(
        &self,
        _: &Cx<'_>,
        view: &mut dyn ReadView,
    ) -> Result<Slice<AvailableAgent>, ListAvailableAgentsError> {
        self.caller.require_account_scope()?;
        let me = self.caller.account;
        let connection: Connection =
            find_as_party::<ListAvailableAgentsError>(view, &self.caller, self.connection).await?;
        if connection.status != ConnectionStatus::Active {
            return Err(ListAvailableAgentsError::NotActive);
        }
        let other = connection.other_side(me).ok_or(NO_CONNECTION)?;
        Ok(view.available_agents(other, me, connection.id, self.page).await?)
    }
}

#[cfg(test)]
mod tests;
