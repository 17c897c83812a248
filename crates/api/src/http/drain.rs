//! Refusing an upload so that the client sees why.
//!
//! Many clients (`requests`, with it the official SDK) send their whole body before they read, and a
//! connection that is closed under them shows a reset instead of the answer. So the answer goes out at once,
//! then what still comes is read and dropped, within bounds, then the connection is closed.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::Sleep;

/// How much of a refused body is read, in bytes.
const MAX_DRAINED_BYTES: usize = 64 << 20;
/// How long a refused body is read, in seconds.
const MAX_DRAIN_SECONDS: u64 = 10;

/// A response body that, once sent, reads and drops the rest of the request.
pub struct Drained<S> {
    body: Option<Bytes>,
    size: u64,
    rest: S,
    drained: usize,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Drained<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
{
    /// The response, made to drain `rest` after it.
    pub fn answer(response: HttpResponse, rest: S) -> HttpResponse {
        let (response, body) = response.into_parts();
        let body = body.try_into_bytes().unwrap_or_default();
        let mut response = response.set_body(Self {
            size: body.len() as u64,
            body: Some(body),
            rest,
            drained: 0,
            deadline: Box::pin(tokio::time::sleep(Duration::from_secs(MAX_DRAIN_SECONDS))),
        });
        response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
        response.map_into_boxed_body()
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.drained < MAX_DRAINED_BYTES {
            match std::task::ready!(Pin::new(&mut self.rest).poll_next(cx)) {
                Some(Ok(bytes)) => self.drained += bytes.len(),
                Some(Err(_)) | None => break,
            }
        }
        Poll::Ready(())
    }
}

impl<S> MessageBody for Drained<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
{
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.size)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some(body) = self.body.take() {
            return Poll::Ready(Some(Ok(body)));
        }
        if self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        self.poll_rest(cx).map(|()| None)
    }
}
