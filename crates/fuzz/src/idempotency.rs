//! `Idempotency-Key`, and when two requests are the same.

use std::sync::Mutex;

use agentdrop_adapters::sealer::TokenSealer;
use agentdrop_api::fuzzing::idempotency_key;
use agentdrop_domain::idempotency::{
    FormHasher, Hasher, IdempotencyKey, RecordName, RequestDigest, RequestHasher, Sealer, SealingKey, Target,
    Usage,
};
use agentdrop_domain::secret::Token;

use crate::file::id;
use crate::input::Input;

/// What divides two requests, and the pieces of one.
const REQUEST_END: u8 = 0x1e;
const PIECE_END: u8 = 0x1f;

/// Lines, each one value of the header; and, divided otherwise, two requests.
///
/// A key is taken exactly where one value of 1 to 255 characters without control characters is given, and
/// unchanged. Two requests have one digest, and two uses of keys one record, only where they are the same piece
/// by piece: nothing runs together.
pub fn idempotency(data: &[u8]) -> bool {
    let is_key = check_header(data);
    let mut input = Input(data);
    let (one, other) = (pieces(input.until(REQUEST_END)), pieces(input.0));
    check_digests(&one, &other);
    check_uses(&one, &other);
    is_key
}

fn check_header(data: &[u8]) -> bool {
    let values: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let Some(taken) = idempotency_key(&values) else { return false };
    let only = match values.as_slice() {
        [value] => std::str::from_utf8(value).ok(),
        _ => None,
    };
    let allowed =
        |text: &&str| (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let expected = only.filter(allowed);
    match (taken, expected) {
        (Ok(key), Some(text)) => assert_eq!(key.as_deref(), Some(text)),
        (Err(refusal), None) => assert_eq!((refusal.status, refusal.code), (400, "VALIDATION_ERROR")),
        (taken, expected) => panic!("{taken:?} instead of {expected:?}"),
    }
    expected.is_some()
}

fn pieces(request: &[u8]) -> Vec<&[u8]> {
    request.split(|byte| *byte == PIECE_END).collect()
}

fn check_digests(one: &[&[u8]], other: &[&[u8]]) {
    let sealer = TokenSealer::default();
    let plain = |pieces: &[&[u8]]| {
        pieces.iter().fold(RequestHasher::new(&sealer), |hasher, piece| hasher.with(piece)).finish()
    };
    assert_eq!(plain(one) == plain(other), one == other);
    let (one, other) = (Form::of(one), Form::of(other));
    assert_eq!(one.digest(&sealer) == other.digest(&sealer), one == other);
}

/// A form by its content: the fields in their order, and the files in theirs.
#[derive(Default, PartialEq, Eq)]
struct Form<'a> {
    fields: Vec<(&'a str, &'a str)>,
    files: Vec<(&'a str, &'a str, u64)>,
}

impl<'a> Form<'a> {
    /// Of pieces `name=value` and `/name=type`.
    fn of(pieces: &[&'a [u8]]) -> Self {
        let mut form = Self::default();
        for text in pieces.iter().filter_map(|piece| std::str::from_utf8(piece).ok()) {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            match name.strip_prefix('/') {
                Some(name) => form.files.push((name, value, text.len() as u64)),
                None => form.fields.push((name, value)),
            }
        }
        form
    }

    /// With all fields before the files, which must not count.
    fn digest(&self, sealer: &dyn Sealer) -> RequestDigest {
        let fields_first = self.digest_by(sealer, |form, hasher| {
            form.add_fields(hasher);
            form.add_files(hasher);
        });
        let files_first = self.digest_by(sealer, |form, hasher| {
            form.add_files(hasher);
            form.add_fields(hasher);
        });
        assert_eq!(fields_first, files_first);
        fields_first
    }

    fn digest_by(&self, sealer: &dyn Sealer, add: impl FnOnce(&Self, &mut FormHasher)) -> RequestDigest {
        let mut hasher = FormHasher::new(sealer, RequestHasher::new(sealer));
        add(self, &mut hasher);
        hasher.finish()
    }

    fn add_fields(&self, hasher: &mut FormHasher) {
        self.fields.iter().for_each(|(name, text)| hasher.field(name, text));
    }

    fn add_files(&self, hasher: &mut FormHasher) {
        self.files
            .iter()
            .for_each(|(name, content_type, size)| hasher.file(name, content_type, *size, &[1; 32]));
    }
}

fn check_uses(one: &[&[u8]], other: &[&[u8]]) {
    let uses = [one, other].map(used);
    if let [Some((parts, derived)), Some((other_parts, other_derived))] = uses {
        assert_eq!(derived == other_derived, parts == other_parts);
    }
}

/// What a record's name is derived from: a token and a context.
type Derived = (String, Vec<u8>);

/// Method, path, key and token, the first four pieces; and what the record's name is derived from.
fn used<'a>(pieces: &[&'a [u8]]) -> Option<([&'a str; 4], Derived)> {
    let [method, path, key, token, ..] = pieces else { return None };
    let [method, path, key, token] = [method, path, key, token].map(|piece| std::str::from_utf8(piece).ok());
    let (method, path, key, token) = (method?, path?, key?, token?);
    let sealer = Listening::default();
    let named = IdempotencyKey::try_from(key).ok()?;
    let _usage = Usage::of(&sealer, id(1), &Token::new(token.to_owned()), Target { method, path }, &named);
    let heard = sealer.0.into_inner().ok()?;
    Some(([method, path, key, token], heard?))
}

/// Hears what a record's name is derived from.
#[derive(Default)]
struct Listening(Mutex<Option<Derived>>);

impl Sealer for Listening {
    fn derive(&self, token: &Token, context: &[u8]) -> (RecordName, SealingKey) {
        if let Ok(mut heard) = self.0.lock() {
            *heard = Some((token.reveal().to_owned(), context.to_vec()));
        }
        (RecordName([0; 32]), SealingKey([0; 32]))
    }

    fn seal(&self, _: &SealingKey, _: &[u8], _: &[u8]) -> Vec<u8> {
        Vec::new()
    }

    fn open(&self, _: &SealingKey, _: &[u8], _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn hasher(&self) -> Box<dyn Hasher> {
        TokenSealer::default().hasher()
    }
}
