//! The streaming cipher against `aes-gcm`, whatever the lengths and the pieces.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::Aead;
use ctr::cipher::StreamCipherSeek;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

fn reference(plaintext: &[u8], key: &FileKey, nonce: &Nonce) -> Vec<u8> {
    Aes256Gcm::new(key.as_bytes().into()).encrypt(nonce.as_bytes().into(), plaintext).unwrap()
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + (i >> 8)) as u8).collect()
}

/// Calls `update` on pieces of the given lengths in turn, beginning again with the first, until the end.
fn in_pieces(
    mut data: &mut [u8],
    lens: &[usize],
    mut update: impl FnMut(&mut [u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    for len in lens.iter().cycle() {
        let (piece, rest) = data.split_at_mut((*len).min(data.len()));
        update(piece)?;
        if rest.is_empty() {
            break;
        }
        data = rest;
    }
    Ok(())
}

fn seal_in_pieces(plaintext: &[u8], lens: &[usize], key: &FileKey, nonce: &Nonce) -> Vec<u8> {
    let mut sealed = plaintext.to_vec();
    let mut sealer = Sealer::new(key, nonce);
    in_pieces(&mut sealed, lens, |piece| sealer.update(piece)).unwrap();
    sealed.extend(sealer.finish().unwrap());
    sealed
}

fn open_in_pieces(sealed: &[u8], lens: &[usize], key: &FileKey, nonce: &Nonce) -> Result<Vec<u8>, Error> {
    let (ciphertext, tag) = sealed.split_last_chunk().unwrap();
    let mut plaintext = ciphertext.to_vec();
    let mut opener = Opener::new(key, nonce);
    in_pieces(&mut plaintext, lens, |piece| opener.update(piece))?;
    opener.finish(tag)?;
    Ok(plaintext)
}

fn assert_agrees(plaintext: &[u8], lens: &[usize], key: &FileKey, nonce: &Nonce) {
    let expected = reference(plaintext, key, nonce);
    assert_eq!(seal_in_pieces(plaintext, lens, key, nonce), expected);
    assert_eq!(open_in_pieces(&expected, lens, key, nonce).unwrap(), plaintext);
}

#[test]
fn short_files_in_equal_pieces() {
    let (key, nonce) = (FileKey::from_bytes([0x42; 32]), Nonce::from_bytes([0x24; 12]));
    for len in 0..=66 {
        for piece in 1..=33 {
            assert_agrees(&pattern(len), &[piece], &key, &nonce);
        }
    }
}

#[test]
fn lengths_around_the_internal_piece() {
    let (key, nonce) = (FileKey::from_bytes([0x17; 32]), Nonce::from_bytes([0x71; 12]));
    for len in [PIECE_LEN, 2 * PIECE_LEN, 16 * PIECE_LEN].into_iter().flat_map(|at| at - 17..=at + 17) {
        assert_agrees(&pattern(len), &[usize::MAX], &key, &nonce);
        assert_agrees(&pattern(len), &[5, PIECE_LEN], &key, &nonce);
    }
}

fn any_len() -> impl Strategy<Value = usize> {
    prop_oneof![
        Just(0),
        1_usize..64,
        // A block's end, a byte less and a byte more.
        (1_usize..2048, 0_usize..3).prop_map(|(blocks, past)| blocks * BLOCK_LEN + past - 1),
        0_usize..5 * PIECE_LEN,
    ]
}

fn any_pieces() -> impl Strategy<Value = Vec<usize>> {
    // The last one is never empty, so that the round comes to an end.
    (prop::collection::vec(prop_oneof![0_usize..40, 0_usize..3 * PIECE_LEN], 0..8), 1_usize..PIECE_LEN)
        .prop_map(|(mut lens, last)| {
            lens.push(last);
            lens
        })
}

fn any_key() -> impl Strategy<Value = (FileKey, Nonce)> {
    (any::<[u8; 32]>(), any::<[u8; 12]>())
        .prop_map(|(key, nonce)| (FileKey::from_bytes(key), Nonce::from_bytes(nonce)))
}

proptest! {
    // The seed is fixed: the same cases on every run.
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(0x2545_f491),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_length_in_any_pieces((key, nonce) in any_key(), len in any_len(), lens in any_pieces()) {
        assert_agrees(&pattern(len), &lens, &key, &nonce);
    }

    #[test]
    fn any_changed_bit_is_noticed(
        (key, nonce) in any_key(),
        len in any_len(),
        lens in any_pieces(),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut sealed = reference(&pattern(len), &key, &nonce);
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        let refused = open_in_pieces(&sealed, &lens, &key, &nonce);
        prop_assert!(matches!(refused, Err(Error::Authentication)));
        prop_assert!(matches!(open_bytes(&sealed, &key, &nonce), Err(Error::Authentication)));
    }
}

#[test]
fn one_call_helpers_agree() {
    let (key, nonce) = (FileKey::from_bytes([1; 32]), Nonce::from_bytes([2; 12]));
    let sealed = seal_bytes(b"small", &key, &nonce).unwrap();
    assert_eq!(sealed, reference(b"small", &key, &nonce));
    assert_eq!(open_bytes(&sealed, &key, &nonce).unwrap(), b"small");
    for cut in 0..sealed.len() {
        assert!(matches!(open_bytes(&sealed[..cut], &key, &nonce), Err(Error::Authentication)), "{cut}");
    }
}

#[test]
fn refused_plaintext_is_wiped() {
    let (key, nonce) = (FileKey::from_bytes([1; 32]), Nonce::from_bytes([2; 12]));
    let mut data = [7; 40];
    assert!(open_in_place(&mut data, &[0; TAG_LEN], &key, &nonce).is_err());
    assert_eq!(data, [0; 40]);
}

/// 64 GiB less a little are not pushed through here: the length so far is set instead.
fn at_len(len: u64) -> Gcm {
    let mut gcm = Gcm::new(&FileKey::from_bytes([1; 32]), &Nonce::from_bytes([2; 12]));
    gcm.len = len;
    gcm
}

#[test]
fn plaintext_ends_at_the_limit() {
    let mut sealer = Sealer(at_len(MAX_PLAINTEXT_LEN - 3));
    sealer.update(&mut [0; 3]).unwrap();
    let mut more = [9];
    assert!(matches!(sealer.update(&mut more), Err(Error::PlaintextTooLarge)));
    assert_eq!(more, [9], "a refused piece stays as it was");
    // Nothing makes the sealer forget the refusal.
    assert!(matches!(sealer.update(&mut []), Err(Error::PlaintextTooLarge)));
    assert!(matches!(sealer.finish(), Err(Error::PlaintextTooLarge)));

    assert!(Sealer(at_len(MAX_PLAINTEXT_LEN)).finish().is_ok());
    let mut opener = Opener(at_len(MAX_PLAINTEXT_LEN));
    assert!(matches!(opener.update(&mut [0]), Err(Error::PlaintextTooLarge)));
}

#[test]
fn the_counter_does_not_wrap_within_the_limit() {
    let mut gcm = at_len(0);
    // The tag's mask took the first block, hence the last one of the longest plaintext begins here.
    gcm.keystream.try_seek(MAX_PLAINTEXT_LEN).unwrap();
    let mut last_block = [0; BLOCK_LEN];
    gcm.apply_keystream(&mut last_block).unwrap();

    let mut counter = [2; BLOCK_LEN];
    counter[NONCE_LEN..].fill(0xff);
    let mut expected = counter.into();
    Aes256::new(&[1; 32].into()).encrypt_block(&mut expected);
    assert_eq!(last_block.as_slice(), expected.as_slice());
    assert!(matches!(gcm.apply_keystream(&mut [0]), Err(Error::PlaintextTooLarge)));
}
