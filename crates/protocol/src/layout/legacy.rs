//! One random file key for each transfer, wrapped for its recipient.
//!
//! The wrapping key comes from the sender's and the recipient's keys, without a salt. A stored file is
//! ciphertext and tag; its nonce travels beside it.

use crate::gcm::{NONCE_LEN, Tag, open_in_place, seal_bytes};
use crate::{Error, FileKey, Nonce, PublicKey, SecretKey, WrappedKey};

const INFO: &[u8] = b"agentdrop-file-transfer-v1";

/// Wraps `file_key` for `recipient`; the result goes into `encrypted_key`. `nonce` must be new for this pair
/// of keys.
///
/// # Errors
/// [`Error::WeakPublicKey`].
pub fn wrap(
    file_key: &FileKey,
    sender: &SecretKey,
    recipient: &PublicKey,
    nonce: &Nonce,
) -> Result<WrappedKey, Error> {
    let sealed = seal_bytes(file_key.as_bytes(), &sender.derive(recipient, None, INFO)?, nonce)?;
    let mut wrapped = [0; WrappedKey::LEN];
    let (front, back) = wrapped.split_at_mut(NONCE_LEN);
    front.copy_from_slice(nonce.as_bytes());
    back.copy_from_slice(&sealed);
    Ok(WrappedKey::from_bytes(wrapped))
}

/// Recovers the file key from `encrypted_key`; `sender` is the sender's public key.
///
/// # Errors
/// [`Error::Authentication`] if it was not wrapped by `sender` for `recipient`; [`Error::WeakPublicKey`].
pub fn unwrap(wrapped: &WrappedKey, recipient: &SecretKey, sender: &PublicKey) -> Result<FileKey, Error> {
    let wrapping_key = recipient.derive(sender, None, INFO)?;
    let mut nonce = [0; NONCE_LEN];
    let mut tag = Tag::default();
    FileKey::fill_with(|key| {
        let (front, rest) = wrapped.as_bytes().split_at(NONCE_LEN);
        let (ciphertext, back) = rest.split_at(FileKey::LEN);
        nonce.copy_from_slice(front);
        key.copy_from_slice(ciphertext);
        tag.copy_from_slice(back);
        open_in_place(key, &tag, &wrapping_key, &Nonce::from_bytes(nonce))
    })
}
