use std::fmt;

use super::RecordName;
use crate::secret::Token;

/// What seals one answer. It is derived anew from the token at each use and kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey(pub [u8; 32]);

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// The cryptography behind stored answers.
pub trait Sealer: Send + Sync {
    /// What a token and a context come to: a name to store under and a key to seal with. Neither tells
    /// anything of the token, of the other, or of those in another context.
    fn derive(&self, token: &Token, context: &[u8]) -> (RecordName, SealingKey);
    /// Encrypts and authenticates. What comes out opens only under the same key, bound to the same bytes.
    fn seal(&self, key: &SealingKey, bound_to: &[u8], plain: &[u8]) -> Vec<u8>;
    /// Opens what was sealed; `None` if it was sealed otherwise or changed since.
    fn open(&self, key: &SealingKey, bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
    /// A fresh SHA-256.
    fn hasher(&self) -> Box<dyn Hasher>;
}

/// SHA-256 of bytes that come in pieces.
pub trait Hasher: Send + Sync {
    /// Takes the next bytes.
    fn update(&mut self, bytes: &[u8]);
    /// The digest of all of them.
    fn finish(self: Box<Self>) -> [u8; 32];
}
