use std::io::{self, ErrorKind, Read, Write};
use std::mem;

use crate::gcm::{Sealer, TAG_LEN, Tag};
use crate::{Error, FileKey, Nonce};

const BUFFER_LEN: usize = 64 * 1024;

/// Reads a file's sealed form (ciphertext, then tag) from a reader of its plaintext. It encrypts in the
/// caller's buffer and keeps nothing but the cipher's state, so memory does not grow with the file.
///
/// After an error (other than `Interrupted` and `WouldBlock`, which lose nothing) every further read fails:
/// what came before the error can never be taken for the whole file.
pub struct SealingReader<R> {
    plaintext: R,
    stage: Stage,
}

enum Stage {
    Body(Box<Sealer>),
    Tag { tag: Tag, sent: usize },
    Failed,
}

impl<R: Read> SealingReader<R> {
    /// Seals what `plaintext` gives up to its end. `nonce` must be new under `key`.
    pub fn new(plaintext: R, key: &FileKey, nonce: &Nonce) -> Self {
        Self { plaintext, stage: Stage::Body(Box::new(Sealer::new(key, nonce))) }
    }

    fn read_body(&mut self, mut sealer: Box<Sealer>, out: &mut [u8]) -> io::Result<usize> {
        match self.plaintext.read(out) {
            Ok(0) => self.read_tag(sealer.finish()?, 0, out),
            Ok(n) => {
                sealer.update(&mut out[..n])?;
                self.stage = Stage::Body(sealer);
                Ok(n)
            }
            Err(error) => {
                if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) {
                    self.stage = Stage::Body(sealer);
                }
                Err(error)
            }
        }
    }

    fn read_tag(&mut self, tag: Tag, sent: usize, out: &mut [u8]) -> io::Result<usize> {
        let n = out.len().min(TAG_LEN - sent);
        out[..n].copy_from_slice(&tag[sent..][..n]);
        self.stage = Stage::Tag { tag, sent: sent + n };
        Ok(n)
    }
}

impl<R: Read> Read for SealingReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        // Only success puts another stage in place of this one.
        match mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Body(sealer) => self.read_body(sealer, out),
            Stage::Tag { tag, sent } => self.read_tag(tag, sent, out),
            Stage::Failed => Err(io::Error::other("sealing failed before; start the file again")),
        }
    }
}

/// Seals everything `plaintext` gives into `sealed`: ciphertext, then tag. `nonce` must be new under `key`.
/// Gives the number of bytes written. `sealed` is not flushed.
///
/// # Errors
/// [`Error::Io`] from either side, [`Error::PlaintextTooLarge`]. What was written by then is worthless.
pub fn seal_reader_to_writer(
    mut plaintext: impl Read,
    mut sealed: impl Write,
    key: &FileKey,
    nonce: &Nonce,
) -> Result<u64, Error> {
    let mut sealer = Sealer::new(key, nonce);
    let mut buffer = vec![0; BUFFER_LEN];
    let mut written = TAG_LEN as u64;
    loop {
        let n = match plaintext.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io("reading the plaintext")(error)),
        };
        sealer.update(&mut buffer[..n])?;
        sealed.write_all(&buffer[..n]).map_err(Error::io("writing the ciphertext"))?;
        written += n as u64;
    }
    sealed.write_all(&sealer.finish()?).map_err(Error::io("writing the ciphertext"))?;
    Ok(written)
}
