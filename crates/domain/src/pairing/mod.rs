//! Pairings: two agents on connected accounts may exchange files, in a direction.

mod confirm;
mod end;
mod find;
mod list;
mod notice;
mod permission;
mod propose;
mod reject;
mod repository;
mod revoke;
mod rules;
#[cfg(test)]
mod testing;
mod update;

pub use confirm::{Confirm, ConfirmError};
pub(crate) use end::write_ended;
pub use list::{List, ListError};
pub(crate) use notice::events;
pub use permission::{Permission, SendDenied};
pub use propose::{Propose, ProposeError};
pub use reject::{Reject, RejectError};
pub use repository::{PairingReads, PairingRepository, PairingView};
pub use revoke::{Revoke, RevokeError};
pub use rules::{ActivePairing, ConfirmRefused, Confirmed, EndRefused, UpdateRefused};
pub use update::{Update, UpdateError};

use crate::clock::Timestamp;
use crate::ids::{AccountId, AgentId, ConnectionId, PairingId};

/// One side of a pairing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairingSide {
    /// The account.
    pub account: AccountId,
    /// Its agent.
    pub agent: AgentId,
}

/// A pairing of two agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// Its id.
    pub id: PairingId,
    /// The connection it stands under.
    pub connection_id: ConnectionId,
    /// The side that proposed it, or changed it last.
    pub proposer: PairingSide,
    /// The side whose word counts for confirming it.
    pub other: PairingSide,
    /// Who may send, seen from the proposer.
    pub permission: Permission,
    /// Where it is in its life.
    pub status: PairingStatus,
    /// Raised by each change, so that nobody confirms more than they saw.
    pub version: u32,
    /// When it was proposed first.
    pub created_at: Timestamp,
    /// When it was confirmed last.
    pub confirmed_at: Option<Timestamp>,
    /// When it was revoked or rejected.
    pub revoked_at: Option<Timestamp>,
}

/// Where a pairing is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairingStatus {
    /// Waits for the other side.
    Pending,
    /// Both agreed.
    Active,
    /// The other side said no; final.
    Rejected,
    /// Given up; final.
    Revoked,
}

impl PairingStatus {
    /// Every status, with its word on the wire.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Pending, "pending"),
        (Self::Active, "active"),
        (Self::Rejected, "rejected"),
        (Self::Revoked, "revoked"),
    ];

    /// Whether it can still change.
    #[must_use]
    pub const fn is_living(self) -> bool {
        matches!(self, Self::Pending | Self::Active)
    }
}
