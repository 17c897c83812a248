//! How many requests of a connection were begun and are being answered. The connection's stream goes by it, and
//! can't know it otherwise.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

/// The requests of one connection.
#[derive(Clone, Default)]
pub struct Requests(Rc<Counts>);

#[derive(Default)]
struct Counts {
    begun: Cell<u64>,
    running: Cell<u64>,
}

impl Requests {
    /// Counts one more, which is answered until the returned value is dropped.
    pub fn begin(&self) -> Running {
        self.0.begun.set(self.0.begun.get() + 1);
        self.0.running.set(self.0.running.get() + 1);
        Running(self.0.clone())
    }

    /// How many were begun.
    pub fn begun(&self) -> u64 {
        self.0.begun.get()
    }

    /// Whether one is being answered.
    pub fn are_running(&self) -> bool {
        self.0.running.get() > 0
    }
}

/// A request that is being answered.
pub struct Running(Rc<Counts>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
    }
}

/// The body of an answer; the request is being answered until it is through.
pub struct Answering {
    pub body: BoxBody,
    #[expect(dead_code, reason = "counts by being there")]
    pub running: Option<Running>,
}

impl MessageBody for Answering {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
