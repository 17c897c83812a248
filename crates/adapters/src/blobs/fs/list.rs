//! Listing the objects in the order of their keys.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use agentdrop_domain::blob::{BlobEntry, ObjectKey, UnfinishedEntry};

use super::layout::{Layout, is_absence};

/// Up to `limit` objects behind `after`.
pub(super) fn page(layout: &Layout, after: Option<&ObjectKey>, limit: usize) -> io::Result<Vec<BlobEntry>> {
    layout.check()?;
    let mut page = Page { after: after.map_or("", ObjectKey::as_str), limit, found: Vec::new() };
    page.visit(layout.root(), "")?;
    Ok(page.found)
}

/// Up to `limit` folders of unfinished uploads whose keys lie behind `after`.
pub(super) fn unfinished(
    layout: &Layout,
    after: Option<&ObjectKey>,
    limit: usize,
) -> io::Result<Vec<UnfinishedEntry>> {
    // The smallest keys, with one more than is wanted in memory at most.
    let mut found = BTreeMap::new();
    for folder in fs::read_dir(layout.incoming_root())? {
        let folder = folder?;
        let Some(key) = folder.file_name().to_str().and_then(Layout::key_of_incoming) else { continue };
        if after.is_some_and(|after| key <= *after) {
            continue;
        }
        match folder.metadata().and_then(|about| about.modified()) {
            Ok(begun) => found.insert(key, begun.into()),
            Err(e) if is_absence(&e) => continue,
            Err(e) => return Err(e),
        };
        if found.len() > limit {
            found.pop_last();
        }
    }
    Ok(found.into_iter().map(|(key, begun)| UnfinishedEntry { key, begun }).collect())
}

struct Page<'a> {
    after: &'a str,
    limit: usize,
    found: Vec<BlobEntry>,
}

impl Page<'_> {
    /// Adds what is in a folder, whose objects' keys begin with `prefix`.
    fn visit(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for name in self.names(folder, prefix)? {
            if self.found.len() == self.limit {
                break;
            }
            match name.strip_suffix('/') {
                Some(bare) => self.visit(&folder.join(bare), &format!("{prefix}{name}"))?,
                None => self.add(&folder.join(&name), format!("{prefix}{name}"))?,
            }
        }
        Ok(())
    }

    /// The names in a folder that can lie behind `after`, in the order of their keys: a folder's name ends in
    /// `/`, which sorts it where its objects' keys are.
    fn names(&self, folder: &Path, prefix: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            // Removed since it was seen.
            Err(e) if is_absence(&e) => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(mut name) = entry.file_name().into_string() else { continue };
            let is_folder = entry.file_type()?.is_dir();
            if is_folder {
                name.push('/');
            }
            let key = format!("{prefix}{name}");
            if key.as_str() > self.after || (is_folder && self.after.starts_with(&key)) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn add(&mut self, path: &Path, key: String) -> io::Result<()> {
        // Not ours: no object has such a name.
        let Ok(key) = ObjectKey::try_from(key) else { return Ok(()) };
        match fs::metadata(path) {
            Ok(about) => {
                self.found.push(BlobEntry { key, size: about.len(), modified: about.modified()?.into() });
                Ok(())
            }
            Err(e) if is_absence(&e) => Ok(()),
            Err(e) => Err(e),
        }
    }
}
