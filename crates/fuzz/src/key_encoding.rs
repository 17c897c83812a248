//! Public keys: 32 raw bytes or SPKI DER, in base64.

use agentdrop_adapters::keys::Curve25519;
use agentdrop_api::http::wire;
use agentdrop_domain::agent::{BadKey, PublicKey, SigningKey};
use agentdrop_protocol as protocol;

use crate::input::Input;

const X25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00];
const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The first byte says how the rest is taken: as a text in base64, or as the bytes of a key, bare or behind the
/// DER of either algorithm.
///
/// Server and client library accept the same keys and read them alike; both forms of a key are one key; a key's
/// text has one spelling; no accepted point is of small order.
pub fn key_encoding(data: &[u8]) -> bool {
    let mut input = Input(data);
    match input.byte() % 4 {
        0 => check_text(input.0),
        1 => check_bytes(input.0),
        2 => check_bytes(&[&X25519, input.0].concat()),
        _ => check_bytes(&[&ED25519, input.0].concat()),
    }
}

fn check_text(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let bytes = wire::from_base64(text);
    if let Some(bytes) = &bytes {
        assert_eq!(wire::base64(bytes), text, "one spelling");
        check_bytes(bytes);
    }
    let served = bytes.and_then(|bytes| PublicKey::parse(&bytes, &Curve25519).ok());
    let known = protocol::PublicKey::from_base64(text).ok();
    assert_eq!(served.map(|key| *key.as_bytes()), known.map(|key| *key.as_bytes()));
    served.is_some()
}

fn check_bytes(bytes: &[u8]) -> bool {
    assert_eq!(wire::from_base64(&wire::base64(bytes)).as_deref(), Some(bytes));
    check_signing(bytes);
    check_public(bytes)
}

fn check_public(bytes: &[u8]) -> bool {
    let raw = raw(bytes, &X25519);
    let served = PublicKey::parse(bytes, &Curve25519);
    let known = protocol::PublicKey::from_slice(bytes).ok();
    assert_eq!(
        served.as_ref().ok().map(PublicKey::as_bytes),
        known.as_ref().map(protocol::PublicKey::as_bytes)
    );
    match (&served, raw) {
        (Err(BadKey::Shape), None) => {}
        (Err(BadKey::SmallOrder), Some(raw)) => assert!(is_known_small(raw), "{raw:02x?}"),
        (Ok(key), Some(raw)) => {
            assert_eq!(key.as_bytes(), raw);
            assert!(!is_known_small(raw), "{raw:02x?}");
            for form in [raw.to_vec(), [&X25519[..], raw].concat()] {
                assert_eq!(PublicKey::parse(&form, &Curve25519).as_ref(), Ok(key));
            }
        }
        (other, raw) => panic!("{other:?} for {raw:?}"),
    }
    served.is_ok()
}

fn check_signing(bytes: &[u8]) {
    let key = SigningKey::parse(bytes).ok();
    assert_eq!(key.as_ref().map(SigningKey::as_bytes), raw(bytes, &ED25519));
}

/// The key in either form, by the letter.
fn raw<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<&'a [u8; 32]> {
    match bytes.len() {
        32 => bytes.try_into().ok(),
        44 => bytes.strip_prefix(prefix)?.try_into().ok(),
        _ => None,
    }
}

/// The points of small order on Curve25519 and its twist, below 2^255 and without the bit that X25519 ignores.
fn is_known_small(raw: &[u8; 32]) -> bool {
    let mut point = *raw;
    point[31] &= 0x7f;
    let near_p = |low: u8| {
        let mut number = [0xff; 32];
        (number[0], number[31]) = (low, 0x7f);
        number
    };
    let small = |low: u8| {
        let mut number = [0; 32];
        number[0] = low;
        number
    };
    // 0, 1, p - 1, p, p + 1, and the two of order 8.
    let of_order_8 = [
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
            0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
            0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
        ],
    ];
    [small(0), small(1), near_p(0xec), near_p(0xed), near_p(0xee)].contains(&point)
        || of_order_8.contains(&point)
}
