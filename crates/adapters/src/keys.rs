//! What the server must know of the curve.

use agentdrop_domain::agent::KeyInspector;
use agentdrop_protocol::PublicKey;

/// Knows X25519's points of small order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Curve25519;

impl KeyInspector for Curve25519 {
    fn is_small_order(&self, point: &[u8; 32]) -> bool {
        PublicKey::from_bytes(*point).is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_small_order_are_known_in_every_encoding() {
        let mut one = [0; 32];
        one[0] = 1;
        let mut zero_with_the_ignored_bit = [0; 32];
        zero_with_the_ignored_bit[31] = 0x80;
        let mut base_point = [0; 32];
        base_point[0] = 9;
        assert!(Curve25519.is_small_order(&[0; 32]));
        assert!(Curve25519.is_small_order(&one));
        assert!(Curve25519.is_small_order(&zero_with_the_ignored_bit));
        assert!(!Curve25519.is_small_order(&base_point));
    }
}
