//! A stored file, and how it is answered.

use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::transfer::{FileName, TransferFile};
use uuid::Uuid;

/// The id of that number.
pub fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

/// A file of that name and size, in bytes.
pub fn file(name: FileName, size: u64) -> TransferFile {
    TransferFile {
        id: id(61),
        name,
        size,
        content_type: "application/octet-stream".to_owned(),
        object_key: ObjectKey::of_upload(id(62)),
        sha256: Some([7; 32]),
        parts: 0,
        encryption_iv: None,
    }
}

/// The only value of a header, as text.
pub fn only<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a str> {
    let mut values = headers.iter().filter(|(given, _)| given == name);
    let (_, value) = values.next()?;
    assert!(values.next().is_none(), "{name} comes once");
    assert!(value.iter().all(|byte| (b' '..=b'~').contains(byte)), "{name} is printable ASCII: {value:?}");
    Some(std::str::from_utf8(value).unwrap_or_default())
}
