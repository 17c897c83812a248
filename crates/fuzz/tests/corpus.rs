//! Every input that is kept is tried by every test run, without the fuzzer.

#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The largest input that is kept, in bytes.
const LARGEST: u64 = 4 << 10;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Tries every input of a target; some must be accepted and some not, or the corpus misses what it is for.
fn replay(target: &str, run: fn(&[u8]) -> bool) {
    let mut accepted = BTreeSet::new();
    for input in entries(&folder().join(target)) {
        println!("{}", input.display());
        assert!(fs::metadata(&input).unwrap().len() <= LARGEST, "{} is large", input.display());
        accepted.insert(run(&fs::read(&input).unwrap()));
    }
    assert_eq!(accepted, BTreeSet::from([false, true]));
}

macro_rules! replays {
    ($($target:ident)*) => {
        const TARGETS: &[&str] = &[$(stringify!($target)),*];

        $(
            #[test]
            fn $target() {
                replay(stringify!($target), agentdrop_fuzz::$target);
            }
        )*
    };
}

replays! { file_name idempotency key_encoding multipart range_header signed_url unframed }

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let names = |folder: &Path| -> BTreeSet<String> {
        entries(folder).iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    let targets = TARGETS.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(names(&folder()), targets);
    assert_eq!(names(&folder().with_file_name("src").join("bin")), targets);
}

/// The workspace lists the crates that cargo takes without being told; one that is forgotten would go untested there.
#[test]
fn every_crate_but_this_is_a_default_member() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = fs::read_to_string(crates.with_file_name("Cargo.toml")).unwrap();
    for path in entries(crates) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(manifest.contains(&format!("    \"crates/{name}\",\n")), name != "fuzz", "{name}");
    }
}
