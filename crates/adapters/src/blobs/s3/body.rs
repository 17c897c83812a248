//! A block as a request's body.

use std::convert::Infallible;
use std::sync::Arc;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;

use super::super::block::Block;

/// The most bytes that are handed to HTTP at once: where it can't write from several places, it copies what it is handed.
const FRAME: usize = 64 << 10;

/// The block's bytes where they are, again at each attempt. A body that is a stream is also not hashed by the
/// signer a second time.
pub(super) fn of(block: &Arc<Block>) -> ByteStream {
    let block = block.clone();
    ByteStream::new(SdkBody::retryable(move || {
        let frames = block.chunks.clone().into_iter().flat_map(frames);
        let frames = frames.map(|frame| Ok::<_, Infallible>(Frame::data(frame)));
        SdkBody::from_body_1_x(StreamBody::new(stream::iter(frames)))
    }))
}

fn frames(mut chunk: Bytes) -> impl Iterator<Item = Bytes> + Send {
    std::iter::from_fn(move || {
        let frame = chunk.split_to(FRAME.min(chunk.len()));
        (!frame.is_empty()).then_some(frame)
    })
}
