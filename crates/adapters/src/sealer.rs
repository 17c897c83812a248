//! Seals of stored answers: HKDF-SHA256 and AES-256-GCM.

use agentdrop_domain::idempotency::{Hasher, RecordName, Sealer, SealingKey};
use agentdrop_domain::secret::Token;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest;
use ring::hkdf::{self, HKDF_SHA256, KeyType, Salt};

use crate::secrets::OsSecrets;

/// Keeps these keys apart from all else that may be derived from a token.
const SALT: &[u8] = b"agentdrop stored answers";
/// The two things that are derived for one context.
const NAME: &[u8] = b"name";
const KEY: &[u8] = b"key";

/// Seals with AES-256-GCM under keys of HKDF-SHA256. Every seal has a random nonce of its own, which goes before
/// what it sealed.
#[derive(Debug, Clone, Default)]
pub struct TokenSealer(OsSecrets);

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

#[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8,160 bytes")]
fn expand(secret: &hkdf::Prk, info: &[&[u8]]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let expanded = secret.expand(info, Bytes32).and_then(|okm| okm.fill(&mut bytes));
    expanded.expect("32 bytes can be derived");
    bytes
}

#[expect(clippy::expect_used, reason = "the length is the type's")]
fn cipher(key: &SealingKey) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key.0).expect("a key of 32 bytes"))
}

impl Sealer for TokenSealer {
    fn derive(&self, token: &Token, context: &[u8]) -> (RecordName, SealingKey) {
        let secret = Salt::new(HKDF_SHA256, SALT).extract(token.reveal().as_bytes());
        (RecordName(expand(&secret, &[NAME, context])), SealingKey(expand(&secret, &[KEY, context])))
    }

    #[expect(clippy::expect_used, reason = "it fails beyond 64 GiB only")]
    fn seal(&self, key: &SealingKey, bound_to: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = self.0.bytes();
        let mut sealed = plain.to_vec();
        let ciphered = cipher(key).seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound_to),
            &mut sealed,
        );
        ciphered.expect("an answer is short");
        [&nonce[..], &sealed].concat()
    }

    fn open(&self, key: &SealingKey, bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, ciphered) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = ciphered.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = cipher(key).open_in_place(nonce, Aad::from(bound_to), &mut bytes).ok()?;
        Some(plain.to_vec())
    }

    fn hasher(&self) -> Box<dyn Hasher> {
        Box::new(Sha256(digest::Context::new(&digest::SHA256)))
    }
}

struct Sha256(digest::Context);

impl Hasher for Sha256 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self: Box<Self>) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        bytes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn derived(token: &str, context: &str) -> (RecordName, SealingKey) {
        TokenSealer::default().derive(&Token::new(token.to_owned()), context.as_bytes())
    }

    #[test]
    fn what_is_sealed_opens_under_its_key_and_binding_only() {
        let sealer = TokenSealer::default();
        let (_, key) = derived("agd_live_a", "x");
        let sealed = sealer.seal(&key, b"request", b"the answer");
        assert_eq!(sealer.open(&key, b"request", &sealed).unwrap(), b"the answer");
        assert_eq!(sealer.open(&key, b"another", &sealed), None);
        for (token, context) in [("agd_live_b", "x"), ("agd_live_a", "y")] {
            assert_eq!(sealer.open(&derived(token, context).1, b"request", &sealed), None);
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(sealer.open(&key, b"request", &changed), None, "byte {at}");
            assert_eq!(sealer.open(&key, b"request", &sealed[..at]), None);
        }
    }

    #[test]
    fn the_same_answer_never_seals_to_the_same_bytes() {
        let (sealer, (_, key)) = (TokenSealer::default(), derived("agd_live_a", "x"));
        assert_ne!(sealer.seal(&key, b"", b"answer"), sealer.seal(&key, b"", b"answer"));
        let sealed = sealer.seal(&key, b"", b"answer");
        assert!(!sealed.windows(6).any(|bytes| bytes == b"answer"));
    }

    #[test]
    fn names_and_keys_follow_from_token_and_context_and_from_nothing_else() {
        let (name, key) = derived("agd_live_a", "x");
        assert_eq!(derived("agd_live_a", "x"), (name, key.clone()));
        assert_ne!(name.0, key.0);
        for (token, context) in [("agd_live_b", "x"), ("agd_live_a", "y")] {
            let (other_name, other_key) = derived(token, context);
            assert!(other_name != name && other_key != key);
        }
    }

    #[test]
    fn the_hasher_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        let mut hasher = TokenSealer::default().hasher();
        hasher.update(b"a");
        hasher.update(b"bc");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex::encode(hasher.finish()), expected);
    }
}
