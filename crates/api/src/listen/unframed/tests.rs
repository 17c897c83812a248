#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use std::collections::VecDeque;
use std::task::Waker;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::head::MAX_HEAD_BYTES;
use super::*;

/// A connection whose reads give these pieces, then its end.
struct Pieces(VecDeque<Vec<u8>>);

impl Pieces {
    /// The bytes, divided at the places.
    fn new(bytes: &[u8], places: &[usize]) -> Self {
        let mut places: Vec<usize> = places.iter().map(|place| place % (bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places.dedup();
        Self(places.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect())
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(mut piece) = self.0.pop_front() {
            let rest = piece.split_off(piece.len().min(buf.remaining()));
            buf.put_slice(&piece);
            if !rest.is_empty() {
                self.0.push_front(rest);
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// How a stream stopped giving bytes.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    End,
    Silence,
}

/// What the parser gets, reading at most `at_once` bytes.
fn shown(pieces: Pieces, at_once: usize) -> (Vec<u8>, Stop) {
    let mut stream = Unframed::new(pieces);
    let mut cx = Context::from_waker(Waker::noop());
    let (mut all, mut space) = (Vec::new(), vec![0; at_once]);
    loop {
        let mut buf = ReadBuf::new(&mut space);
        match Pin::new(&mut stream).poll_read(&mut cx, &mut buf) {
            Poll::Ready(outcome) => outcome.unwrap(),
            Poll::Pending => return (all, Stop::Silence),
        }
        if buf.filled().is_empty() {
            return (all, Stop::End);
        }
        all.extend_from_slice(buf.filled());
    }
}

fn shown_whole(bytes: &[u8]) -> (Vec<u8>, Stop) {
    shown(Pieces::new(bytes, &[]), 8192)
}

#[track_caller]
fn assert_untouched(bytes: &[u8]) {
    assert_eq!(shown_whole(bytes), (bytes.to_vec(), Stop::End), "{}", String::from_utf8_lossy(bytes));
}

/// The head that the official SDK sends, with other headers in place of the length and the encoding.
fn put(headers: &str) -> String {
    format!(
        "PUT /blobs/f?sig=1 HTTP/1.1\r\nHost: drop.example\r\nAccept: */*\r\nConnection: keep-alive\r\n{headers}\r\n"
    )
}

const BOTH: &str = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";

#[test]
fn an_upload_with_both_framings_keeps_its_length_alone() {
    let expected = "PUT /blobs/f?sig=1 HTTP/1.1\r\nHost: drop.example\r\nAccept: */*\r\nContent-Length: 5\r\n\
                    Connection: close\r\n\r\nhello";
    let sent = put(BOTH) + "hello";
    assert_eq!(shown_whole(sent.as_bytes()), (expected.as_bytes().to_vec(), Stop::Silence));
}

#[test]
fn what_follows_the_body_is_never_shown() {
    let sent = put(BOTH) + "helloGET /v1/agents HTTP/1.1\r\nHost: a\r\n\r\n";
    for at_once in [1, 7, 8192] {
        let (bytes, stop) = shown(Pieces::new(sent.as_bytes(), &[]), at_once);
        assert!(bytes.ends_with(b"\r\n\r\nhello"), "{at_once}");
        assert_eq!(stop, Stop::Silence);
    }
}

#[test]
fn a_body_that_breaks_off_ends() {
    let (bytes, stop) = shown_whole((put(BOTH) + "hel").as_bytes());
    assert!(bytes.ends_with(b"\r\n\r\nhel"));
    assert_eq!(stop, Stop::End);
}

#[test]
fn an_empty_body_is_one_too() {
    let sent = put("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n") + "x";
    let (bytes, stop) = shown_whole(sent.as_bytes());
    assert!(bytes.ends_with(b"Connection: close\r\n\r\n"));
    assert_eq!(stop, Stop::Silence);
}

/// Headers that come close to [`BOTH`], and must not be taken for it.
const ODD: &[&str] = &[
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5, 5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: +5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: -5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 0x5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5 5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length:\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 18446744073709551616\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked, chunked\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: \"chunked\"\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chun\u{212a}ed\r\n",
    "Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\tx\r\n",
    "Content-Length: 5\r\nTransfer-Encoding : chunked\r\n",
    "Content-Length : 5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\n Transfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\nTransfer_Encoding: chunked\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: content-length\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nUpgrade: websocket\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nbad header\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nX: a\0b\r\n",
];

#[test]
fn every_other_shape_passes_untouched() {
    for headers in ODD {
        assert_untouched((put(headers) + "hello").as_bytes());
    }
}

#[test]
fn only_puts_of_blobs_over_http_1_1_are_meant() {
    for beginning in [
        "POST /blobs/f HTTP/1.1",
        "put /blobs/f HTTP/1.1",
        "PUT /blob/f HTTP/1.1",
        "PUT /v1/blobs/f HTTP/1.1",
        "PUT  /blobs/f HTTP/1.1",
        "PUT http://drop.example/blobs/f HTTP/1.1",
        "PUT /blobs/f HTTP/1.0",
        "PUT /blobs/f HTTP/2.0",
        "PUT /blobs/f",
        "\r\nPUT /blobs/f HTTP/1.1",
    ] {
        assert_untouched(format!("{beginning}\r\nHost: a\r\n{BOTH}\r\nhello").as_bytes());
    }
}

#[test]
fn only_the_first_request_is_looked_at() {
    let first = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_untouched((first.to_owned() + &put(BOTH) + "hello").as_bytes());
}

#[test]
fn only_so_much_of_a_head_is_held_back() {
    let filled = |length: usize| {
        let room = length - put(BOTH).len() - "X: \r\n".len();
        put(&format!("X: {}\r\n{BOTH}", "x".repeat(room)))
    };
    let (bytes, stop) = shown_whole((filled(MAX_HEAD_BYTES) + "hello").as_bytes());
    assert!(bytes.ends_with(b"Connection: close\r\n\r\nhello"));
    assert_eq!(stop, Stop::Silence);
    assert_untouched((filled(MAX_HEAD_BYTES + 1) + "hello").as_bytes());

    // One that does not end is handed over once it is too long, not at its end.
    let endless = format!("PUT /blobs/f HTTP/1.1\r\nX: {}", "x".repeat(2 * MAX_HEAD_BYTES));
    let mut stream = Unframed::new(Pieces::new(endless.as_bytes(), &[MAX_HEAD_BYTES]));
    let mut space = vec![0; 4 * MAX_HEAD_BYTES];
    let mut buf = ReadBuf::new(&mut space);
    let polled = Pin::new(&mut stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut buf);
    assert!(polled.is_ready());
    assert_eq!(buf.filled(), &endless.as_bytes()[..MAX_HEAD_BYTES]);
}

#[test]
fn too_many_headers_are_left_to_the_parser() {
    assert_untouched((put(&("X: y\r\n".repeat(96) + BOTH)) + "hello").as_bytes());
}

/// Upper and lower case as the bits say.
fn cased(name: &str, bits: u64) -> String {
    let letter = |(at, letter): (usize, char)| {
        if bits >> (at % 64) & 1 == 0 { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() }
    };
    name.chars().enumerate().map(letter).collect()
}

fn places() -> impl Strategy<Value = Vec<usize>> {
    vec(0_usize..600, 0..12)
}

proptest! {
    #[test]
    fn any_bytes_pass_untouched(bytes in vec(any::<u8>(), 0..600), places in places(), at_once in 1_usize..700) {
        let expected = (bytes.clone(), Stop::End);
        prop_assert_eq!(shown(Pieces::new(&bytes, &places), at_once), expected);
    }

    #[test]
    fn what_begins_as_an_upload_and_goes_on_otherwise_passes_untouched(
        cut in any::<Index>(),
        noise in vec(prop_oneof![any::<u8>(), select(b"\r\n: ,chunked0123".to_vec())], 1..300),
        places in places(),
        at_once in 1_usize..700,
    ) {
        // Cut before the second framing, so that the noise can't complete the one shape by chance.
        let head = put(BOTH);
        let cut = cut.index(head.find("Transfer-Encoding").unwrap());
        let bytes = [&head.as_bytes()[..cut], &noise].concat();
        let expected = (bytes.clone(), Stop::End);
        prop_assert_eq!(shown(Pieces::new(&bytes, &places), at_once), expected);
    }

    #[test]
    fn odd_shapes_pass_untouched_however_they_arrive(
        headers in select(ODD), places in places(), at_once in 1_usize..700,
    ) {
        let bytes = (put(headers) + "helloGET / HTTP/1.1\r\n\r\n").into_bytes();
        let expected = (bytes.clone(), Stop::End);
        prop_assert_eq!(shown(Pieces::new(&bytes, &places), at_once), expected);
    }

    #[test]
    fn uploads_with_both_framings_pass_however_they_arrive(
        body in vec(any::<u8>(), 0..400),
        excess in vec(any::<u8>(), 0..100),
        (bits, encoding_first) in (any::<u64>(), any::<bool>()),
        spaces in "[ \t]{0,3}",
        places in places(),
        at_once in 1_usize..700,
    ) {
        let length = format!("{}:{spaces}{}{spaces}\r\n", cased("content-length", bits), body.len());
        let encoding = format!("{}:{spaces}{}\r\n", cased("transfer-encoding", bits), cased("chunked", !bits));
        let both = if encoding_first { encoding + &length } else { length + &encoding };
        let bytes = [put(&both).as_bytes(), &body, &excess].concat();
        let (shown, stop) = shown(Pieces::new(&bytes, &places), at_once);
        prop_assert_eq!(stop, Stop::Silence);
        let end = shown.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        prop_assert_eq!(&shown[end..], &body[..]);
        let head = String::from_utf8(shown[..end].to_vec()).unwrap().to_lowercase();
        prop_assert!(!head.contains("transfer-encoding"));
        let content_length = format!("\r\ncontent-length: {}\r\n", body.len());
        prop_assert_eq!(head.matches(&content_length).count(), 1);
        prop_assert_eq!(head.matches("connection:").count(), 1);
        prop_assert!(head.contains("\r\nconnection: close\r\n"));
    }
}
