//! Where the files are.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::ids::IdGenerator;

use super::Durability;
use crate::ids::UuidGenerator;

/// The folder of what is still being written. No key can name it: keys have no dots.
pub(super) const INCOMING: &str = ".incoming";

#[derive(Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the store's own folders.
    pub fn create(&self) -> io::Result<()> {
        fs::create_dir_all(self.root.join(INCOMING))
    }

    /// Where an object is.
    pub fn object(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// The folder of a key's unfinished uploads, by which [`Layout::remove`] finds those of a killed process.
    pub fn incoming(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(INCOMING).join(key.as_str().replace('/', "."))
    }

    /// The folder of all unfinished uploads.
    pub fn incoming_root(&self) -> PathBuf {
        self.root.join(INCOMING)
    }

    /// The key whose unfinished uploads are in a folder of that name.
    pub fn key_of_incoming(name: &str) -> Option<ObjectKey> {
        ObjectKey::try_from(name.replace('.', "/")).ok()
    }

    /// Opens a new file for an upload; several of one key do not meet.
    pub fn begin(&self, key: &ObjectKey) -> io::Result<(File, PathBuf)> {
        let folder = self.incoming(key);
        let path = folder.join(UuidGenerator.uuid().to_string());
        loop {
            match fs::create_dir(&folder) {
                Ok(()) => {}
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
            match File::create_new(&path) {
                Ok(file) => return Ok((file, path)),
                // Another upload of this key ended just now and took its empty folder with it.
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Puts a written file in its object's place.
    pub fn publish(&self, written: &Path, key: &ObjectKey, durability: Durability) -> io::Result<()> {
        let object = self.object(key);
        self.make_folder(parent(&object))?;
        fs::rename(written, &object)?;
        if durability == Durability::Full
            && let Err(error) = self.sync_folders(&object)
        {
            // It may be gone after a power cut, so it must not look stored now.
            fs::remove_file(&object)?;
            return Err(error);
        }
        // Stored it is; a folder too many does no harm.
        let _ = remove_folder(parent(written));
        Ok(())
    }

    /// Removes an upload that came to nothing.
    pub fn abandon(&self, written: &Path) -> io::Result<()> {
        absent_is_fine(fs::remove_file(written))?;
        remove_folder(parent(written))
    }

    /// An object's size in bytes.
    pub fn size(&self, key: &ObjectKey) -> io::Result<Option<u64>> {
        self.check()?;
        match fs::metadata(self.object(key)) {
            Ok(about) => Ok(about.is_file().then_some(about.len())),
            Err(e) if is_absence(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Removes an object and its unfinished uploads.
    pub fn remove(&self, key: &ObjectKey, durability: Durability) -> io::Result<()> {
        self.check()?;
        absent_is_fine(fs::remove_dir_all(self.incoming(key)))?;
        let object = self.object(key);
        match fs::remove_file(&object) {
            Ok(()) if durability == Durability::Full => sync_folder(parent(&object)),
            // The folder of longer keys.
            Err(e) if e.kind() == ErrorKind::IsADirectory => Ok(()),
            result => absent_is_fine(result),
        }
    }

    /// An error if the root folder is gone, so that a vanished disk does not look like absent objects.
    pub fn check(&self) -> io::Result<()> {
        fs::metadata(self.root.join(INCOMING)).map(drop)
    }

    /// Whether the store can be written to.
    pub fn probe(&self) -> io::Result<()> {
        let path = self.root.join(INCOMING).join(format!(".probe-{}", UuidGenerator.uuid()));
        File::create_new(&path)?;
        fs::remove_file(path)
    }

    /// Makes a folder of objects, but not the root: if that is gone, a disk may be.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        self.check()?;
        fs::create_dir_all(folder)
    }

    /// Syncs every folder from an object's up to the root, since another upload may have made one of them just
    /// now. Where there is nothing to do this costs nothing.
    fn sync_folders(&self, object: &Path) -> io::Result<()> {
        object
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(&self.root))
            .try_for_each(sync_folder)
    }
}

/// The folder a file is in. The files here always have one.
fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes a folder unless something is in it.
fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir(folder) {
        Err(e) if e.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
        result => absent_is_fine(result),
    }
}

/// Whether an error says that a name is not there.
pub(super) fn is_absence(error: &io::Error) -> bool {
    // A file where the key has a folder: such an object is not there either.
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if is_absence(&e) => Ok(()),
        other => other,
    }
}
