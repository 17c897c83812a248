use std::fmt;

use sha2::{Digest, Sha256};
use x25519_dalek::StaticSecret;

use crate::Error;
use crate::encoding::{decode_base64, encode_base64};

/// DER of a `SubjectPublicKeyInfo` for X25519 (RFC 8410) up to the key's own 32 bytes.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00];
const SPKI_LEN: usize = SPKI_PREFIX.len() + PublicKey::LEN;

const WHAT: &str = "public key";
const EXPECTED: &str = "32 raw bytes, or 44 bytes of SPKI DER for X25519, in base64";

/// An X25519 public key that is not one of the small-order points. Two keys are equal if their 32 bytes are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; Self::LEN]);

impl PublicKey {
    /// Length of the raw key in bytes.
    pub const LEN: usize = 32;

    /// From the 32 raw bytes.
    ///
    /// # Errors
    /// [`Error::WeakPublicKey`] for all zero and every other small-order point.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Result<Self, Error> {
        if is_small_order(bytes) {
            return Err(Error::WeakPublicKey);
        }
        Ok(Self(bytes))
    }

    /// From 32 raw bytes or from SPKI DER (44 bytes), which is reduced to the raw key.
    ///
    /// # Errors
    /// [`Error::InvalidLength`] if it is neither of the two (a key of another algorithm included),
    /// [`Error::WeakPublicKey`] for a small-order point.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        let raw = match bytes.len() {
            SPKI_LEN => bytes.strip_prefix(&SPKI_PREFIX),
            _ => Some(bytes),
        };
        let raw = raw.and_then(|raw| <[u8; Self::LEN]>::try_from(raw).ok());
        Self::from_bytes(raw.ok_or(Error::InvalidLength { what: WHAT, expected: EXPECTED })?)
    }

    /// From base64 (standard alphabet, with padding) of either form that [`PublicKey::from_slice`] takes.
    ///
    /// # Errors
    /// Those of [`PublicKey::from_slice`], and [`Error::InvalidBase64`].
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        Self::from_slice(&decode_base64(WHAT, EXPECTED, SPKI_LEN, text)?)
    }

    /// The 32 raw bytes.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Base64 of the 32 raw bytes: the form that the API answers with.
    pub fn to_base64(&self) -> String {
        encode_base64(&self.0)
    }

    /// What people compare: the first 32 hex digits of the raw key's SHA-256, lower case, in groups of 4 with
    /// a space between them.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.0);
        let groups: Vec<String> =
            digest[..16].chunks_exact(2).map(|pair| format!("{:02x}{:02x}", pair[0], pair[1])).collect();
        groups.join(" ")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

/// Every X25519 scalar is a multiple of 8 after clamping, below the large prime orders of curve and twist: so
/// the product with any scalar is the identity exactly for the points of small order, in all their encodings.
fn is_small_order(bytes: [u8; PublicKey::LEN]) -> bool {
    let any_scalar = StaticSecret::from([0; 32]);
    !any_scalar.diffie_hellman(&bytes.into()).was_contributory()
}
