//! Names of files, and the `Content-Disposition` that is made of them.

use std::path::{Component, Path};

use agentdrop_api::fuzzing::file_head;
use agentdrop_domain::transfer::FileName;

use crate::file::{file, only};

/// The whole input is a name.
///
/// Whatever is accepted is unchanged, names one entry of any folder, and cannot mislead a terminal; its
/// `Content-Disposition` is one line of the grammar of RFC 6266 that says the same name again.
pub fn file_name(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(name) = FileName::try_from(text) else { return false };
    assert_eq!(name.as_str(), text);
    assert!((1..=255).contains(&text.len()));
    assert!(!text.chars().any(char::is_control));
    check_joined(text);
    let Some(head) = file_head(&file(name, 1), None, None) else { panic!("no header was given") };
    let Some(value) = only(&head.headers, "content-disposition") else {
        panic!("no disposition in {head:?}")
    };
    assert_eq!(named(value).as_deref(), Some(text), "{value}");
    true
}

fn check_joined(text: &str) {
    let folder = Path::new("/srv/files");
    let joined = folder.join(text);
    assert_eq!(joined.parent(), Some(folder));
    assert_eq!(joined.components().next_back(), Some(Component::Normal(text.as_ref())));
    assert!(!text.contains(['/', '\\']));
}

/// The name that a client reads: `filename*` where there is one, else `filename`.
fn named(value: &str) -> Option<String> {
    let (plain, rest) = value.strip_prefix("attachment; filename=\"")?.split_once('"')?;
    // A quoted string without anything that would have to be escaped.
    if plain.contains('\\') {
        return None;
    }
    if rest.is_empty() {
        return Some(plain.to_owned());
    }
    String::from_utf8(decoded(rest.strip_prefix("; filename*=UTF-8''")?)?).ok()
}

/// The bytes of an `ext-value` (RFC 8187): `attr-char`s, and `%` with two hex digits for all others.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let (digits, tail) = tail.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        } else if first.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(first) {
            bytes.push(*first);
        } else {
            return None;
        }
    }
    Some(bytes)
}
