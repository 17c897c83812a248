//! A block as a request's body.

use std::convert::Infallible;
use std::sync::Arc;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;

use super::super::block::Block;

/// The block's chunks as they are, again at each attempt. A body that is a stream is also not hashed by the
/// signer a second time.
pub(super) fn of(block: &Arc<Block>) -> ByteStream {
    let block = block.clone();
    ByteStream::new(SdkBody::retryable(move || {
        let frames = block.chunks.clone().into_iter().map(|chunk| Ok::<_, Infallible>(Frame::data(chunk)));
        SdkBody::from_body_1_x(StreamBody::new(stream::iter(frames)))
    }))
}
