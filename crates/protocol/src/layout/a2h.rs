//! Agent to human: the sender makes a key pair for the one transfer and sends its **public** half in the
//! field `encrypted_key`, beside the salt.
//!
//! A stored file begins with its nonce: nonce, ciphertext, tag.

use std::io::{Cursor, ErrorKind, Read};
use std::path::PathBuf;

use crate::gcm::{NONCE_LEN, sealed_len};
use crate::{Error, FileKey, Nonce, PublicKey, Salt, SealingReader, SecretKey};

const INFO: &[u8] = b"agentdrop-a2h-v1";

/// The sender's side: the transfer's key from a pair made for this transfer alone.
///
/// # Errors
/// [`Error::WeakPublicKey`].
pub fn derive_for_recipient(
    ephemeral: &SecretKey,
    recipient: &PublicKey,
    salt: &Salt,
) -> Result<FileKey, Error> {
    ephemeral.derive(recipient, Some(salt), INFO)
}

/// The recipient's side: the transfer's key from the public half that came with it.
///
/// # Errors
/// [`Error::WeakPublicKey`].
pub fn derive_from_sender(
    recipient: &SecretKey,
    ephemeral: &PublicKey,
    salt: &Salt,
) -> Result<FileKey, Error> {
    recipient.derive(ephemeral, Some(salt), INFO)
}

/// Length in bytes of the stored form of `plaintext_len` bytes.
///
/// # Errors
/// [`Error::PlaintextTooLarge`] above [`crate::MAX_PLAINTEXT_LEN`].
pub fn stored_len(plaintext_len: u64) -> Result<u64, Error> {
    Ok(NONCE_LEN as u64 + sealed_len(plaintext_len)?)
}

/// Reads the stored form of what `plaintext` gives up to its end, as [`SealingReader`] does. `nonce` must be
/// new under `key`.
pub fn seal<R: Read>(plaintext: R, key: &FileKey, nonce: &Nonce) -> impl Read + use<R> {
    Cursor::new(*nonce.as_bytes()).chain(SealingReader::new(plaintext, key, nonce))
}

/// Decrypts a stored form into the file `path`; see [`crate::open_to_file`], whose errors it shares.
///
/// # Errors
/// [`Error::Authentication`] if it is not what was sealed under this key, or is not complete; [`Error::Io`];
/// [`Error::PlaintextTooLarge`]. Nothing remains then.
pub fn open_to_file(mut stored: impl Read, path: impl Into<PathBuf>, key: &FileKey) -> Result<u64, Error> {
    let mut nonce = [0; NONCE_LEN];
    stored.read_exact(&mut nonce).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Error::Authentication,
        _ => Error::io("reading the ciphertext")(error),
    })?;
    crate::open_to_file(stored, path, key, &Nonce::from_bytes(nonce))
}
