//! Where the files are.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use agentdrop_domain::blob::ObjectKey;
use uuid::Uuid;

use super::Durability;

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

    /// Opens a new file for an upload; several of one key do not meet.
    pub fn begin(&self, key: &ObjectKey) -> io::Result<(File, PathBuf)> {
        let folder = self.incoming(key);
        let path = folder.join(Uuid::new_v4().to_string());
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
        let folder = parent(&object);
        let made = self.make_folders(folder)?;
        fs::rename(written, &object)?;
        if durability == Durability::Full {
            for folder in made {
                sync_folder(&folder)?;
            }
            sync_folder(folder)?;
        }
        remove_folder(parent(written))
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
            result => absent_is_fine(result),
        }
    }

    /// An error if the root folder is gone, so that a vanished disk does not look like absent objects.
    pub fn check(&self) -> io::Result<()> {
        fs::metadata(self.root.join(INCOMING)).map(drop)
    }

    /// Whether the store can be written to.
    pub fn probe(&self) -> io::Result<()> {
        let path = self.root.join(INCOMING).join(format!(".probe-{}", Uuid::new_v4()));
        File::create_new(&path)?;
        fs::remove_file(path)
    }

    /// Makes a folder under the root; returns the folders that got a new entry, to be synced.
    fn make_folders(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        if folder.is_dir() {
            return Ok(Vec::new());
        }
        self.check()?;
        let above = folder.ancestors().skip(1).take_while(|f| f.starts_with(&self.root));
        let above = above.map(Path::to_owned).collect();
        fs::create_dir_all(folder)?;
        Ok(above)
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
