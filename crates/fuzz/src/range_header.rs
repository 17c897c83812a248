//! `Range` and `If-Range` of a download.

use agentdrop_api::fuzzing::{Head, file_head};
use agentdrop_domain::transfer::FileName;

use crate::file::{file, only};
use crate::input::Input;

/// Three lines: the file's size in digits, a `Range`, an `If-Range` in which `@` stands for the file's `ETag`.
/// An empty line is no header.
///
/// The answer is the whole file, one range that lies within it, or 416; a range as RFC 9110 writes it is answered
/// exactly, and with another `If-Range` than the `ETag` the whole file is.
pub fn range_header(data: &[u8]) -> bool {
    let mut input = Input(data);
    let Some(size) = digits(input.until(b'\n')) else { return false };
    let range = Some(input.until(b'\n')).filter(|line| !line.is_empty());
    let if_range = Some(input.0).filter(|line| !line.is_empty()).map(with_etag);
    let Ok(name) = FileName::try_from("report.pdf") else { unreachable!("a good name") };
    let Some(head) = file_head(&file(name, size), range, if_range.as_deref()) else { return false };
    let same_file = if_range.is_none_or(|tag| tag == etag().as_bytes());
    check_shape(&head, size);
    match range.filter(|_| same_file) {
        None => assert_eq!(head.status, 200),
        Some(range) => check_exact(&head, range, size),
    }
    head.status == 206
}

fn etag() -> String {
    format!("\"{}\"", "07".repeat(32))
}

fn with_etag(line: &[u8]) -> Vec<u8> {
    let tag = etag();
    line.iter()
        .flat_map(|byte| if *byte == b'@' { tag.as_bytes() } else { std::slice::from_ref(byte) })
        .copied()
        .collect()
}

fn digits(text: &[u8]) -> Option<u64> {
    let all_digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| all_digits)?.parse().ok()
}

/// The first and the last byte that a 206 says it has.
fn range_of(head: &Head, size: u64) -> Option<(u64, u64)> {
    let text = only(&head.headers, "content-range")?;
    let (first, last) = text.strip_prefix("bytes ")?.strip_suffix(&format!("/{size}"))?.split_once('-')?;
    Some((digits(first.as_bytes())?, digits(last.as_bytes())?))
}

fn check_shape(head: &Head, size: u64) {
    let header = |name| only(&head.headers, name);
    match head.status {
        200 => {
            assert_eq!(head.length, Some(size));
            assert_eq!(header("content-range"), None);
        }
        206 => {
            let Some((first, last)) = range_of(head, size) else { panic!("no range in {head:?}") };
            assert!(first <= last && last < size, "{first}-{last} of {size}");
            assert_eq!(head.length, Some(last - first + 1));
        }
        416 => {
            assert_eq!(header("content-range"), Some(format!("bytes */{size}").as_str()));
            return;
        }
        other => panic!("an answer with status {other}"),
    }
    assert_eq!(header("etag"), Some(etag().as_str()));
    assert_eq!(header("accept-ranges"), Some("bytes"));
    assert_eq!(header("content-type"), Some("application/octet-stream"));
    assert_eq!(header("content-security-policy"), Some("default-src 'none'; sandbox"));
    assert_eq!(header("content-disposition"), Some("attachment; filename=\"report.pdf\""));
}

/// A single range in plain digits has one right answer (RFC 9110, 14.1.2).
fn check_exact(head: &Head, range: &[u8], size: u64) {
    let Some(spec) = range.strip_prefix(b"bytes=") else { return };
    let mut input = Input(spec);
    let (first, last) = (input.until(b'-'), input.0);
    if !spec.contains(&b'-') {
        return;
    }
    let right = match (digits(first), digits(last)) {
        // The last one before the first: no range at all, or one that can't be had.
        (Some(first), Some(last)) if last < first => return assert_ne!(head.status, 206),
        (Some(first), Some(last)) => (first < size).then(|| (first, last.min(size - 1))),
        (Some(first), None) if last.is_empty() => (first < size).then(|| (first, size - 1)),
        (None, Some(count)) if first.is_empty() => {
            (count > 0 && size > 0).then(|| (size.saturating_sub(count), size - 1))
        }
        _ => return,
    };
    assert_eq!(head.status, if right.is_some() { 206 } else { 416 }, "{:?} of {size}", range.escape_ascii());
    if head.status == 206 {
        assert_eq!(range_of(head, size), right);
    }
}
