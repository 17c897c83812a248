//! Connections: two accounts agree to know each other. Blocks: one account refuses another.

mod accept;
mod available_agents;
mod block;
mod end;
mod find;
mod invite;
mod list;
mod list_blocked;
mod message;
mod notice;
mod reject;
mod repository;
mod revoke;
mod rules;
#[cfg(test)]
mod testing;
mod unblock;

pub use accept::{Accept, AcceptError};
pub use available_agents::{ListAvailableAgents, ListAvailableAgentsError};
pub use block::{BlockConnection, BlockConnectionError, Blocked};
pub(crate) use find::{NO_CONNECTION, find_as_party, lock_as_party, meanwhile};
pub use invite::{Invite, InviteError};
pub use list::{ConnectionList, ConnectionsWanted, List, ListError};
pub use list_blocked::{ListBlocked, ListBlockedError};
pub use message::{BadInviteMessage, InviteMessage};
pub use reject::{Reject, RejectError};
pub use repository::{ConnectionFilter, ConnectionReads, ConnectionRepository, ConnectionView};
pub use revoke::{Revoke, RevokeError, Revoked};
pub use rules::AnswerRefused;
pub use unblock::{Unblock, UnblockError};

use crate::account::{AccountCard, Email};
use crate::clock::Timestamp;
use crate::ids::{AccountId, BlockId, ConnectionId};

/// A connection between two accounts, or the invite to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Who invited.
    pub inviter: AccountId,
    /// Who was invited; `None` while nobody has signed up with that address.
    pub invitee: Option<AccountId>,
    /// The address that was invited.
    pub invited_email: Email,
    /// What the inviter wrote, at most 500 characters.
    pub message: Option<String>,
    /// Where it is in its life. A rejected invite's row is removed.
    pub status: ConnectionStatus,
    /// When the invite was made.
    pub created_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// Waits for the invitee.
    Pending,
    /// Both agreed.
    Active,
    /// Given up by one side; final.
    Revoked,
}

impl ConnectionStatus {
    /// Every status, with its word on the wire.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Pending, "pending"), (Self::Active, "active"), (Self::Revoked, "revoked")];
}

impl Connection {
    /// The account on the other side, `None` if `account` is no party or nobody is there yet.
    #[must_use]
    pub fn other_side(&self, account: AccountId) -> Option<AccountId> {
        if self.inviter == account {
            self.invitee
        } else if self.invitee == Some(account) {
            Some(self.inviter)
        } else {
            None
        }
    }

    /// Whether an account is one of the two.
    #[must_use]
    pub fn has_party(&self, account: AccountId) -> bool {
        self.inviter == account || self.invitee == Some(account)
    }
}

/// One account refuses another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its id.
    pub id: BlockId,
    /// Who refuses.
    pub blocker: AccountId,
    /// Who is refused.
    pub blocked: AccountId,
    /// Since when.
    pub created_at: Timestamp,
}

/// A block as its blocker sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockView {
    /// The record.
    pub block: Block,
    /// The refused account.
    pub account: AccountCard,
}
