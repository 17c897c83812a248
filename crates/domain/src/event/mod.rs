//! The event log: what happened, per account, in the order it was committed.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::store::StoreError;

/// Something that happened and that an account may want to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Whose log it goes to.
    pub account: AccountId,
    /// What happened.
    pub name: EventName,
    /// The id of what it happened to, as on the wire.
    pub subject: String,
    /// Further facts, by name.
    pub facts: Vec<(&'static str, String)>,
    /// When.
    pub at: Timestamp,
}

/// The names of events (decision 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum EventName {
    TransferCreated,
    TransferDownloaded,
    TransferExpired,
    TransferDeleted,
    PairingProposed,
    PairingConfirmed,
    PairingUpdated,
    PairingRejected,
    PairingRevoked,
    ConnectionInvited,
    ConnectionAccepted,
    ConnectionRevoked,
    AgentConnected,
    AgentDisconnected,
}

impl EventName {
    /// Every name, with its word on the wire.
    pub const ALL: [(Self, &'static str); 14] = [
        (Self::TransferCreated, "transfer.created"),
        (Self::TransferDownloaded, "transfer.downloaded"),
        (Self::TransferExpired, "transfer.expired"),
        (Self::TransferDeleted, "transfer.deleted"),
        (Self::PairingProposed, "pairing.proposed"),
        (Self::PairingConfirmed, "pairing.confirmed"),
        (Self::PairingUpdated, "pairing.updated"),
        (Self::PairingRejected, "pairing.rejected"),
        (Self::PairingRevoked, "pairing.revoked"),
        (Self::ConnectionInvited, "connection.invited"),
        (Self::ConnectionAccepted, "connection.accepted"),
        (Self::ConnectionRevoked, "connection.revoked"),
        (Self::AgentConnected, "agent.connected"),
        (Self::AgentDisconnected, "agent.disconnected"),
    ];
}

/// Writing events.
#[async_trait]
pub trait EventLog: Send {
    /// Appends events, each under the next number of its account. The number is drawn under the account's
    /// row lock, so commit order is number order and a reader that goes by number skips nothing. An act
    /// that concerns two accounts passes one event for each; they are written in ascending account id.
    async fn append_events(&mut self, events: &[Event]) -> Result<(), StoreError>;
}
