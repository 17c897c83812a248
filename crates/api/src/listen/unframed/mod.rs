//! Uploads with two framings.
//!
//! The official Python SDK announces `Transfer-Encoding: chunked` for its single PUT, beside a
//! `Content-Length`, and then sends the bytes without chunks. HTTP parsers refuse that, rightly: a proxy that
//! believes one header before a server that believes the other lets requests be smuggled. So that those
//! uploads work all the same, this stream stands between the socket and the parser and looks at the **first**
//! request of a connection. If that is such a PUT below `/blobs/`, the parser is shown a head with
//! `Content-Length` alone and `Connection: close`, then exactly that many bytes, then nothing ever again, so
//! that no second reading of the same bytes is possible. Everything else passes untouched, for the parser to
//! refuse.

mod head;
#[cfg(test)]
mod tests;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, ReadBuf};

#[cfg(feature = "fuzzing")]
pub use head::MAX_HEAD_BYTES;
use head::{Head, look, may_be_upload};

/// A connection whose first request may be an upload with two framings; see the module.
pub struct Unframed<S> {
    inner: S,
    state: State,
    /// Bytes to be handed out before any others.
    held: Bytes,
}

enum State {
    /// The first bytes have not told yet; these were held back.
    Looking(Vec<u8>),
    /// Everything passes.
    Untouched,
    /// So many bytes still pass, then none.
    Counted(u64),
}

impl<S: AsyncRead + Unpin> Unframed<S> {
    /// Looks at the first request of a fresh connection.
    pub fn new(inner: S) -> Self {
        Self { inner, state: State::Looking(Vec::new()), held: Bytes::new() }
    }

    /// Reads until the first bytes have told. Most often those of the first read do, and then stay in `buf`.
    fn poll_look(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while let State::Looking(held) = &mut self.state {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
            let read = &buf.filled()[before..];
            let ended = read.is_empty();
            if held.is_empty() && (ended || !may_be_upload(read)) {
                self.state = State::Untouched;
                return Poll::Ready(Ok(()));
            }
            held.extend_from_slice(read);
            buf.set_filled(before);
            match look(held) {
                Head::Incomplete if !ended => {}
                Head::Incomplete | Head::Ordinary => {
                    self.held = std::mem::take(held).into();
                    self.state = State::Untouched;
                }
                Head::Unframed { mut head, taken, body } => {
                    let early = &held[taken..];
                    let early = &early[..early.len().min(usize::try_from(body).unwrap_or(usize::MAX))];
                    head.extend_from_slice(early);
                    self.state = State::Counted(body - early.len() as u64);
                    self.held = head.into();
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn hand_out(&mut self, buf: &mut ReadBuf<'_>) {
        let fits = self.held.len().min(buf.remaining());
        buf.put_slice(&self.held[..fits]);
        self.held.advance(fits);
        if self.held.is_empty() {
            self.held = Bytes::new();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unframed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if matches!(this.state, State::Looking(_)) {
            ready!(this.poll_look(cx, buf))?;
            if this.held.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        if !this.held.is_empty() {
            this.hand_out(buf);
            return Poll::Ready(Ok(()));
        }
        match &mut this.state {
            State::Looking(_) | State::Untouched => Pin::new(&mut this.inner).poll_read(cx, buf),
            // Silence, not the end of the stream: actix-http takes an end for a broken upload if it comes
            // while the handler is slower than the client. The connection ends by its `Connection: close`.
            State::Counted(0) => Poll::Pending,
            State::Counted(rest) => {
                let before = buf.filled().len();
                ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
                let read = (buf.filled().len() - before).min(usize::try_from(*rest).unwrap_or(usize::MAX));
                buf.set_filled(before + read);
                *rest -= read as u64;
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl<S> Unframed<S> {
    /// The stream inside.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The stream inside, to write to.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}
