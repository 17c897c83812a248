//! What a client says about its encryption. The server keeps it for the recipient and never needs it.

use crate::ids::ChannelId;

/// How a transfer's files were encrypted on the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// The layout and its material.
    pub layout: EncryptionLayout,
    /// An optional Ed25519 signature, stored and echoed.
    pub sender_signature: Option<Vec<u8>>,
}

/// The layouts of reference 4, each with exactly its own material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncryptionLayout {
    /// Not encrypted.
    Plain,
    /// Encrypted in a way the client did not describe: the keys are arranged elsewhere.
    Opaque,
    /// A fresh file key, wrapped for the recipient; one nonce a file.
    Legacy {
        /// The name the client used.
        algorithm: Algorithm,
        /// nonce (12) ‖ wrapped key (32) ‖ tag (16).
        encrypted_key: [u8; 60],
    },
    /// A key derived from the channel's two keys and a salt; one nonce a file.
    Channel {
        /// The channel.
        channel_id: ChannelId,
        /// Fresh for each transfer.
        salt: [u8; 32],
    },
}

/// The names of the layouts on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Algorithm {
    Legacy,
    /// Another name for [`Algorithm::Legacy`].
    LegacyAlias,
    Channel,
    AgentToHuman,
}

impl Algorithm {
    /// Every algorithm, with its word on the wire.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Legacy, "X25519-HKDF-AES-256-GCM"),
        (Self::LegacyAlias, "AES-256-GCM"),
        (Self::Channel, "X25519-CHANNEL-HKDF-AES-256-GCM"),
        (Self::AgentToHuman, "X25519-HKDF-AES-256-GCM-A2H"),
    ];
}

impl Encryption {
    /// No encryption.
    pub const PLAIN: Self = Self { layout: EncryptionLayout::Plain, sender_signature: None };

    /// Whether the stored bytes are ciphertext.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        !matches!(self.layout, EncryptionLayout::Plain)
    }

    /// The channel whose keys it was encrypted with, where it was.
    #[must_use]
    pub const fn channel(&self) -> Option<ChannelId> {
        match &self.layout {
            EncryptionLayout::Channel { channel_id, .. } => Some(*channel_id),
            _ => None,
        }
    }

    /// The layout's name, where the client gave one.
    #[must_use]
    pub const fn algorithm(&self) -> Option<Algorithm> {
        match &self.layout {
            EncryptionLayout::Plain | EncryptionLayout::Opaque => None,
            EncryptionLayout::Legacy { algorithm, .. } => Some(*algorithm),
            EncryptionLayout::Channel { .. } => Some(Algorithm::Channel),
        }
    }
}
