//! Directions. A permission is always somebody's view: the one side's `send_only` is the other's
//! `receive_only`.

/// Who may send, from one side's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Permission {
    /// Send and receive.
    #[default]
    Both,
    /// Only send.
    SendOnly,
    /// Only receive.
    ReceiveOnly,
}

/// A send against the pairing's direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this pairing only lets your agent receive; the other side may only send (permission receive_only)")]
pub struct SendDenied;

impl Permission {
    /// Every permission, with its word on the wire.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Both, "both"), (Self::SendOnly, "send_only"), (Self::ReceiveOnly, "receive_only")];

    /// The same permission seen from the other side.
    #[must_use]
    pub const fn flipped(self) -> Self {
        match self {
            Self::Both => Self::Both,
            Self::SendOnly => Self::ReceiveOnly,
            Self::ReceiveOnly => Self::SendOnly,
        }
    }

    /// Whether the side whose view this is may send.
    #[must_use]
    pub const fn may_send(self) -> bool {
        matches!(self, Self::Both | Self::SendOnly)
    }
}
