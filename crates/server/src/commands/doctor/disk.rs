//! Room in the data folder.

use std::io;
use std::path::Path;

use rustix::fs::{Access, access, statvfs};

use super::finding::Finding;
use super::installation::Installation;
use crate::config::{Config, Database, Storage};

/// Bytes that should be free.
const ENOUGH: u64 = 1 << 30;

pub async fn check(installation: &Installation<'_>) -> Vec<Finding> {
    let config = installation.config();
    if !is_used(config) {
        return vec![Finding::ok(
            "rows and files are kept on other machines; nothing grows on this one's disk",
        )];
    }
    let folder = &config.data_dir;
    vec![match folder.try_exists() {
        Ok(true) => room_in(folder),
        Ok(false) => not_yet(folder),
        Err(error) => unusable(folder, &error),
    }]
}

fn is_used(config: &Config) -> bool {
    matches!(config.database, Database::Sqlite(_)) || matches!(config.storage, Storage::Files(_))
}

/// Bytes that this user may still write to the file system of `folder`.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let about = statvfs(folder)?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

/// The room in a folder's file system.
pub fn room_in(folder: &Path) -> Finding {
    match free_bytes(folder) {
        Ok(free) => room(folder, free),
        Err(error) => unusable(folder, &error),
    }
}

fn room(folder: &Path, free: u64) -> Finding {
    let text = format!("{} free in {}", show_bytes(free), folder.display());
    if free >= ENOUGH {
        return Finding::ok(text);
    }
    Finding::warn(text, "make room, or move the data folder (AGENTDROP_DATA_DIR) to a larger disk")
}

/// The server makes the folder at its first start, if its user may.
fn not_yet(folder: &Path) -> Finding {
    let parent = std::path::absolute(folder)
        .and_then(|folder| existing_ancestor(&folder).ok_or_else(|| io::ErrorKind::NotFound.into()));
    match parent {
        Ok(parent) if access(&*parent, Access::WRITE_OK | Access::EXEC_OK).is_ok() => Finding::ok(format!(
            "{} is not there yet and can be made; {}",
            folder.display(),
            free_bytes(&parent)
                .map_or_else(|error| error.to_string(), |free| format!("{} free", show_bytes(free)))
        )),
        Ok(parent) => unusable(
            folder,
            &io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("this user can't make folders in {}", parent.display()),
            ),
        ),
        Err(error) => unusable(folder, &error),
    }
}

fn existing_ancestor(path: &Path) -> Option<std::path::PathBuf> {
    path.ancestors().skip(1).find(|ancestor| ancestor.is_dir()).map(Path::to_owned)
}

fn unusable(folder: &Path, error: &io::Error) -> Finding {
    Finding::fail(
        format!("the data folder {} can't be used: {error}", folder.display()),
        "give the server's user the right to it, or name another folder with AGENTDROP_DATA_DIR",
    )
}

/// Bytes for people, in units of 2^10.
pub fn show_bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];
    let unit = UNITS.into_iter().find(|(_, size)| bytes >= *size);
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    unit.map_or_else(
        || format!("{bytes} B"),
        |(name, size)| format!("{:.1} {name}", bytes as f64 / size as f64),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn less_than_a_gigabyte_is_little() {
        let folder = Path::new("data");
        assert_eq!(room(folder, ENOUGH).verdict(), Verdict::Ok);
        let little = room(folder, ENOUGH - 1);
        assert_eq!(little.verdict(), Verdict::Warn);
        assert!(little.line("disk").starts_with("warn  disk: 1024.0 MB free in data; "), "{little:?}");
    }

    #[test]
    fn a_folder_that_can_be_made_is_fine_and_stays_unmade() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        assert_eq!(not_yet(&folder).verdict(), Verdict::Ok);
        assert!(!parent.path().join("a").exists());
    }

    #[test]
    fn the_room_is_that_of_the_file_system() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).unwrap() > 0);
        assert!(free_bytes(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn bytes_are_shown_in_the_largest_fitting_unit() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KB"),
            (1536 << 10, "1.5 MB"),
            (39 << 30, "39.0 GB"),
            (2 << 40, "2.0 TB"),
        ] {
            assert_eq!(show_bytes(bytes), shown);
        }
    }
}
