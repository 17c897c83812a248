//! Channels: the two public keys that two agents agreed to encrypt with. A channel's keys never change.

mod end;
mod get;
mod list;
mod open;
mod repository;
mod revoke;
mod rules;
#[cfg(test)]
mod testing;

pub(crate) use end::end;
pub use get::{Get, GetError};
pub use list::{List, ListError, ListedChannel, ListedSide};
pub use open::{Open, OpenError, Opened};
pub use repository::{ChannelReads, ChannelRepository, ChannelView};
pub use revoke::{Revoke, RevokeError};

use crate::agent::PublicKey;
use crate::clock::Timestamp;
use crate::ids::{AccountId, AgentId, ChannelId};

/// One side of a channel, with its key frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelSide {
    /// The account.
    pub account: AccountId,
    /// Its agent.
    pub agent: AgentId,
    /// The agent's public key when the channel was made.
    pub public_key: PublicKey,
    /// The version of that key.
    pub key_version: u32,
}

/// A channel. Side `a` has the smaller agent id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// The side with the smaller agent id.
    pub a: ChannelSide,
    /// The side with the larger agent id.
    pub b: ChannelSide,
    /// Where it is in its life.
    pub status: ChannelStatus,
    /// The account that asked first.
    pub requested_by: AccountId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When both sides had asked.
    pub activated_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Where a channel is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelStatus {
    /// The other side has not asked yet.
    Pending,
    /// Both sides asked.
    Active,
    /// No new transfer may name it; final.
    Revoked,
}

impl ChannelStatus {
    /// Every status, with its word on the wire.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Pending, "pending"), (Self::Active, "active"), (Self::Revoked, "revoked")];
}

impl Channel {
    /// The side of an agent and the opposite one; `None` if the agent is not in it.
    #[must_use]
    pub fn sides_for(&self, agent: AgentId) -> Option<(ChannelSide, ChannelSide)> {
        if self.a.agent == agent {
            Some((self.a, self.b))
        } else if self.b.agent == agent {
            Some((self.b, self.a))
        } else {
            None
        }
    }

    /// Whether an account is one of the two.
    #[must_use]
    pub fn has_party(&self, account: AccountId) -> bool {
        self.a.account == account || self.b.account == account
    }

    /// Whether it joins exactly these two agents.
    #[must_use]
    pub fn joins(&self, x: AgentId, y: AgentId) -> bool {
        (self.a.agent, self.b.agent) == (x, y) || (self.a.agent, self.b.agent) == (y, x)
    }
}
