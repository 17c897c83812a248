//! A connection's pairings.

use async_trait::async_trait;

use super::PairingView;
use crate::act::{Ask, Cx};
use crate::caller::Caller;
use crate::connection::find_as_party;
use crate::error::Denied;
use crate::ids::ConnectionId;
use crate::impl_act_error;
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError};

/// Lists the pairings of a connection, of every status, newest first.
#[derive(Debug, Clone)]
pub struct List {
    /// Who asks.
    pub caller: Caller,
    /// The connection, whatever its status.
    pub connection: ConnectionId,
    /// Which slice.
    pub page: Page,
}

/// Why pairings were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Not with an agent key; not a connection of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ListError);

#[async_trait]
impl Ask for List {
    type Output = Slice<PairingView>;
    type Error = ListError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Slice<PairingView>, ListError> {
        self.caller.require_account_scope()?;
        let connection = find_as_party::<ListError>(view, &self.caller, self.connection).await?;
        Ok(view.pairings(connection.id, self.page).await?)
    }
}

#[cfg(test)]
mod tests;
