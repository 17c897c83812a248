//! Received chunks gathered into large blocks, without copying them.

use agentdrop_domain::blob::{ByteSource, SourceError};
use bytes::Bytes;

/// Chunks in the order they came.
#[derive(Debug, Default, Clone)]
pub(super) struct Block {
    pub chunks: Vec<Bytes>,
    /// The chunks' bytes together.
    pub len: usize,
}

/// A block, and whether the stream goes on behind it.
#[derive(Debug)]
pub(super) enum Gathered {
    /// The block is full; more may follow.
    Full(Block),
    /// The stream's end; the block may be empty.
    Last(Block),
}

/// Never more chunks than this in one block, so that a sender of tiny chunks does not make us keep millions of
/// handles.
const MAX_CHUNKS: usize = 4096;

impl Block {
    /// Reads on until the block has at least `enough` bytes or the stream ends.
    pub async fn gather(body: &mut dyn ByteSource, enough: usize) -> Result<Gathered, SourceError> {
        let mut block = Self::default();
        while block.len < enough && block.chunks.len() < MAX_CHUNKS {
            let Some(chunk) = body.next().await? else { return Ok(Gathered::Last(block)) };
            block.len += chunk.len();
            block.chunks.push(chunk);
        }
        Ok(Gathered::Full(block))
    }
}
