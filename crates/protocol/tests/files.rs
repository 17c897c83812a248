//! Sealed files: nothing appears under the destination's name before the tag has verified, and nothing
//! remains when it does not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use agentdrop_protocol::{
    Error, FileKey, FileOpener, Nonce, SealingReader, TAG_LEN, a2h, open_to_file, seal_bytes,
    seal_reader_to_writer,
};
use tempfile::TempDir;

/// More than two of the crate's buffers, and no multiple of anything.
const LEN: usize = 150_001;

struct Sealed {
    folder: TempDir,
    plaintext: Vec<u8>,
    bytes: Vec<u8>,
}

fn key() -> FileKey {
    FileKey::from_bytes([0x31; 32])
}

fn nonce() -> Nonce {
    Nonce::from_bytes([0x13; 12])
}

fn sealed(len: usize) -> Sealed {
    let plaintext: Vec<u8> = (0..len).map(|i| (i * 17 + (i >> 8)) as u8).collect();
    let bytes = seal_bytes(&plaintext, &key(), &nonce()).unwrap();
    Sealed { folder: tempfile::tempdir().unwrap(), plaintext, bytes }
}

impl Sealed {
    fn destination(&self) -> PathBuf {
        self.folder.path().join("report.pdf")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// A reader that gives its pieces one by one: bytes, or an error.
struct Script(Vec<Result<Vec<u8>, ErrorKind>>);

impl Read for Script {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let piece = self.0.remove(0).map_err(io::Error::from)?;
        out[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

#[test]
fn pushed_pieces_of_any_length_open() {
    for len in [0, 1, 15, 16, 17, 64 * 1024 - 16, 64 * 1024, 64 * 1024 + 1, LEN] {
        for piece in [7, 16, 4096, 64 * 1024, usize::MAX] {
            let sealed = sealed(len);
            let mut opener = FileOpener::create(sealed.destination(), &key(), &nonce()).unwrap();
            for piece in sealed.bytes.chunks(piece) {
                opener = opener.push(piece).unwrap();
            }
            assert_eq!(opener.finish().unwrap(), len as u64);
            assert_eq!(fs::read(sealed.destination()).unwrap(), sealed.plaintext);
            assert_eq!(sealed.names(), ["report.pdf"]);
        }
    }
}

#[test]
fn the_file_has_no_name_before_the_end() {
    let sealed = sealed(LEN);
    let mut opener = FileOpener::create(sealed.destination(), &key(), &nonce()).unwrap();
    opener = opener.push(&sealed.bytes).unwrap();
    let names = sealed.names();
    assert!(matches!(&names[..], [name] if name.starts_with(".agentdrop-") && name.ends_with(".part")));
    opener.finish().unwrap();
    assert_eq!(sealed.names(), ["report.pdf"]);
}

#[test]
fn an_abandoned_file_leaves_nothing() {
    let sealed = sealed(LEN);
    let opener = FileOpener::create(sealed.destination(), &key(), &nonce()).unwrap();
    drop(opener.push(&sealed.bytes).unwrap());
    assert!(sealed.names().is_empty());
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let sealed = sealed(10);
    open_to_file(&sealed.bytes[..], sealed.destination(), &key(), &nonce()).unwrap();
    let mode = fs::metadata(sealed.destination()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn changed_or_incomplete_files_leave_nothing() {
    let original = sealed(LEN);
    let mut cases = Vec::new();
    for at in [0, 1, LEN / 2, LEN - 1, LEN, LEN + TAG_LEN - 1] {
        let mut changed = original.bytes.clone();
        changed[at] ^= 0x40;
        cases.push((format!("bit at {at}"), changed));
    }
    for len in [0, 1, TAG_LEN - 1, TAG_LEN, TAG_LEN + 1, LEN, LEN + TAG_LEN - 1] {
        cases.push((format!("cut to {len}"), original.bytes[..len].to_vec()));
    }
    cases.push(("a byte more".to_owned(), [&original.bytes[..], b"x"].concat()));
    for (case, bytes) in cases {
        let refused = open_to_file(&bytes[..], original.destination(), &key(), &nonce());
        assert!(matches!(refused, Err(Error::Authentication)), "{case}: {refused:?}");
        assert!(original.names().is_empty(), "{case}");
    }
}

#[test]
fn wrong_key_or_nonce_leave_nothing() {
    let sealed = sealed(LEN);
    let (other_key, other_nonce) = (FileKey::from_bytes([0x32; 32]), Nonce::from_bytes([0x14; 12]));
    for (key, nonce) in [(&other_key, &nonce()), (&key(), &other_nonce)] {
        let refused = open_to_file(&sealed.bytes[..], sealed.destination(), key, nonce);
        assert!(matches!(refused, Err(Error::Authentication)));
        assert!(sealed.names().is_empty());
    }
}

#[test]
fn a_reader_that_fails_leaves_nothing() {
    let sealed = sealed(1000);
    let (front, back) = sealed.bytes.split_at(500);
    let script = vec![Ok(front.to_vec()), Err(ErrorKind::ConnectionReset), Ok(back.to_vec())];
    let refused = open_to_file(Script(script), sealed.destination(), &key(), &nonce());
    assert!(matches!(refused, Err(Error::Io { source, .. }) if source.kind() == ErrorKind::ConnectionReset));
    assert!(sealed.names().is_empty());
}

#[test]
fn an_interrupted_read_is_repeated() {
    let sealed = sealed(1000);
    let (front, back) = sealed.bytes.split_at(500);
    let script = || {
        vec![Err(ErrorKind::Interrupted), Ok(front.to_vec()), Err(ErrorKind::Interrupted), Ok(back.to_vec())]
    };
    open_to_file(Script(script()), sealed.destination(), &key(), &nonce()).unwrap();
    assert_eq!(fs::read(sealed.destination()).unwrap(), sealed.plaintext);

    let mut twice = Vec::new();
    seal_reader_to_writer(Script(script()), &mut twice, &key(), &nonce()).unwrap();
    assert_eq!(twice, seal_bytes(&sealed.bytes, &key(), &nonce()).unwrap());
}

#[test]
fn an_existing_file_is_replaced_only_by_a_good_one() {
    let sealed = sealed(LEN);
    fs::write(sealed.destination(), "older").unwrap();
    let cut = &sealed.bytes[..LEN];
    open_to_file(cut, sealed.destination(), &key(), &nonce()).unwrap_err();
    assert_eq!(fs::read(sealed.destination()).unwrap(), b"older");
    open_to_file(&sealed.bytes[..], sealed.destination(), &key(), &nonce()).unwrap();
    assert_eq!(fs::read(sealed.destination()).unwrap(), sealed.plaintext);
    assert_eq!(sealed.names(), ["report.pdf"]);
}

#[test]
fn destinations_that_cannot_be_files_are_refused_at_once() {
    let sealed = sealed(10);
    let folder = sealed.folder.path();
    for path in [folder.join("missing").join("report.pdf"), folder.to_owned(), folder.join(".."), "/".into()]
    {
        let refused = FileOpener::create(&path, &key(), &nonce()).err();
        assert!(matches!(refused, Some(Error::Io { .. })), "{}", path.display());
    }
    assert!(sealed.names().is_empty());
}

#[test]
fn a2h_files_open_or_leave_nothing() {
    let sealed = sealed(LEN);
    let mut stored = Vec::new();
    a2h::seal(&sealed.plaintext[..], &key(), &nonce()).read_to_end(&mut stored).unwrap();
    assert_eq!(stored, [nonce().as_bytes(), &sealed.bytes[..]].concat());

    for len in [0, 11, 12, 27, 28, stored.len() - 1] {
        let refused = a2h::open_to_file(&stored[..len], sealed.destination(), &key());
        assert!(matches!(refused, Err(Error::Authentication)), "cut to {len}");
        assert!(sealed.names().is_empty());
    }
    assert_eq!(a2h::open_to_file(&stored[..], sealed.destination(), &key()).unwrap(), LEN as u64);
    assert_eq!(fs::read(sealed.destination()).unwrap(), sealed.plaintext);
}

#[test]
fn the_sealing_reader_serves_small_buffers() {
    let expected = sealed(100);
    for size in [1, 3, 16, 17] {
        let mut reader = SealingReader::new(&expected.plaintext[..], &key(), &nonce());
        let mut got: Vec<u8> = Vec::new();
        let mut buffer = vec![0; size];
        assert_eq!(reader.read(&mut []).unwrap(), 0, "no room is not the end");
        loop {
            match reader.read(&mut buffer).unwrap() {
                0 => break,
                n => got.extend(&buffer[..n]),
            }
        }
        assert_eq!(got, expected.bytes);
        assert_eq!(reader.read(&mut buffer).unwrap(), 0, "the end stays the end");
    }
}

#[test]
fn the_sealing_reader_seals_no_broken_file() {
    let script = vec![Ok(vec![1; 10]), Err(ErrorKind::Interrupted), Err(ErrorKind::ConnectionReset)];
    let mut reader = SealingReader::new(Script(script), &key(), &nonce());
    let mut buffer = [0; 64];
    assert_eq!(reader.read(&mut buffer).unwrap(), 10);
    assert_eq!(reader.read(&mut buffer).unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(reader.read(&mut buffer).unwrap_err().kind(), ErrorKind::ConnectionReset);
    // The script is at its end now: taken for the file's end, it would be given a valid tag.
    assert!(reader.read(&mut buffer).is_err());
}

#[test]
fn a_writer_that_fails_is_reported() {
    let full: &mut [u8] = &mut [0; 100];
    let refused = seal_reader_to_writer(&[0; 200][..], full, &key(), &nonce());
    assert!(matches!(refused, Err(Error::Io { action: "writing the ciphertext", .. })));
}
