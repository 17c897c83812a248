#![allow(clippy::unwrap_used)]

use super::content::{MARK, write_file};
use super::receive::must_agree;
use super::server_disk::{Contents, search};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_exchange_is_told_and_leaves_nothing() {
    let mut out = Vec::new();
    demo(&mut out).await.unwrap();
    let story = String::from_utf8(out).unwrap();
    let folder = story.split_whitespace().find(|word| word.contains("agentdrop-demo-")).unwrap();
    assert!(!Path::new(folder).exists(), "{folder}");
    for told in
        ["the agents are paired", "compared figures.csv", "410 GONE", "compared appendix.csv", "Done in"]
    {
        assert!(story.contains(told), "{told} is missing in:\n{story}");
    }
}

#[test]
fn of_the_callers_settings_only_those_of_the_log_count() {
    let process = Environment::new([("AGENTDROP_LISTEN", "broken"), ("AGENTDROP_LOG_FORMAT", "json")]);
    let environment = environment(&process);
    assert_eq!(environment.names().collect::<Vec<_>>(), ["AGENTDROP_LOG", "AGENTDROP_LOG_FORMAT"]);
    assert_eq!(environment.get("AGENTDROP_LOG").unwrap(), "warn");
    let process = Environment::new([("AGENTDROP_LOG", "debug")]);
    assert_eq!(super::environment(&process).get("AGENTDROP_LOG").unwrap(), "debug");
}

#[test]
fn a_line_in_clear_is_found_wherever_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("blobs/objects");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("sealed"), [7; 100]).unwrap();
    std::fs::write(folder.path().join("database"), [7; 10]).unwrap();
    assert_eq!(search(folder.path()).unwrap(), Contents { files: 2, stored: vec![100] });
    let leak = folder.path().join("database-wal");
    std::fs::write(&leak, format!("\0\0{MARK}")).unwrap();
    assert!(matches!(search(folder.path()), Err(DemoError::InClear(path)) if path == leak));
}

#[test]
fn a_generated_file_is_as_large_as_asked_and_full_of_marks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    write_file(&path, 10_000).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!((10_000..10_100).contains(&text.len()));
    assert!(text.lines().all(|line| line.ends_with(MARK)));
}

#[test]
fn files_that_differ_in_one_bit_differ() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::write(&a, [1, 2, 3]).unwrap();
    std::fs::write(&b, [1, 2, 3]).unwrap();
    must_agree(&a, &b).unwrap();
    for other in [&[1, 2, 2][..], &[1, 2], &[1, 2, 3, 0]] {
        std::fs::write(&b, other).unwrap();
        assert!(matches!(must_agree(&a, &b), Err(DemoError::Differs { .. })));
    }
}
