use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::Error;
use crate::gcm::{NONCE_LEN, TAG_LEN};
use crate::keys::FileKey;

/// Decodes at most `max_len` bytes of standard base64 with padding. The result wipes itself, since some
/// callers decode secrets.
pub(crate) fn decode_base64(
    what: &'static str,
    expected: &'static str,
    max_len: usize,
    text: &str,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    if text.len() > max_len.div_ceil(3) * 4 {
        return Err(Error::InvalidLength { what, expected });
    }
    STANDARD.decode(text).map(Zeroizing::new).map_err(|_| Error::InvalidBase64 { what })
}

pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A value of fixed length that travels as base64 and is no secret.
macro_rules! wire_bytes {
    ($(#[$doc:meta])* $name:ident, $len:expr, $what:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// From its raw bytes.
            pub fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// From base64 (standard alphabet, with padding).
            ///
            /// # Errors
            /// [`Error::InvalidBase64`], or [`Error::InvalidLength`] if the length differs.
            pub fn from_base64(text: &str) -> Result<Self, Error> {
                let bytes = decode_base64($what, $expected, $len, text)?;
                let bytes = bytes
                    .as_slice()
                    .try_into()
                    .map_err(|_| Error::InvalidLength { what: $what, expected: $expected })?;
                Ok(Self(bytes))
            }

            /// The raw bytes.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Base64 as on the wire.
            pub fn to_base64(&self) -> String {
                encode_base64(&self.0)
            }
        }
    };
}

wire_bytes!(
    /// AES-GCM's nonce, 12 bytes: public, but never the same twice under one [`FileKey`].
    Nonce,
    NONCE_LEN,
    "nonce",
    "12 bytes in base64"
);

wire_bytes!(
    /// The salt of a transfer in the channel and agent-to-human layouts (`encryption_salt`), 32 bytes: public
    /// and random for each transfer.
    Salt,
    32,
    "encryption_salt",
    "32 bytes in base64"
);

wire_bytes!(
    /// A file key encrypted for its recipient (`encrypted_key` of the legacy layout), 60 bytes: nonce,
    /// ciphertext, tag.
    WrappedKey,
    NONCE_LEN + FileKey::LEN + TAG_LEN,
    "encrypted_key",
    "60 bytes in base64"
);
