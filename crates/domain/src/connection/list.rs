//! An account's connections and invites.

use async_trait::async_trait;

use super::{ConnectionFilter, ConnectionStatus, ConnectionView};
use crate::act::{Ask, Cx};
use crate::caller::Caller;
use crate::error::Denied;
use crate::impl_act_error;
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError};

/// Lists the caller's connections and invites.
#[derive(Debug, Clone)]
pub struct List {
    /// Who asks.
    pub caller: Caller,
    /// Which connections.
    pub wanted: ConnectionsWanted,
    /// Which slice of them.
    pub page: Page,
}

/// Which connections a list shows. Revoked ones are never listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConnectionsWanted {
    /// Invites, incoming and outgoing.
    Pending,
    /// Accepted ones.
    Active,
    /// The accepted ones, then the invites.
    #[default]
    All,
}

impl ConnectionsWanted {
    /// Every choice, with its word on the wire.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Pending, "pending"), (Self::Active, "active"), (Self::All, "all")];

    const fn statuses(self) -> &'static [ConnectionStatus] {
        match self {
            Self::Pending => &[ConnectionStatus::Pending],
            Self::Active => &[ConnectionStatus::Active],
            Self::All => &[ConnectionStatus::Active, ConnectionStatus::Pending],
        }
    }
}

/// What an account sees of its connections. Each list is newest first within a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionList {
    /// The wanted slice.
    pub connections: Slice<ConnectionView>,
    /// The newest invites to the account, at most [`Page::MAX_LIMIT`].
    pub incoming: Slice<ConnectionView>,
    /// The newest invites from the account, at most [`Page::MAX_LIMIT`].
    pub outgoing: Slice<ConnectionView>,
    /// How many pairings wait for the account's word.
    pub pending_pairings: u64,
}

/// Why connections were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Not with an agent key.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ListError);

#[async_trait]
impl Ask for List {
    type Output = ConnectionList;
    type Error = ListError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<ConnectionList, ListError> {
        self.caller.require_account_scope()?;
        Ok(ConnectionList {
            connections: self.connections(view).await?,
            incoming: self.invites(view, true).await?,
            outgoing: self.invites(view, false).await?,
            pending_pairings: view.count_pending_pairings(self.caller.account).await?,
        })
    }
}

impl List {
    /// One slice through the lists of several statuses, laid end to end.
    async fn connections(&self, view: &mut dyn ReadView) -> Result<Slice<ConnectionView>, StoreError> {
        let mut whole = Slice { items: Vec::new(), total: 0 };
        for status in self.wanted.statuses() {
            let taken = u32::try_from(whole.items.len()).unwrap_or(u32::MAX);
            let page = Page {
                limit: self.page.limit.saturating_sub(taken),
                offset: self.page.offset.saturating_sub(whole.total),
            };
            let filter = ConnectionFilter { status: *status, incoming: None };
            // With a limit of 0 only the total is of interest.
            let slice = self.read(view, filter, page).await?;
            whole.items.extend(slice.items);
            whole.total += slice.total;
        }
        Ok(whole)
    }

    async fn invites(
        &self,
        view: &mut dyn ReadView,
        incoming: bool,
    ) -> Result<Slice<ConnectionView>, StoreError> {
        let filter = ConnectionFilter { status: ConnectionStatus::Pending, incoming: Some(incoming) };
        self.read(view, filter, Page { limit: Page::MAX_LIMIT, offset: 0 }).await
    }

    /// Reads a slice and leaves out what the caller may not know of the other accounts.
    async fn read(
        &self,
        view: &mut dyn ReadView,
        filter: ConnectionFilter,
        page: Page,
    ) -> Result<Slice<ConnectionView>, StoreError> {
        let me = self.caller.account;
        let mut slice = view.connections(me, filter, page).await?;
        for row in &mut slice.items {
            let known = row.connection.known_to(me);
            row.other.take_if(|other| known != Some(other.id));
        }
        Ok(slice)
    }
}

#[cfg(test)]
mod tests;
