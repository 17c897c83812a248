//! Encodings, refused keys, fingerprints, and what `Debug` shows.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use agentdrop_protocol::{
    Error, FileKey, Layout, MAX_PLAINTEXT_LEN, Nonce, PublicKey, Salt, SecretKey, WrappedKey, a2h, channel,
    legacy,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

const X25519_SPKI: &str = "302a300506032b656e032100";
const ED25519_SPKI: &str = "302a300506032b6570032100";

/// RFC 7748, section 6.1.
const ALICE_SECRET: &str = "77076d0a7318a57d3c16c17251b26645df4c2f92ebc099acdeccc2c3a7f3d4c8";
const BOB_SECRET: &str = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
const BOB_PUBLIC: &str = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";

/// The points of order 1, 2, 4 and 8 on curve and twist, in all encodings below 2^255.
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

fn bytes<const N: usize>(hex_digits: &str) -> [u8; N] {
    hex::decode(hex_digits).unwrap().try_into().unwrap()
}

fn spki(prefix: &str) -> Vec<u8> {
    hex::decode(format!("{prefix}{BOB_PUBLIC}")).unwrap()
}

#[test]
fn public_half_matches_rfc_7748() {
    let bob = SecretKey::from_bytes(bytes(BOB_SECRET));
    assert_eq!(hex::encode(bob.public_key().as_bytes()), BOB_PUBLIC);
}

#[test]
fn raw_and_spki_give_the_same_key() {
    let raw = PublicKey::from_base64(&STANDARD.encode(bytes::<32>(BOB_PUBLIC))).unwrap();
    let der = PublicKey::from_base64(&STANDARD.encode(spki(X25519_SPKI))).unwrap();
    assert_eq!(raw, der);
    assert_eq!(der.to_base64(), STANDARD.encode(bytes::<32>(BOB_PUBLIC)));
}

#[test]
fn other_forms_of_public_keys_are_refused() {
    let mut trailing = spki(X25519_SPKI);
    trailing.push(0);
    let wrong_length = |form: &[u8]| {
        let refused = PublicKey::from_slice(form);
        assert!(matches!(refused, Err(Error::InvalidLength { what: "public key", .. })), "{form:02x?}");
    };
    wrong_length(&[]);
    wrong_length(&[9; 31]);
    wrong_length(&[9; 33]);
    wrong_length(&[9; 44]);
    wrong_length(&spki(ED25519_SPKI));
    wrong_length(&spki(X25519_SPKI)[..43]);
    wrong_length(&trailing);
}

#[test]
fn only_padded_standard_base64_is_taken() {
    // All digits 63, which the two alphabets write differently.
    let key = [0xff; 12];
    assert!(Nonce::from_base64(&STANDARD.encode(key)).is_ok());
    for text in
        [URL_SAFE.encode(key), format!("{}\n", STANDARD.encode([1; 9])), "no, not this one".to_owned()]
    {
        assert!(matches!(Nonce::from_base64(&text), Err(Error::InvalidBase64 { what: "nonce" })), "{text}");
    }
    let unpadded = STANDARD_NO_PAD.encode([9; 32]);
    assert!(matches!(PublicKey::from_base64(&unpadded), Err(Error::InvalidBase64 { .. })));
    // Bits after the last byte that are not zero: two texts for one key.
    let mut loose = STANDARD.encode([9; 32]);
    loose.replace_range(42..43, "l");
    assert!(matches!(PublicKey::from_base64(&loose), Err(Error::InvalidBase64 { .. })));
}

#[test]
fn wrong_lengths_name_the_field() {
    for len in [0, 11, 13, 4096] {
        let refused = Nonce::from_base64(&STANDARD.encode(vec![1; len]));
        assert!(matches!(refused, Err(Error::InvalidLength { what: "nonce", .. })), "{len}");
    }
    let refused = Salt::from_base64(&STANDARD.encode([1; 31])).unwrap_err();
    assert_eq!(refused.to_string(), "encryption_salt: expected 32 bytes in base64");
    let refused = WrappedKey::from_base64(&STANDARD.encode([1; 61])).unwrap_err();
    assert_eq!(refused.to_string(), "encrypted_key: expected 60 bytes in base64");
    let refused = SecretKey::from_base64(&STANDARD.encode([1; 33])).unwrap_err();
    assert_eq!(refused.to_string(), "secret key: expected 32 raw bytes in base64");
}

