use std::io;

use crate::gcm::MAX_PLAINTEXT_LEN;

/// What can go wrong. Messages name the value and what is allowed, and never repeat the value itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value from the wire is not base64 of the standard alphabet with padding.
    #[error("{what}: not base64 (standard alphabet, with padding)")]
    InvalidBase64 {
        /// Which value.
        what: &'static str,
    },

    /// A value has the wrong number of bytes.
    #[error("{what}: expected {expected}")]
    InvalidLength {
        /// Which value.
        what: &'static str,
        /// The form it must have.
        expected: &'static str,
    },

    /// A public key is one of X25519's small-order points (all zero is one of them): whatever the secret
    /// key, the agreed secret would be known to everyone.
    #[error("public key: a small-order point is not a key; expected a point made from a secret key")]
    WeakPublicKey,

    /// An `encryption_algorithm` that names no layout.
    #[error(
        "encryption_algorithm: unknown; expected X25519-HKDF-AES-256-GCM (or its alias AES-256-GCM), \
         X25519-CHANNEL-HKDF-AES-256-GCM or X25519-HKDF-AES-256-GCM-A2H"
    )]
    UnknownAlgorithm,

    /// The plaintext is longer than AES-GCM can encrypt under one nonce.
    #[error("the file is too large: at most {MAX_PLAINTEXT_LEN} bytes can be encrypted")]
    PlaintextTooLarge,

    /// The tag does not verify: wrong key or nonce, or bytes that were changed, added or lost.
    #[error("decryption failed: wrong key or nonce, or the data was changed or cut short")]
    Authentication,

    /// Reading or writing failed.
    #[error("{action} failed")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The operating system's or the reader's reason.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: keeps the I/O error as the source and says what was being done.
    pub(crate) fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}

impl From<Error> for io::Error {
    /// For code that must speak `std::io`: the kind tells the cases apart, the error itself is the payload.
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::PlaintextTooLarge => io::ErrorKind::FileTooLarge,
            Error::Io { source, .. } => source.kind(),
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
