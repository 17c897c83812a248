//! What is odd about the configuration. What is wrong with it was found at loading.

use super::finding::Finding;
use super::installation::Installation;

pub async fn check(installation: &Installation<'_>) -> Vec<Finding> {
    let loaded = installation.loaded;
    if !loaded.warnings.is_empty() {
        return loaded.warnings.iter().map(Finding::remark).collect();
    }
    let from = loaded.file.as_ref().map_or("no file".to_owned(), |file| file.display().to_string());
    vec![Finding::ok(format!("sound, from {from} and the environment"))]
}
