//! AES-256-GCM in stream. The usual crates seal whole buffers only; this joins the same vendor's counter mode
//! and GHASH as SP 800-38D says, and the tests hold it against theirs.

#[cfg(test)]
mod tests;

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipher};
use ctr::{Ctr32BE, CtrCore, flavors};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::{Error, FileKey, Nonce};

/// Length of a [`Nonce`] in bytes.
pub(crate) const NONCE_LEN: usize = 12;

/// Length of a [`Tag`] in bytes.
pub const TAG_LEN: usize = 16;

/// The longest plaintext that AES-GCM takes under one nonce, in bytes: 2^36 − 32.
pub const MAX_PLAINTEXT_LEN: u64 = (1 << 36) - 32;

/// The authentication tag that ends a sealed file.
pub type Tag = [u8; TAG_LEN];

const BLOCK_LEN: usize = 16;

/// How much is enciphered before it is authenticated: a piece that stays in the first-level cache between
/// the two passes.
const PIECE_LEN: usize = 8 * 1024;

/// Length in bytes of the sealed form (ciphertext and tag) of `plaintext_len` bytes.
///
/// # Errors
/// [`Error::PlaintextTooLarge`] above [`MAX_PLAINTEXT_LEN`].
pub fn sealed_len(plaintext_len: u64) -> Result<u64, Error> {
    if plaintext_len > MAX_PLAINTEXT_LEN {
        return Err(Error::PlaintextTooLarge);
    }
    Ok(plaintext_len + TAG_LEN as u64)
}

/// Encrypts one file, pushed piece by piece.
///
/// ```
/// # use agentdrop_protocol::{FileKey, Nonce, Sealer, seal_bytes};
/// # let (key, nonce) = (FileKey::from_bytes([1; 32]), Nonce::from_bytes([2; 12]));
/// let mut sealer = Sealer::new(&key, &nonce);
/// let mut sealed = b"two pieces".to_vec();
/// let (first, second) = sealed.split_at_mut(3);
/// sealer.update(first)?;
/// sealer.update(second)?;
/// sealed.extend(sealer.finish()?);
/// assert_eq!(sealed, seal_bytes(b"two pieces", &key, &nonce)?);
/// # Ok::<(), agentdrop_protocol::Error>(())
/// ```
pub struct Sealer(Gcm);

impl Sealer {
    /// Begins a file. `nonce` must be new under `key`.
    pub fn new(key: &FileKey, nonce: &Nonce) -> Self {
        Self(Gcm::new(key, nonce))
    }

    /// Encrypts the next piece of the file in place. Pieces may have any length.
    ///
    /// # Errors
    /// [`Error::PlaintextTooLarge`] if the file exceeds [`MAX_PLAINTEXT_LEN`]; the piece is then left as it
    /// was, and [`Sealer::finish`] refuses too.
    pub fn update(&mut self, data: &mut [u8]) -> Result<(), Error> {
        self.0.count(data.len())?;
        for piece in data.chunks_mut(PIECE_LEN) {
            self.0.apply_keystream(piece)?;
            self.0.absorb(piece);
        }
        Ok(())
    }

    /// Ends the file and gives the tag that must follow its last byte.
    ///
    /// # Errors
    /// [`Error::PlaintextTooLarge`] if a piece was refused before.
    pub fn finish(self) -> Result<Tag, Error> {
        self.0.tag()
    }
}

/// Decrypts one file, pushed piece by piece. What [`Opener::update`] gives is not authenticated, and must not
/// leave this crate before [`Opener::finish`] has agreed.
pub(crate) struct Opener(Gcm);

impl Opener {
    pub(crate) fn new(key: &FileKey, nonce: &Nonce) -> Self {
        Self(Gcm::new(key, nonce))
    }

    pub(crate) fn update(&mut self, data: &mut [u8]) -> Result<(), Error> {
        self.0.count(data.len())?;
        for piece in data.chunks_mut(PIECE_LEN) {
            self.0.absorb(piece);
            self.0.apply_keystream(piece)?;
        }
        Ok(())
    }

    pub(crate) fn finish(self, tag: &Tag) -> Result<(), Error> {
        let expected = self.0.tag()?;
        if bool::from(expected.ct_eq(tag)) { Ok(()) } else { Err(Error::Authentication) }
    }
}

/// Seals something small in one go: ciphertext, then tag.
///
/// # Errors
/// [`Error::PlaintextTooLarge`] above [`MAX_PLAINTEXT_LEN`].
pub fn seal_bytes(plaintext: &[u8], key: &FileKey, nonce: &Nonce) -> Result<Vec<u8>, Error> {
    let mut sealed = Vec::with_capacity(plaintext.len().saturating_add(TAG_LEN));
    sealed.extend_from_slice(plaintext);
    let mut sealer = Sealer::new(key, nonce);
    sealer.update(&mut sealed)?;
    sealed.extend(sealer.finish()?);
    Ok(sealed)
}

