//! The file key is derived by both agents from their long-term keys and the transfer's salt: nothing is
//! wrapped.
//!
//! A stored file is ciphertext and tag; its nonce travels beside it. There is no forward secrecy: whoever
//! gets one of the two long-term keys can derive every transfer's key.

use crate::{Error, FileKey, PublicKey, Salt, SecretKey};

const INFO: &[u8] = b"agentdrop-transfer-v1";

/// The transfer's key, the same from both sides: `(sender's secret, recipient's public)` or the reverse.
///
/// # Errors
/// [`Error::WeakPublicKey`].
pub fn derive(mine: &SecretKey, theirs: &PublicKey, salt: &Salt) -> Result<FileKey, Error> {
    mine.derive(theirs, Some(salt), INFO)
}
