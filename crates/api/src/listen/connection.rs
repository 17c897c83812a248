//! A connection as the HTTP parser sees it.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::requests::Requests;
use super::unframed::Unframed;

/// A stream whose first request is looked at (see [`Unframed`]) and whose later heads are not waited for
/// without end. actix-http limits the time of the first one alone.
pub struct Connection<S> {
    stream: Unframed<S>,
    heads: LaterHeads,
}

impl<S: AsyncRead + Unpin> Connection<S> {
    /// A fresh connection, whose heads may take so long.
    pub fn new(stream: S, patience: Duration) -> Self {
        Self { stream: Unframed::new(stream), heads: LaterHeads::new(patience) }
    }

    /// What its requests are counted in.
    pub fn requests(&self) -> Requests {
        self.heads.requests.clone()
    }
}

/// The time that the head of a later request takes: from its first bytes until the request begins.
struct LaterHeads {
    requests: Requests,
    patience: Duration,
    /// How many requests had begun when the first bytes of a further one came.
    coming: Option<u64>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl LaterHeads {
    fn new(patience: Duration) -> Self {
        Self { requests: Requests::default(), patience, coming: None, timer: None }
    }

    fn bytes_came(&mut self) {
        let begun = self.requests.begun();
        if begun > 0 && !self.requests.are_running() && self.coming != Some(begun) {
            self.coming = Some(begun);
            let deadline = Instant::now() + self.patience;
            // One timer a connection: moving it is cheap, and most often it never fires.
            match &mut self.timer {
                Some(timer) => timer.as_mut().reset(deadline),
                None => self.timer = Some(Box::pin(sleep(self.patience))),
            }
        }
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.requests.are_running() || self.coming != Some(self.requests.begun()) {
            self.coming = None;
        }
        match (&self.coming, &mut self.timer) {
            (Some(_), Some(timer)) => timer.as_mut().poll(cx),
            _ => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.heads.bytes_came();
        }
        if polled.is_pending() && self.heads.poll_late(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.stream.get_mut()).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.stream.get_mut()).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get_ref().is_write_vectored()
    }
}