/// Opens something small in one go; `sealed` is ciphertext, then tag.
///
/// # Errors
/// [`Error::Authentication`] if it is not what was sealed under this key and nonce.
pub fn open_bytes(sealed: &[u8], key: &FileKey, nonce: &Nonce) -> Result<Vec<u8>, Error> {
    let (ciphertext, tag) = sealed.split_last_chunk().ok_or(Error::Authentication)?;
    let mut plaintext = ciphertext.to_vec();
    open_in_place(&mut plaintext, tag, key, nonce)?;
    Ok(plaintext)
}

/// Turns ciphertext into plaintext where it lies, and wipes it if the tag does not verify.
pub(crate) fn open_in_place(data: &mut [u8], tag: &Tag, key: &FileKey, nonce: &Nonce) -> Result<(), Error> {
    let mut opener = Opener::new(key, nonce);
    let opened = opener.update(data).and_then(|()| opener.finish(tag));
    if opened.is_err() {
        data.zeroize();
    }
    opened
}

/// The state that both directions share: counter mode, GHASH over the ciphertext, and the length so far.
struct Gcm {
    keystream: Ctr32BE<Aes256>,
    ghash: GHash,
    /// The encrypted first counter block, which masks GHASH's result.
    tag_mask: Zeroizing<[u8; BLOCK_LEN]>,
    /// Ciphertext that does not fill a block yet.
    partial: [u8; BLOCK_LEN],
    partial_len: usize,
    /// Bytes so far; above [`MAX_PLAINTEXT_LEN`] for good once too many were offered.
    len: u64,
}

impl Gcm {
    fn new(key: &FileKey, nonce: &Nonce) -> Self {
        let cipher = Aes256::new(key.as_bytes().into());

        let mut hash_key = ghash::Key::default();
        cipher.encrypt_block(&mut hash_key);
        let ghash = GHash::new(&hash_key);
        hash_key.as_mut_slice().zeroize();

        let mut first_counter = [0; BLOCK_LEN];
        first_counter[..NONCE_LEN].copy_from_slice(nonce.as_bytes());
        first_counter[BLOCK_LEN - 1] = 1;
        let core = CtrCore::<_, flavors::Ctr32BE>::inner_iv_init(cipher, &first_counter.into());
        let mut keystream = Ctr32BE::from_core(core);
        let mut tag_mask = Zeroizing::new([0; BLOCK_LEN]);
        keystream.apply_keystream(tag_mask.as_mut_slice());

        Self { keystream, ghash, tag_mask, partial: [0; BLOCK_LEN], partial_len: 0, len: 0 }
    }

    fn count(&mut self, more: usize) -> Result<(), Error> {
        self.len = self.len.saturating_add(more as u64);
        self.check_len()
    }

    fn check_len(&self) -> Result<(), Error> {
        if self.len > MAX_PLAINTEXT_LEN { Err(Error::PlaintextTooLarge) } else { Ok(()) }
    }

    fn apply_keystream(&mut self, piece: &mut [u8]) -> Result<(), Error> {
        self.keystream.try_apply_keystream(piece).map_err(|_| Error::PlaintextTooLarge)
    }

    fn absorb(&mut self, ciphertext: &[u8]) {
        let missing = (BLOCK_LEN - self.partial_len) % BLOCK_LEN;
        let (head, rest) = ciphertext.split_at(missing.min(ciphertext.len()));
        self.keep(head);
        if self.partial_len == BLOCK_LEN {
            self.ghash.update_padded(&self.partial);
            self.partial_len = 0;
        }
        let (blocks, tail) = rest.split_at(rest.len() - rest.len() % BLOCK_LEN);
        self.ghash.update_padded(blocks);
        self.keep(tail);
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.partial[self.partial_len..][..bytes.len()].copy_from_slice(bytes);
        self.partial_len += bytes.len();
    }

    fn tag(mut self) -> Result<Tag, Error> {
        self.check_len()?;
        self.ghash.update_padded(&self.partial[..self.partial_len]);
        // Two lengths in bits: of the associated data, of which there is none, and of the ciphertext.
        let mut lengths = [0; BLOCK_LEN];
        lengths[8..].copy_from_slice(&(self.len * 8).to_be_bytes());
        self.ghash.update_padded(&lengths);

        let mut tag: Tag = self.ghash.finalize().into();
        for (byte, mask) in tag.iter_mut().zip(self.tag_mask.iter()) {
            *byte ^= mask;
        }
        Ok(tag)
    }
}
