//! Carries a request's body from the HTTP worker that reads it to the main runtime, where it is parsed and
//! stored.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::web;
use agentdrop_domain::blob::SourceError;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc;

/// How much is gathered before it crosses, in bytes: each crossing costs a wake-up.
const BATCH_BYTES: usize = 512 << 10;
/// How long a begun batch waits for more.
const LINGER: Duration = Duration::from_millis(5);
/// How many batches may wait, so that memory stays flat.
const WAITING_BATCHES: usize = 1;
/// How much the parser may read without finding anything, in bytes. It has no such bound of its own.
const MAX_SEARCHED_BYTES: usize = 256 << 10;

enum Message {
    Batch(Vec<Bytes>),
    End,
    Failed(SourceError),
}

/// The worker's end.
pub struct Near(mpsc::Sender<Message>);

/// The main runtime's end: a stream for the multipart parser. If the near end vanishes without saying that
/// the body has ended, the stream fails.
pub struct Far {
    messages: mpsc::Receiver<Message>,
    batch: VecDeque<Bytes>,
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

    fn add(&self, bytes: usize) -> usize {
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes
    }
}

/// Both ends.
pub fn crossing() -> (Near, Far) {
    let (sender, messages) = mpsc::channel(WAITING_BATCHES);
    let far = Far { messages, batch: VecDeque::new(), gave_one: false, searched: Searched::default() };
    (Near(sender), far)
}

impl Far {
    /// The parser's account.
    pub fn searched(&self) -> Searched {
        self.searched.clone()
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

impl Stream for Far {
    type Item = Result<Bytes, SourceError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // One chunk a poll: the parser would otherwise gather all that is ready before it hands anything on.
        if std::mem::take(&mut self.gave_one) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            if let Some(chunk) = self.batch.pop_front() {
                if self.searched.add(chunk.len()) > MAX_SEARCHED_BYTES {
                    let what = "a part's head or the text before the first part is too long".to_owned();
                    return Poll::Ready(Some(Err(SourceError::Cut(what))));
                }
                self.gave_one = true;
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
