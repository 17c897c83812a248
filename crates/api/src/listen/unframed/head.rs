//! Which request heads are let through in another shape, and in which.

use httparse::{EMPTY_HEADER, Header, Request, Status};

/// The most bytes of a head that are held back.
pub const MAX_HEAD_BYTES: usize = 16 << 10;
/// The most headers of a head that is looked into, as many as the HTTP parser takes.
const MAX_HEADERS: usize = 96;
/// How the requests in question begin.
const BEGINNING: &[u8] = b"PUT /blobs/";

/// What the first bytes of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub enum Head {
    /// Not enough of them yet.
    Incomplete,
    /// For the HTTP parser, as they are.
    Ordinary,
    /// An upload with both framings.
    Unframed {
        /// The head with one of them, and with the announcement that the connection ends.
        head: Vec<u8>,
        /// How many bytes the head had.
        taken: usize,
        /// How many bytes of body follow.
        body: u64,
    },
}

/// Whether bytes may be the beginning of an upload.
pub fn may_be_upload(bytes: &[u8]) -> bool {
    let length = bytes.len().min(BEGINNING.len());
    bytes[..length] == BEGINNING[..length]
}

/// Looks at the first bytes of a connection.
pub fn look(bytes: &[u8]) -> Head {
    if !may_be_upload(bytes) {
        return Head::Ordinary;
    }
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(Status::Partial) if bytes.len() < MAX_HEAD_BYTES => Head::Incomplete,
        Ok(Status::Complete(taken)) if taken <= MAX_HEAD_BYTES => {
            unframed(&request, taken).unwrap_or(Head::Ordinary)
        }
        // Refusing what is no HTTP is the HTTP parser's affair.
        Ok(_) | Err(_) => Head::Ordinary,
    }
}

/// `None` for every shape but the one: HTTP/1.1, one length in digits, one `chunked`, nothing about the
/// connection but whether it is kept.
fn unframed(request: &Request<'_, '_>, taken: usize) -> Option<Head> {
    let headers: &[Header<'_>] = request.headers;
    let values = |name: &'static str| {
        headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|it| it.value)
    };
    let only = |name| {
        let mut values = values(name);
        values.next().filter(|_| values.next().is_none())
    };
    let is_ordinary_connection =
        |value: &[u8]| value.eq_ignore_ascii_case(b"keep-alive") || value.eq_ignore_ascii_case(b"close");
    let fits = request.version == Some(1)
        && only("transfer-encoding")?.eq_ignore_ascii_case(b"chunked")
        && values("connection").all(is_ordinary_connection)
        && values("upgrade").next().is_none();
    let body = length(only("content-length")?)?;
    fits.then_some(())?;
    Some(Head::Unframed { head: rewritten(request)?, taken, body })
}

fn length(digits: &[u8]) -> Option<u64> {
    // A sign would parse too.
    digits.iter().all(u8::is_ascii_digit).then(|| str::from_utf8(digits).ok()?.parse().ok())?
}

fn rewritten(request: &Request<'_, '_>) -> Option<Vec<u8>> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method?, request.path?).into_bytes();
    let dropped = |name: &str| {
        name.eq_ignore_ascii_case("transfer-encoding") || name.eq_ignore_ascii_case("connection")
    };
    for header in request.headers.iter().filter(|header| !dropped(header.name)) {
        for part in [header.name.as_bytes(), b": ", header.value, b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"Connection: close\r\n\r\n");
    Some(head)
}
