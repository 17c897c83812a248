//! The first bytes of a connection, where an upload with two framings is let through in another shape.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use agentdrop_api::fuzzing::{MAX_HEAD_BYTES, Unframed};
use tokio::io::{AsyncRead, ReadBuf};

use crate::input::{Input, expanded};

/// How large the parser's reads are and how large the pieces that arrive, a byte each, then the connection's bytes
/// (with repetitions).
///
/// The parser is shown these bytes and no others; or one head with one framing, made of theirs, `Connection: close`,
/// the bytes that it announces and nothing after them. No more is held back than a head may have.
pub fn unframed(data: &[u8]) -> bool {
    let mut input = Input(data);
    let (at_once, piece) = (32 * usize::from(input.byte()) + 1, usize::from(input.byte()) + 1);
    let sent = expanded(input.0);
    let shown = show(&sent, piece, at_once);
    assert!(shown.held_back < MAX_HEAD_BYTES + piece, "{} bytes were held back", shown.held_back);
    let is_rewritten = shown.bytes != sent || shown.stop != Stop::End;
    if is_rewritten {
        check_rewritten(&sent, &shown);
    }
    is_rewritten
}

/// How a stream stopped giving bytes.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    End,
    Silence,
}

/// What the parser gets.
struct Shown {
    bytes: Vec<u8>,
    stop: Stop,
    /// How many bytes were read before the first was shown.
    held_back: usize,
}

fn show(sent: &[u8], piece: usize, at_once: usize) -> Shown {
    let mut stream = Unframed::new(Pieces { rest: sent, piece });
    let mut cx = Context::from_waker(Waker::noop());
    let (mut bytes, mut space, mut held_back) = (Vec::new(), vec![0; at_once], 0);
    let stop = loop {
        let mut buf = ReadBuf::new(&mut space);
        match Pin::new(&mut stream).poll_read(&mut cx, &mut buf) {
            Poll::Pending => break Stop::Silence,
            Poll::Ready(outcome) => assert!(outcome.is_ok(), "{outcome:?}"),
        }
        if buf.filled().is_empty() {
            break Stop::End;
        }
        if bytes.is_empty() {
            held_back = sent.len() - stream.get_ref().rest.len();
        }
        bytes.extend_from_slice(buf.filled());
    };
    Shown { bytes, stop, held_back }
}

/// A connection whose reads give so many bytes at most, then its end.
struct Pieces<'a> {
    rest: &'a [u8],
    piece: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (read, rest) = self.rest.split_at(self.piece.min(self.rest.len()).min(buf.remaining()));
        buf.put_slice(read);
        self.rest = rest;
        Poll::Ready(Ok(()))
    }
}

fn check_rewritten(sent: &[u8], shown: &Shown) {
    assert!(sent.starts_with(b"PUT /blobs/"));
    let (Some(was), Some(is)) = (Head::of(sent), Head::of(&shown.bytes)) else { panic!("no whole head") };
    assert!(was.taken <= MAX_HEAD_BYTES);
    was.check_both_framings();
    let length = is.check_one_framing(&shown.bytes);
    assert_eq!(was.request, is.request);
    assert_eq!(was.kept(), is.kept());
    let body = &sent[was.taken..];
    let announced = body.len().min(usize::try_from(length).unwrap_or(usize::MAX));
    assert_eq!(&shown.bytes[is.taken..], &body[..announced]);
    let complete = body.len() as u64 >= length;
    assert_eq!(shown.stop, if complete { Stop::Silence } else { Stop::End });
}

/// A head, taken apart line by line without any parser of HTTP.
struct Head {
    /// The request line's words.
    request: Vec<Vec<u8>>,
    /// Names in lower case and values, in their order.
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// How many bytes it has.
    taken: usize,
}

impl Head {
    fn of(bytes: &[u8]) -> Option<Self> {
        let mut input = Input(bytes);
        let mut line = || -> Option<&[u8]> {
            let ends = input.0.contains(&b'\n');
            let line = input.until(b'\n');
            ends.then(|| line.strip_suffix(b"\r").unwrap_or(line))
        };
        let request =
            line()?.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect();
        let mut headers = Vec::new();
        loop {
            let line = line()?;
            if line.is_empty() {
                break;
            }
            let mut header = Input(line);
            let name = header.until(b':').to_ascii_lowercase();
            headers.push((name, header.0.trim_ascii().to_vec()));
        }
        Some(Self { request, headers, taken: bytes.len() - input.0.len() })
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(given, _)| given == name.as_bytes())
            .map(|(_, value)| value.as_slice())
    }

    /// What goes through as it is.
    fn kept(&self) -> Vec<&(Vec<u8>, Vec<u8>)> {
        let dropped: [&[u8]; 2] = [b"transfer-encoding", b"connection"];
        self.headers.iter().filter(|(name, _)| !dropped.contains(&name.as_slice())).collect()
    }

    fn check_both_framings(&self) {
        let encodings: Vec<_> = self.all("transfer-encoding").map(<[u8]>::to_ascii_lowercase).collect();
        assert_eq!(encodings, [b"chunked"]);
        assert_eq!(self.all("content-length").count(), 1);
        assert_eq!(self.all("upgrade").count(), 0);
        for value in self.all("connection").map(<[u8]>::to_ascii_lowercase) {
            assert!(value == b"keep-alive" || value == b"close", "{}", value.escape_ascii());
        }
    }

    /// The announced length, in bytes.
    fn check_one_framing(&self, bytes: &[u8]) -> u64 {
        let head = &bytes[..self.taken];
        let lines = head.windows(2).filter(|pair| *pair == b"\r\n").count();
        assert_eq!(lines, self.headers.len() + 2);
        assert!([b'\r', b'\n'].iter().all(|end| head.iter().filter(|byte| *byte == end).count() == lines));
        assert_eq!(self.all("transfer-encoding").count(), 0);
        assert_eq!(self.all("connection").collect::<Vec<_>>(), [b"close"]);
        let lengths: Vec<_> = self.all("content-length").collect();
        let [digits] = lengths.as_slice() else { panic!("{} lengths", lengths.len()) };
        assert!(digits.iter().all(u8::is_ascii_digit));
        let length = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        length.unwrap_or_else(|| panic!("no length: {}", digits.escape_ascii()))
    }
}
