pub mod a2h;
pub mod channel;
pub mod legacy;

use std::fmt;
use std::str::FromStr;

use crate::{Error, sealed_len};

/// How a transfer's key reaches its recipient, and how its files are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// A random file key, wrapped for the recipient: [`legacy`].
    Legacy,
    /// Derived from the two agents' long-term keys: [`channel`].
    Channel,
    /// Agent to human: [`a2h`].
    A2h,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 3] = [Self::Legacy, Self::Channel, Self::A2h];

    /// Its name on the wire (`encryption_algorithm`). [`FromStr`] reads these names, and `AES-256-GCM` as
    /// another one for [`Layout::Legacy`].
    pub fn algorithm(self) -> &'static str {
        match self {
            Self::Legacy => "X25519-HKDF-AES-256-GCM",
            Self::Channel => "X25519-CHANNEL-HKDF-AES-256-GCM",
            Self::A2h => "X25519-HKDF-AES-256-GCM-A2H",
        }
    }

    /// Length in bytes of the stored file for `plaintext_len` bytes of plaintext.
    ///
    /// # Errors
    /// [`Error::PlaintextTooLarge`] above [`crate::MAX_PLAINTEXT_LEN`].
    pub fn stored_len(self, plaintext_len: u64) -> Result<u64, Error> {
        match self {
            Self::Legacy | Self::Channel => sealed_len(plaintext_len),
            Self::A2h => a2h::stored_len(plaintext_len),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm())
    }
}

impl FromStr for Layout {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        if name == "AES-256-GCM" {
            return Ok(Self::Legacy);
        }
        Self::ALL.into_iter().find(|layout| layout.algorithm() == name).ok_or(Error::UnknownAlgorithm)
    }
}
