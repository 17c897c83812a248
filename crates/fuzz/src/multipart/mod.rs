//! The body of `POST /v1/transfers`.

mod people;
mod ports;
mod rows;
mod store;
mod world;

use agentdrop_api::fuzzing::Refusal;
use agentdrop_domain::idempotency::{Answer, Answered};
use agentdrop_domain::transfer::{MAX_FILES, MAX_MAX_DOWNLOADS, MAX_MESSAGE_CHARS, Transfer};
use bytes::Bytes;

use crate::input::{Input, expanded};
use world::{LARGEST_FILE, World};

/// The longest body that is also sent in small pieces, in bytes.
const DIVIDED: usize = 16 << 10;
/// How large the pieces of others are, in bytes.
const LARGE_PIECE: usize = 16 << 10;

/// How large the pieces are in which the body arrives, a byte, then the `Content-Type`, a line, then the body (with
/// repetitions). It is sent twice under one idempotency key, first whole and then in these pieces.
///
/// Either there is a transfer of files that stand in the body byte for byte, within all limits, and the second time
/// the very answer of the first; or both are refused alike, for a reason that lies with the client, and nothing
/// is kept.
pub fn multipart(data: &[u8]) -> bool {
    let mut input = Input(data);
    let piece = usize::from(input.byte()) + 1;
    let content_type = input.until(b'\n');
    let body = expanded(input.0);
    let world = World::new();
    let whole = pieces(&body, LARGE_PIECE.max(if body.len() <= DIVIDED { body.len() } else { 0 }));
    let first = world.send(content_type, whole);
    check(&world, &first, &body);
    let second =
        world.send(content_type, pieces(&body, if body.len() <= DIVIDED { piece } else { LARGE_PIECE }));
    check(&world, &second, &body);
    assert_eq!(outcome(&first), outcome(&second));
    match (first, second) {
        (Ok(Answered::Now(_)), Ok(Answered::Before(_))) => true,
        (Err(_), Err(_)) => false,
        other => panic!("{other:?}"),
    }
}

fn pieces(body: &[u8], size: usize) -> Vec<Bytes> {
    body.chunks(size.max(1)).map(Bytes::copy_from_slice).collect()
}

fn outcome(answered: &Result<Answered, Refusal>) -> Result<&Answer, &Refusal> {
    answered.as_ref().map(|(Answered::Now(answer) | Answered::Before(answer))| answer)
}

fn check(world: &World, answered: &Result<Answered, Refusal>, body: &[u8]) {
    let kept = world.kept();
    assert_eq!(kept.uploads, 0);
    match answered {
        Err(Refusal { status, code }) => {
            assert!(matches!(status, 400 | 403 | 413 | 415), "{status} {code}");
            assert_eq!((kept.objects.len(), kept.transfers.len(), kept.is_key_used), (0, 0, false), "{code}");
        }
        Ok(_) => {
            let [transfer] = kept.transfers.as_slice() else { panic!("{} transfers", kept.transfers.len()) };
            check_limits(transfer);
            assert_eq!(kept.objects.len(), transfer.files.len());
            for file in &transfer.files {
                let Some(bytes) = kept.objects.get(&file.object_key) else {
                    panic!("{} has no bytes", file.name)
                };
                assert_eq!(bytes.len() as u64, file.size);
                assert_eq!(file.sha256, Some(store::sha256(bytes)));
                assert!(bytes.is_empty() || body.len() > DIVIDED || contains(body, bytes));
            }
            assert!(transfer.total_size <= body.len() as u64);
        }
    }
}

fn check_limits(transfer: &Transfer) {
    assert!((1..=MAX_FILES).contains(&transfer.files.len()));
    let mut names: Vec<&str> = transfer.files.iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), transfer.files.len(), "names of their own");
    assert_eq!(transfer.total_size, transfer.files.iter().map(|file| file.size).sum::<u64>());
    for file in &transfer.files {
        assert!(file.size <= LARGEST_FILE);
        assert!((1..=255).contains(&file.content_type.len()));
        assert!(file.content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
    assert!(transfer.message.as_ref().is_none_or(|text| text.chars().count() <= MAX_MESSAGE_CHARS));
    assert!((1..=MAX_MAX_DOWNLOADS).contains(&transfer.max_downloads));
    assert!(transfer.expires_at > transfer.created_at);
}

fn contains(body: &[u8], bytes: &[u8]) -> bool {
    body.windows(bytes.len()).any(|window| window == bytes)
}
