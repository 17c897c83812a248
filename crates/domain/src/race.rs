//! Two things at once, of which one ends the other.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// What `work` yields; `None` if `stop` ends before, which ends the work where it is.
pub async fn unless<T>(stop: impl Future<Output = ()>, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut stop) = (pin!(work), pin!(stop));
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => stop.as_mut().poll(cx).map(|()| None),
    })
    .await
}
