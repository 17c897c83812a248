//! What somebody finds who takes the server's disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::DemoError;
use super::content::MARK;
use super::error::doing;

/// What is in the server's folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// How many files.
    pub files: usize,
    /// Sizes in bytes of the files that hold transferred bytes.
    pub stored: Vec<u64>,
}

/// Looks into every file of the server, the database's included.
///
/// # Errors
/// [`DemoError::InClear`] if one holds a line of what was sent.
pub fn search(data: &Path) -> Result<Contents, DemoError> {
    let mut contents = Contents::default();
    for path in files_below(data).map_err(doing("list the server's files"))? {
        let bytes = fs::read(&path).map_err(doing("read a file of the server"))?;
        if holds(&bytes, MARK.as_bytes()) {
            return Err(DemoError::InClear(path));
        }
        contents.files += 1;
        if path.starts_with(data.join("blobs")) {
            contents.stored.push(bytes.len() as u64);
        }
    }
    Ok(contents)
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let into = if entry.file_type()?.is_dir() { &mut folders } else { &mut files };
            into.push(entry.path());
        }
    }
    Ok(files)
}
