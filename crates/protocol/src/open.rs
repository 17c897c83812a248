use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::gcm::{Opener, TAG_LEN};
use crate::{Error, FileKey, Nonce};

const BUFFER_LEN: usize = 64 * 1024;

/// Decrypts a sealed file (ciphertext, then tag) that is pushed piece by piece, into a file that appears at
/// its path only when the tag has verified.
///
/// Until then the plaintext lies in a temporary file in the same folder (`.agentdrop-….part`, readable by its
/// owner only), which is removed when this value is dropped; only a process that is killed leaves it behind.
/// [`FileOpener::finish`] writes it through to the disk and renames it, replacing a file of that name.
///
/// Calls block on the file system.
#[must_use = "nothing appears at the path before finish"]
pub struct FileOpener {
    opener: Opener,
    part: NamedTempFile,
    path: PathBuf,
    /// Ciphertext not decrypted yet: its last bytes may turn out to be the tag.
    buffer: Box<[u8]>,
    buffered: usize,
    written: u64,
}

impl FileOpener {
    /// Prepares the temporary file beside `path`.
    ///
    /// # Errors
    /// [`Error::Io`] if `path` names no file, or its folder is missing or not writable.
    pub fn create(path: impl Into<PathBuf>, key: &FileKey, nonce: &Nonce) -> Result<Self, Error> {
        let path = path.into();
        let part = tempfile::Builder::new()
            .prefix(".agentdrop-")
            .suffix(".part")
            .tempfile_in(folder_of(&path)?)
            .map_err(Error::io("creating the temporary file"))?;
        Ok(Self {
            opener: Opener::new(key, nonce),
            part,
            path,
            buffer: vec![0; BUFFER_LEN].into_boxed_slice(),
            buffered: 0,
            written: 0,
        })
    }

    /// Takes the next piece of the sealed file, of any length. An error ends the attempt and removes the
    /// temporary file, hence by value.
    ///
    /// # Errors
    /// [`Error::Io`] from the file system, [`Error::PlaintextTooLarge`].
    pub fn push(mut self, mut sealed: &[u8]) -> Result<Self, Error> {
        while !sealed.is_empty() {
            let space = self.space()?;
            let (now, later) = sealed.split_at(space.len().min(sealed.len()));
            space[..now.len()].copy_from_slice(now);
            self.buffered += now.len();
            sealed = later;
        }
        Ok(self)
    }

    /// Verifies the tag and gives the file its name. Gives the plaintext's length in bytes.
    ///
    /// # Errors
    /// [`Error::Authentication`] if the sealed file is not what was sealed under this key and nonce, or is
    /// not complete; [`Error::Io`] from the file system. Nothing remains then.
    pub fn finish(mut self) -> Result<u64, Error> {
        self.decrypt_all_but_tag()?;
        let tag = self.buffer[..self.buffered].try_into().map_err(|_| Error::Authentication)?;
        self.opener.finish(&tag)?;
        self.part.as_file().sync_all().map_err(Error::io("writing the plaintext through to the disk"))?;
        self.part.persist(&self.path).map_err(|refused| Error::io("naming the file")(refused.error))?;
        Ok(self.written)
    }

    /// Room in the buffer for at least one byte.
    fn space(&mut self) -> Result<&mut [u8], Error> {
        if self.buffered == self.buffer.len() {
            self.decrypt_all_but_tag()?;
        }
        Ok(&mut self.buffer[self.buffered..])
    }

    fn decrypt_all_but_tag(&mut self) -> Result<(), Error> {
        let len = self.buffered.saturating_sub(TAG_LEN);
        let data = &mut self.buffer[..len];
        self.opener.update(data)?;
        self.part.write_all(data).map_err(Error::io("writing the plaintext"))?;
        self.written += len as u64;
        self.buffer.copy_within(len..self.buffered, 0);
        self.buffered -= len;
        Ok(())
    }
}

/// Decrypts everything `sealed` gives (ciphertext, then tag) into the file `path`, as [`FileOpener`] does.
/// Gives the plaintext's length in bytes.
///
/// # Errors
/// [`Error::Authentication`] if it is not what was sealed under this key and nonce, or is not complete;
/// [`Error::Io`] from the reader or the file system; [`Error::PlaintextTooLarge`]. Nothing remains then.
pub fn open_to_file(
    mut sealed: impl Read,
    path: impl Into<PathBuf>,
    key: &FileKey,
    nonce: &Nonce,
) -> Result<u64, Error> {
    let mut file = FileOpener::create(path, key, nonce)?;
    loop {
        match sealed.read(file.space()?) {
            Ok(0) => return file.finish(),
            Ok(n) => file.buffered += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io("reading the ciphertext")(error)),
        }
    }
}

fn folder_of(path: &Path) -> Result<&Path, Error> {
    if path.file_name().is_none() || fs::metadata(path).is_ok_and(|existing| existing.is_dir()) {
        return Err(Error::io("creating the temporary file")(ErrorKind::IsADirectory.into()));
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => Ok(folder),
        _ => Ok(Path::new(".")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_temporary_file_lies_beside_the_destination() {
        assert_eq!(folder_of(Path::new("no-such-folder/report.pdf")).unwrap(), Path::new("no-such-folder"));
        assert_eq!(folder_of(Path::new("no-such-file")).unwrap(), Path::new("."));
        assert_eq!(folder_of(Path::new("/no-such-file")).unwrap(), Path::new("/"));
    }
}