#[test]
fn small_order_points_are_refused_in_every_form() {
    for point in SMALL_ORDER {
        let mut raw = bytes::<32>(point);
        for top_bit in [0x00, 0x80] {
            raw[31] |= top_bit;
            assert!(matches!(PublicKey::from_bytes(raw), Err(Error::WeakPublicKey)), "{}", hex::encode(raw));
            let der = [hex::decode(X25519_SPKI).unwrap(), raw.to_vec()].concat();
            assert!(matches!(PublicKey::from_slice(&der), Err(Error::WeakPublicKey)));
        }
    }
    // Their neighbours are ordinary points.
    assert!(PublicKey::from_bytes(bytes(&format!("02{}", "00".repeat(31)))).is_ok());
    assert!(PublicKey::from_bytes(bytes(&format!("eb{}7f", "ff".repeat(30)))).is_ok());
}

#[test]
fn fingerprint_is_the_hash_in_groups() {
    // sha256sum of the 32 raw bytes.
    let bob = PublicKey::from_bytes(bytes(BOB_PUBLIC)).unwrap();
    assert_eq!(bob.fingerprint(), "f35e 5616 160a 30bf 3c6e 79fa 73c5 76d4");
}

#[test]
fn debug_shows_no_secret() {
    let secret = SecretKey::from_bytes([0xab; 32]);
    let file_key = FileKey::from_bytes([0xab; 32]);
    assert_eq!(format!("{secret:?}"), "SecretKey { .. }");
    assert_eq!(format!("{file_key:?}"), "FileKey { .. }");
}

#[test]
fn layouts_have_their_wire_names() {
    for layout in Layout::ALL {
        assert_eq!(layout.to_string().parse::<Layout>().unwrap(), layout);
    }
    assert_eq!("AES-256-GCM".parse::<Layout>().unwrap(), Layout::Legacy);
    for name in ["", "aes-256-gcm", "X25519-HKDF-AES-256-GCM ", "X25519-HKDF-AES-256-GCM-A2H-2"] {
        assert!(matches!(name.parse::<Layout>(), Err(Error::UnknownAlgorithm)), "{name}");
    }
}

#[test]
fn stored_lengths() {
    assert_eq!(Layout::Legacy.stored_len(0).unwrap(), 16);
    assert_eq!(Layout::Channel.stored_len(100).unwrap(), 116);
    assert_eq!(Layout::A2h.stored_len(100).unwrap(), 128);
    for layout in Layout::ALL {
        assert!(layout.stored_len(MAX_PLAINTEXT_LEN).is_ok());
        for too_long in [MAX_PLAINTEXT_LEN + 1, u64::MAX] {
            assert!(matches!(layout.stored_len(too_long), Err(Error::PlaintextTooLarge)));
        }
    }
}

#[test]
fn layouts_derive_different_keys_from_the_same_secret() {
    let alice = SecretKey::from_bytes(bytes(ALICE_SECRET));
    let bob = PublicKey::from_bytes(bytes(BOB_PUBLIC)).unwrap();
    let salt = Salt::from_bytes([5; 32]);
    let other_salt = Salt::from_bytes([6; 32]);
    let keys = [
        channel::derive(&alice, &bob, &salt).unwrap(),
        channel::derive(&alice, &bob, &other_salt).unwrap(),
        a2h::derive_for_recipient(&alice, &bob, &salt).unwrap(),
    ];
    assert_ne!(keys[0].as_bytes(), keys[1].as_bytes());
    assert_ne!(keys[0].as_bytes(), keys[2].as_bytes());
}

#[test]
fn a_wrapped_key_opens_for_its_two_parties_only() {
    let alice = SecretKey::from_bytes(bytes(ALICE_SECRET));
    let bob = SecretKey::from_bytes(bytes(BOB_SECRET));
    let eve = SecretKey::from_bytes([3; 32]);
    let file_key = FileKey::from_bytes([7; 32]);
    let wrapped = legacy::wrap(&file_key, &alice, &bob.public_key(), &Nonce::from_bytes([1; 12])).unwrap();

    let unwrapped = legacy::unwrap(&wrapped, &bob, &alice.public_key()).unwrap();
    assert_eq!(unwrapped.as_bytes(), file_key.as_bytes());
    for (recipient, sender) in [(&eve, &alice), (&bob, &eve)] {
        let refused = legacy::unwrap(&wrapped, recipient, &sender.public_key());
        assert!(matches!(refused, Err(Error::Authentication)));
    }
    for i in 0..WrappedKey::LEN {
        let mut changed = *wrapped.as_bytes();
        changed[i] ^= 1;
        let refused = legacy::unwrap(&WrappedKey::from_bytes(changed), &bob, &alice.public_key());
        assert!(matches!(refused, Err(Error::Authentication)), "byte {i}");
    }
}
