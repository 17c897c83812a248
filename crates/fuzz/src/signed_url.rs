//! Signed URLs: a ticket as a query, and read again.

use agentdrop_adapters::signer::HmacSigner;
use agentdrop_api::fuzzing::{signed_query, ticket_of};
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::FileId;
use agentdrop_domain::transfer::{Right, Ticket};
use uuid::Uuid;

use crate::input::Input;

const OLD: &str = "an old secret of at least 32 characters";
const NEW: &str = "a new secret of at least 32 characters!";

/// A ticket in 49 bytes, the number of edits and the edits (place, kind, byte), then a text. The query that is
/// signed for the ticket is edited, and the text is put behind it; the text is also read as a query by itself.
///
/// What was signed is read as it was, for its file and under its keys alone. Whatever is read of an edited query
/// is the very ticket that was signed, and nothing is read of a text that nobody signed.
pub fn signed_url(data: &[u8]) -> bool {
    let mut input = Input(data);
    let Some(ticket) = ticket(&mut input) else { return false };
    let (old, new, both) = (signer(&[OLD]), signer(&[NEW]), signer(&[NEW, OLD]));
    let query = signed_query(&old, &ticket);
    for knows in [&old, &both] {
        assert_eq!(ticket_of(knows, &query, ticket.file), Some(ticket), "{query}");
    }
    assert_eq!(ticket_of(&new, &query, ticket.file), None);
    assert_eq!(ticket_of(&old, &signed_query(&both, &ticket), ticket.file), None, "the newest key signs");
    let other = FileId::from(Uuid::from_u128(ticket.file.uuid().as_u128() ^ 1));
    assert_eq!(ticket_of(&old, &query, other), None);
    let edited = edited(query, &mut input);
    let Ok(text) = std::str::from_utf8(input.0) else { return false };
    assert_eq!(ticket_of(&both, text, ticket.file), None, "{text}");
    let changed = [format!("{edited}{text}"), format!("{text}{edited}")];
    let read = changed.map(|query| (ticket_of(&both, &query, ticket.file), query));
    for (read, query) in &read {
        assert!(read.is_none_or(|read| read == ticket), "{query} opens {read:?} instead of {ticket:?}");
    }
    read.iter().any(|(read, _)| read.is_some())
}

fn signer(secrets: &[&str]) -> HmacSigner {
    let Some(signer) = HmacSigner::new(secrets) else { unreachable!("there are secrets") };
    signer
}

fn ticket(input: &mut Input<'_>) -> Option<Ticket> {
    let kind = input.byte();
    let (file, other) = (Uuid::from_bytes(input.array()), Uuid::from_bytes(input.array()));
    let size = u64::from_le_bytes(input.array());
    let (seconds, part) = (u32::from_le_bytes(input.array()), u32::from_le_bytes(input.array()));
    let right = match kind % 3 {
        0 => Right::Fetch(other.into()),
        1 => Right::Send(other.into(), None),
        // Parts are numbered from 1.
        _ => Right::Send(other.into(), Some(part.max(1))),
    };
    let expires_at = Timestamp::from_timestamp(seconds.into(), 0)?;
    Some(Ticket { file: file.into(), right, size, expires_at })
}

/// Replaces, inserts and removes single characters.
fn edited(query: String, input: &mut Input<'_>) -> String {
    let mut bytes = query.into_bytes();
    for _ in 0..input.byte() % 8 {
        let [place, kind, byte] = input.array();
        let at = usize::from(place) % (bytes.len() + 1);
        match kind % 3 {
            0 if at < bytes.len() => bytes[at] = byte & 0x7f,
            1 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.insert(at, byte & 0x7f),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
