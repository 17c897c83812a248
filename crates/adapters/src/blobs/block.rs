//! Received chunks gathered into blocks of an exact size, either large chunks without copying them, or all in one
//! piece.

use agentdrop_domain::blob::{ByteSource, SourceError};
use bytes::{Bytes, BytesMut};

/// Chunks smaller than this are copied together: a handle costs more than they do, and may keep alive a
/// buffer many times their size.
const SMALL: usize = 16 << 10;
/// What small chunks are copied into, in bytes.
const MERGED: usize = 64 << 10;

/// Bytes in the order they came.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub chunks: Vec<Bytes>,
    /// The chunks' bytes together.
    pub len: usize,
}

impl Block {
    fn push(&mut self, chunk: Bytes) {
        self.len += chunk.len();
        self.chunks.push(chunk);
    }
}

/// A part of a stream.
#[derive(Debug)]
pub(super) enum Gathered {
    /// A block of the size asked for; more bytes follow.
    Full(Block),
    /// The rest of the stream. It is empty only if the whole stream is.
    Last(Block),
}

/// A stream read in blocks.
pub(super) struct Blocks<'a> {
    body: &'a mut dyn ByteSource,
    in_one_piece: bool,
    /// Received beyond the last block.
    surplus: Bytes,
    merged: BytesMut,
}

impl<'a> Blocks<'a> {
    /// Large chunks are kept as they are.
    pub fn new(body: &'a mut dyn ByteSource) -> Self {
        Self { body, in_one_piece: false, surplus: Bytes::new(), merged: BytesMut::new() }
    }

    /// Each block is one chunk, in memory that the next one takes over if the block is gone by then. For blocks of
    /// megabytes: as many small chunks they would leave the allocator with several times their size.
    pub fn in_one_piece(body: &'a mut dyn ByteSource) -> Self {
        Self { in_one_piece: true, ..Self::new(body) }
    }

    /// Reads a block of `len` bytes, and a little on: only then is it known whether more follows.
    pub async fn next(&mut self, len: usize) -> Result<Gathered, SourceError> {
        let mut block = Block::default();
        loop {
            let chunk = match std::mem::take(&mut self.surplus) {
                surplus if surplus.is_empty() => self.body.next().await?,
                surplus => Some(surplus),
            };
            let Some(mut chunk) = chunk else {
                self.flush(&mut block);
                return Ok(Gathered::Last(block));
            };
            let room = len - block.len - self.merged.len();
            if chunk.len() > room {
                self.surplus = chunk.split_off(room);
            }
            self.add(&mut block, chunk, len);
            if !self.surplus.is_empty() {
                self.flush(&mut block);
                return Ok(Gathered::Full(block));
            }
        }
    }

    fn add(&mut self, block: &mut Block, chunk: Bytes, len: usize) {
        let piece = if self.in_one_piece { len } else { MERGED };
        if chunk.len() >= SMALL && !self.in_one_piece {
            self.flush(block);
            block.push(chunk);
        } else if !chunk.is_empty() {
            if self.merged.len() + chunk.len() > piece {
                self.flush(block);
            }
            if self.merged.is_empty() {
                self.merged.reserve(piece);
            }
            self.merged.extend_from_slice(&chunk);
        }
    }

    fn flush(&mut self, block: &mut Block) {
        if !self.merged.is_empty() {
            block.push(self.merged.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::VecDeque;

    use async_trait::async_trait;

    use super::*;

    struct Chunks(VecDeque<Bytes>);

    #[async_trait]
    impl ByteSource for Chunks {
        async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
            Ok(self.0.pop_front())
        }
    }

    /// The blocks of a stream: their bytes, and whether each is the last.
    async fn blocks(chunks: &[usize], len: usize) -> Vec<(usize, bool)> {
        let bytes: Vec<u8> = (0..chunks.iter().sum()).map(|n: usize| (n % 251) as u8).collect();
        let mut rest = Bytes::from(bytes.clone());
        let mut body = Chunks(chunks.iter().map(|&n| rest.split_to(n)).collect());
        let mut blocks = Blocks::new(&mut body);
        let (mut sizes, mut seen) = (Vec::new(), Vec::new());
        loop {
            let (block, last) = match blocks.next(len).await.unwrap() {
                Gathered::Full(block) => (block, false),
                Gathered::Last(block) => (block, true),
            };
            assert_eq!(block.len, block.chunks.iter().map(Bytes::len).sum::<usize>());
            assert!(block.chunks.iter().all(|chunk| !chunk.is_empty()));
            seen.extend(block.chunks.concat());
            sizes.push((block.len, last));
            if last {
                assert_eq!(seen, bytes);
                return sizes;
            }
        }
    }

    #[tokio::test]
    async fn blocks_have_the_size_asked_for_whatever_the_chunks() {
        assert_eq!(blocks(&[100], 40).await, [(40, false), (40, false), (20, true)]);
        assert_eq!(blocks(&[30, 30, 30], 40).await, [(40, false), (40, false), (10, true)]);
        assert_eq!(
            blocks(&[100_000, 3, 3, 100_000], 70_000).await,
            [(70_000, false), (70_000, false), (60_006, true)]
        );
        assert_eq!(blocks(&[1; 200_000], 150_000).await, [(150_000, false), (50_000, true)]);
    }

    #[tokio::test]
    async fn the_block_that_ends_with_the_stream_is_the_last() {
        assert_eq!(blocks(&[20, 20], 40).await, [(40, true)]);
        assert_eq!(blocks(&[80], 40).await, [(40, false), (40, true)]);
        assert_eq!(blocks(&[], 40).await, [(0, true)]);
    }

    #[tokio::test]
    async fn blocks_in_one_piece_take_turns_in_the_same_memory() {
        let mut body = Chunks(vec![Bytes::from_static(&[7; 70_000]); 10].into());
        let mut blocks = Blocks::in_one_piece(&mut body);
        let mut places = Vec::new();
        loop {
            let (block, last) = match blocks.next(200_000).await.unwrap() {
                Gathered::Full(block) => (block, false),
                Gathered::Last(block) => (block, true),
            };
            assert_eq!(block.chunks.len(), 1);
            assert_eq!(block.len, if last { 100_000 } else { 200_000 });
            places.push(block.chunks[0].as_ptr());
            if last {
                break;
            }
        }
        assert_eq!(places, [places[0]; 4]);
    }

    #[tokio::test]
    async fn small_chunks_become_few() {
        let mut body = Chunks(vec![Bytes::from_static(b"ab"); 100_000].into());
        let Gathered::Last(block) = Blocks::new(&mut body).next(1 << 20).await.unwrap() else { panic!() };
        assert_eq!(block.len, 200_000);
        assert!(block.chunks.len() <= 4, "{}", block.chunks.len());
    }
}
