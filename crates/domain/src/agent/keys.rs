//! The public keys of agents. Private keys never reach the server.

/// An X25519 public key, 32 raw bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// An Ed25519 public key, 32 raw bytes; stored and echoed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningKey([u8; 32]);

/// Bytes that can't be a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Wrong length or wrapping.
    #[error("must be base64 of 32 raw bytes, or of a 44-byte SPKI DER key")]
    Shape,
    /// A shared secret with this point would be known to everybody.
    #[error("must not be the all-zero key or another small-order point")]
    SmallOrder,
}

const X25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00];
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Knows the curve.
pub trait KeyInspector: Send + Sync {
    /// Whether an X25519 point has small order, so that it must not be used.
    fn is_small_order(&self, point: &[u8; 32]) -> bool;
}

fn raw(bytes: &[u8], spki: [u8; 12]) -> Result<[u8; 32], BadKey> {
    let raw = if bytes.len() == 44 { bytes.strip_prefix(&spki).ok_or(BadKey::Shape)? } else { bytes };
    raw.try_into().map_err(|_| BadKey::Shape)
}

impl PublicKey {
    /// Accepts 32 raw bytes or SPKI DER and normalises to raw (decision 3).
    ///
    /// # Errors
    /// [`BadKey`] for another shape or a small-order point.
    pub fn parse(bytes: &[u8], inspector: &dyn KeyInspector) -> Result<Self, BadKey> {
        let point = raw(bytes, X25519_SPKI)?;
        if inspector.is_small_order(&point) { Err(BadKey::SmallOrder) } else { Ok(Self(point)) }
    }

    /// A key that was checked when it was stored.
    #[must_use]
    pub const fn from_stored(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl SigningKey {
    /// Accepts 32 raw bytes or SPKI DER and normalises to raw.
    ///
    /// # Errors
    /// [`BadKey::Shape`] for another shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadKey> {
        raw(bytes, ED25519_SPKI).map(Self)
    }

    /// A key that was checked when it was stored.
    #[must_use]
    pub const fn from_stored(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What a connected agent has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentKeys {
    /// For key agreement.
    pub public: PublicKey,
    /// For signatures, optional.
    pub signing: Option<SigningKey>,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct OnlyZeroIsSmall;

    impl KeyInspector for OnlyZeroIsSmall {
        fn is_small_order(&self, point: &[u8; 32]) -> bool {
            *point == [0; 32]
        }
    }

    #[test]
    fn raw_and_wrapped_keys_are_the_same_key() {
        let wrapped = [&X25519_SPKI[..], &[7; 32]].concat();
        let from_raw = PublicKey::parse(&[7; 32], &OnlyZeroIsSmall);
        assert_eq!(from_raw, PublicKey::parse(&wrapped, &OnlyZeroIsSmall));
        assert_eq!(from_raw.unwrap().as_bytes(), &[7; 32]);
    }

    #[test]
    fn other_shapes_and_small_points_are_refused() {
        let signing = [&ED25519_SPKI[..], &[7; 32]].concat();
        for bytes in [&[7; 31][..], &[7; 33], &[], &signing] {
            assert_eq!(PublicKey::parse(bytes, &OnlyZeroIsSmall), Err(BadKey::Shape));
        }
        assert_eq!(PublicKey::parse(&[0; 32], &OnlyZeroIsSmall), Err(BadKey::SmallOrder));
        assert!(SigningKey::parse(&signing).is_ok());
    }
}
