//! Signatures of URLs: HMAC-SHA256.

use agentdrop_domain::transfer::{UrlSignature, UrlSigner};
use ring::hmac::{HMAC_SHA256, Key, sign, verify};

/// What a key's id is derived from: a code over this text under the key.
const KEY_ID_LABEL: &[u8] = b"agentdrop url key id";
/// How many bytes of that code are the id.
const KEY_ID_BYTES: usize = 4;

/// Signs with the first key, knows the signatures of all.
#[derive(Clone)]
pub struct HmacSigner {
    keys: Vec<(String, Key)>,
}

impl HmacSigner {
    /// A signer with these secrets, newest first; `None` without any.
    #[must_use]
    pub fn new<S: AsRef<[u8]>>(secrets: &[S]) -> Option<Self> {
        let keys: Vec<_> = secrets.iter().map(|secret| named(secret.as_ref())).collect();
        (!keys.is_empty()).then_some(Self { keys })
    }
}

fn named(secret: &[u8]) -> (String, Key) {
    let key = Key::new(HMAC_SHA256, secret);
    let id = hex::encode(&sign(&key, KEY_ID_LABEL).as_ref()[..KEY_ID_BYTES]);
    (id, key)
}

impl UrlSigner for HmacSigner {
    fn sign(&self, message: &[u8]) -> UrlSignature {
        // There is at least one: see `new`.
        let (key_id, key) = &self.keys[0];
        UrlSignature { key_id: key_id.clone(), mac: sign(key, message).as_ref().to_vec() }
    }

    fn verify(&self, message: &[u8], signature: &UrlSignature) -> bool {
        let known = self.keys.iter().find(|(id, _)| *id == signature.key_id);
        known.is_some_and(|(_, key)| verify(key, message, &signature.mac).is_ok())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OLD: &str = "an old secret of at least 32 characters";
    const NEW: &str = "a new secret of at least 32 characters!";

    #[test]
    fn a_signature_holds_for_its_message_only() {
        let signer = HmacSigner::new(&[NEW]).unwrap();
        let signature = signer.sign(b"message");
        assert!(signer.verify(b"message", &signature));
        assert!(!signer.verify(b"massage", &signature));
        let cut = UrlSignature { mac: signature.mac[..31].to_vec(), ..signature };
        assert!(!signer.verify(b"message", &cut));
    }

    #[test]
    fn urls_signed_with_an_older_key_work_while_it_is_listed() {
        let signature = HmacSigner::new(&[OLD]).unwrap().sign(b"message");
        assert!(HmacSigner::new(&[NEW, OLD]).unwrap().verify(b"message", &signature));
        assert!(!HmacSigner::new(&[NEW]).unwrap().verify(b"message", &signature));
    }

    #[test]
    fn the_first_key_signs() {
        let both = HmacSigner::new(&[NEW, OLD]).unwrap();
        assert_eq!(both.sign(b"m"), HmacSigner::new(&[NEW]).unwrap().sign(b"m"));
        assert!(HmacSigner::new::<&str>(&[]).is_none());
    }
}
