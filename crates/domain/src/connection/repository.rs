use async_trait::async_trait;

use super::{Block, BlockView, Connection, ConnectionStatus};
use crate::account::{AccountCard, Email};
use crate::ids::{AccountId, BlockId, ConnectionId};
use crate::page::{Page, Slice};
use crate::plan::Limit;
use crate::store::StoreError;

/// Which connections of an account are wanted. Revoked ones are never listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionFilter {
    /// Only this status.
    pub status: ConnectionStatus,
    /// For pending ones: only invites to (`true`) or from (`false`) the account.
    pub incoming: Option<bool>,
}

/// A connection as one of its parties sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionView {
    /// The connection.
    pub connection: Connection,
    /// The other account, once there is one.
    pub other: Option<AccountCard>,
    /// Its active pairings.
    pub active_pairings: u64,
    /// Its pending pairings.
    pub pending_pairings: u64,
}

/// Reading connections and blocks.
#[async_trait]
pub trait ConnectionReads: Send {
    /// The connection of that id.
    async fn connection(&mut self, id: ConnectionId) -> Result<Option<Connection>, StoreError>;
    /// The pending or active connection between two accounts, whoever invited.
    async fn living_connection(
        &mut self,
        a: AccountId,
        b: AccountId,
    ) -> Result<Option<Connection>, StoreError>;
    /// The waiting invite from an account to an address.
    async fn waiting_invite(
        &mut self,
        inviter: AccountId,
        email: &Email,
    ) -> Result<Option<Connection>, StoreError>;
    /// An account's connections, newest first.
    async fn connections(
        &mut self,
        account: AccountId,
        filter: ConnectionFilter,
        page: Page,
    ) -> Result<Slice<ConnectionView>, StoreError>;
    /// Whether either account blocks the other.
    async fn blocked_between(&mut self, a: AccountId, b: AccountId) -> Result<bool, StoreError>;
    /// The block record of that id.
    async fn block(&mut self, id: BlockId) -> Result<Option<Block>, StoreError>;
    /// Whom an account blocks, newest first.
    async fn blocks(&mut self, blocker: AccountId, page: Page) -> Result<Slice<BlockView>, StoreError>;
}

/// Changing connections and blocks.
#[async_trait]
pub trait ConnectionRepository: ConnectionReads {
    /// Adds an invite. A living connection of the same two accounts is a conflict on `ConnectionPair`, a
    /// waiting invite to the same address one on `ConnectionInvite`.
    async fn insert_connection(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Writes the status and times of a connection.
    async fn update_connection(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Removes a rejected invite.
    async fn delete_connection(&mut self, id: ConnectionId) -> Result<(), StoreError>;
    /// Hands the invites that wait for an address to the account that has just signed up with it.
    async fn adopt_invites(&mut self, email: &Email, account: AccountId) -> Result<(), StoreError>;
    /// Raises the number of pending and active pairings by one if it then stays within the limit; `false`
    /// if it would not.
    async fn count_pairing_up(&mut self, id: ConnectionId, limit: Limit) -> Result<bool, StoreError>;
    /// Lowers the number of pending and active pairings, never below zero.
    async fn count_pairings_down(&mut self, id: ConnectionId, by: u64) -> Result<(), StoreError>;
    /// Adds a block record. A second one is a conflict on `Block`.
    async fn insert_block(&mut self, block: &Block) -> Result<(), StoreError>;
    /// Removes a block record.
    async fn delete_block(&mut self, id: BlockId) -> Result<(), StoreError>;
}
