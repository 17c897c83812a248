//! Carries a request's body from the HTTP worker that reads it to the main runtime, where it is parsed and
//! stored.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::web;
use agentdrop_domain::blob::{ByteSource, SourceError};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc;

use super::ApiError;
use crate::state::Api;

/// How much is gathered before it crosses, in bytes: each crossing costs a wake-up.
const BATCH_BYTES: usize = 256 << 10;
/// How long a begun batch waits for more.
const LINGER: Duration = Duration::from_millis(5);
/// How many batches may wait, so that memory stays flat.
const WAITING_BATCHES: usize = 1;
/// How much the parser may have read without finding anything before it is given more, in bytes. It has no such
/// bound of its own. What it is given at once may be larger: the worker reads what has come.
const MAX_SEARCHED_BYTES: usize = 256 << 10;

enum Message {
    Batch(Vec<Bytes>),
    End,
    Failed(SourceError),
}

/// The worker's end.
pub struct Near(mpsc::Sender<Message>);

/// The main runtime's end. If the near end vanishes without saying that the body has ended, it fails.
pub struct Far {
    messages: mpsc::Receiver<Message>,
    batch: VecDeque<Bytes>,
}

/// The body for the multipart parser.
pub struct Paced {
    body: Far,
    gave_one: bool,
    searched: Searched,
}

/// What the parser has read since it last found something; shared with whoever sees it find things.
#[derive(Clone, Default)]
pub struct Searched(Arc<AtomicUsize>);

impl Searched {
    /// The parser has found something.
    pub fn found(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Adds what the parser is given; what it had before.
    fn add(&self, bytes: usize) -> usize {
        self.0.fetch_add(bytes, Ordering::Relaxed)
    }
}

/// Both ends.
pub fn crossing() -> (Near, Far) {
    let (sender, messages) = mpsc::channel(WAITING_BATCHES);
    (Near(sender), Far { messages, batch: VecDeque::new() })
}

impl Far {
    /// The body for the multipart parser, which reads as much as it is given, and what it has read.
    pub fn paced(self) -> (Paced, Searched) {
        let searched = Searched::default();
        (Paced { body: self, gave_one: false, searched: searched.clone() }, searched)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, SourceError>>> {
        loop {
            if let Some(chunk) = self.batch.pop_front() {
                return Poll::Ready(Some(Ok(chunk)));
            }
            match ready!(self.messages.poll_recv(cx)) {
                Some(Message::Batch(batch)) => self.batch = batch.into(),
                Some(Message::End) => return Poll::Ready(None),
                Some(Message::Failed(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(Some(Err(SourceError::Cut("the client went away".to_owned())))),
            }
        }
    }
}

#[async_trait]
impl ByteSource for Far {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        poll_fn(|cx| self.poll_chunk(cx)).await.transpose()
    }
}

impl Near {
    /// Sends the body across until it ends, fails, stands still, or nobody wants it any more.
    pub async fn pump(self, payload: &mut web::Payload, idle: Duration) {
        loop {
            let (batch, last) = gather(payload, idle).await;
            if !batch.is_empty() && self.0.send(Message::Batch(batch)).await.is_err() {
                return;
            }
            if let Some(last) = last {
                // Nobody listens any more if the upload was refused meanwhile.
                let _refused_meanwhile = self.0.send(last).await;
                return;
            }
        }
    }
}

/// Runs `receiving` while the body is sent across to it.
///
/// If this future is dropped because the client went away, the near end goes with it, and the receiving task,
/// which goes on, takes its silence for what it is. A refusal does not wait for the client's next byte.
///
/// # Errors
/// What `receiving` answers.
pub async fn while_pumping<T>(
    api: &Api,
    near: Near,
    payload: &mut web::Payload,
    receiving: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    let idle = Duration::from_secs(api.settings.upload_idle_seconds);
    let mut receiving = std::pin::pin!(receiving);
    tokio::select! {
        biased;
        answer = &mut receiving => answer,
        () = near.pump(payload, idle) => receiving.await,
    }
}

/// The next batch: what comes within [`LINGER`] of its first byte, up to [`BATCH_BYTES`], so that a slow
/// client's bytes do not wait for more of their kind.
async fn gather(payload: &mut web::Payload, idle: Duration) -> (Vec<Bytes>, Option<Message>) {
    let mut batch = Vec::new();
    let mut size = 0;
    while size < BATCH_BYTES {
        let patience = if batch.is_empty() { idle } else { LINGER };
        match tokio::time::timeout(patience, payload.next()).await {
            Ok(Some(Ok(chunk))) => {
                size += chunk.len();
                batch.push(chunk);
            }
            Ok(None) => return (batch, Some(Message::End)),
            Ok(Some(Err(error))) => {
                return (batch, Some(Message::Failed(SourceError::Cut(error.to_string()))));
            }
            Err(_) if batch.is_empty() => {
                return (batch, Some(Message::Failed(SourceError::Idle(idle.as_secs()))));
            }
            Err(_) => break,
        }
    }
    (batch, None)
}

impl Stream for Paced {
    type Item = Result<Bytes, SourceError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // One chunk a poll: the parser would otherwise gather all that is ready before it hands anything on.
        if std::mem::take(&mut self.gave_one) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let chunk = ready!(self.body.poll_chunk(cx));
        if let Some(Ok(chunk)) = &chunk {
            if self.searched.add(chunk.len()) > MAX_SEARCHED_BYTES {
                let what = "a part's head or the text before the first part is too long".to_owned();
                return Poll::Ready(Some(Err(SourceError::Cut(what))));
            }
            self.gave_one = true;
        }
        Poll::Ready(chunk)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What the parser sees of a body in chunks, if it finds nothing.
    async fn seen(chunks: &[usize]) -> Vec<bool> {
        let (near, far) = crossing();
        let batch = chunks.iter().map(|size| Bytes::from(vec![0; *size])).collect();
        near.0.send(Message::Batch(batch)).await.unwrap();
        drop(near);
        let (body, _searched) = far.paced();
        body.take(chunks.len()).map(|chunk| chunk.is_ok()).collect().await
    }

    /// A worker that was busy reads all that has come meanwhile at once.
    #[tokio::test]
    async fn one_chunk_may_be_larger_than_what_may_be_searched() {
        assert_eq!(seen(&[200, MAX_SEARCHED_BYTES + 1]).await, [true, true]);
        assert_eq!(seen(&[200, MAX_SEARCHED_BYTES + 1, 1]).await, [true, true, false]);
    }

    #[tokio::test]
    async fn what_is_searched_in_vain_is_bounded() {
        assert_eq!(seen(&[MAX_SEARCHED_BYTES / 2; 4]).await, [true, true, true, false]);
    }
}
