//! Storing a stream in large blocks, each written while the next one is received.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;

use agentdrop_domain::blob::{BlobError, ByteSource, ObjectKey, Stored};
use rustix::fs::{Advice, fadvise};
use tokio::task::{JoinHandle, spawn_blocking};

use super::super::block::{Block, Blocks, Gathered};
use super::super::digest::Hashed;
use super::Durability;
use super::error::{blocking, failed, lost};
use super::layout::Layout;
use super::room::DiskReserve;

/// How much is gathered before it is written, in bytes.
const BLOCK: usize = 512 << 10;
/// How much is written before the disk is asked to start on it, in bytes.
const FLUSH: u64 = 16 << 20;
/// The most slices one `writev` takes.
const MAX_SLICES: usize = 1024;

/// An upload under way.
struct Upload {
    file: Arc<File>,
    /// What was handed to be written, in bytes.
    size: u64,
    manner: Manner,
    layout: Arc<Layout>,
    /// The block that is being written.
    writing: Option<JoinHandle<io::Result<()>>>,
}

/// How an object is to be written.
pub(super) struct Manner {
    pub(super) durability: Durability,
    /// What must stay free meanwhile.
    pub(super) reserve: DiskReserve,
    /// How large it will be, in bytes, where that is known.
    pub(super) size: Option<u64>,
}

pub(super) async fn put(
    layout: &Arc<Layout>,
    manner: Manner,
    key: &ObjectKey,
    body: &mut dyn ByteSource,
) -> Result<Stored, BlobError> {
    let (file, path) = {
        let (layout, key, reserve) = (layout.clone(), key.clone(), manner.reserve.clone());
        let size = manner.size.unwrap_or(0);
        blocking(move || {
            reserve.check(layout.root(), size)?;
            layout.begin(&key)
        })
        .await?
    };
    let upload = Upload { file: Arc::new(file), size: 0, manner, layout: layout.clone(), writing: None };
    let mut body = Hashed::new(body);
    match upload.receive(layout, key, path.clone(), &mut body).await {
        Ok(()) => Ok(body.stored()),
        Err(error) => {
            let layout = layout.clone();
            if let Err(left) = blocking(move || layout.abandon(&path)).await {
                tracing::warn!(%key, %left, "an upload that failed left a file until the object is deleted");
            }
            Err(error)
        }
    }
}

impl Upload {
    async fn receive(
        mut self,
        layout: &Arc<Layout>,
        key: &ObjectKey,
        path: PathBuf,
        body: &mut dyn ByteSource,
    ) -> Result<(), BlobError> {
        let mut blocks = Blocks::new(body);
        loop {
            let gathered = blocks.next(BLOCK).await;
            self.settle().await?;
            match gathered? {
                Gathered::Full(block) => self.start(block),
                Gathered::Last(block) => return self.finish(block, layout.clone(), key.clone(), path).await,
            }
        }
    }

    /// Hands a block to a thread and does not wait for it. No thread is kept while the next block is received,
    /// however slowly that comes.
    fn start(&mut self, block: Block) {
        let begin = self.size;
        self.size += block.len as u64;
        let (end, file, durability) = (self.size, self.file.clone(), self.manner.durability);
        let (reserve, layout) = (self.manner.reserve.clone(), self.layout.clone());
        self.writing = Some(spawn_blocking(move || {
            reserve.check(layout.root(), end - begin)?;
            write(&file, &block)?;
            if durability == Durability::Full {
                start_writeback(&file, begin, end);
            }
            Ok(())
        }));
    }

    /// Waits for the block that is being written.
    async fn settle(&mut self) -> Result<(), BlobError> {
        match self.writing.take() {
            Some(writing) => writing.await.map_err(lost)?.map_err(failed),
            None => Ok(()),
        }
    }

    async fn finish(
        self,
        block: Block,
        layout: Arc<Layout>,
        key: ObjectKey,
        path: PathBuf,
    ) -> Result<(), BlobError> {
        blocking(move || {
            let durability = self.manner.durability;
            self.manner.reserve.check(layout.root(), block.len as u64)?;
            write(&self.file, &block)?;
            if durability == Durability::Full {
                self.file.sync_data()?;
            }
            layout.publish(&path, &key, durability)
        })
        .await
    }
}

fn write(mut file: &File, block: &Block) -> io::Result<()> {
    let mut slices: Vec<_> = block.chunks.iter().map(|chunk| IoSlice::new(chunk)).collect();
    let mut rest = &mut slices[..];
    while !rest.is_empty() {
        let most = rest.len().min(MAX_SLICES);
        match file.write_vectored(&rest[..most]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => IoSlice::advance_slices(&mut rest, n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Asks the disk to begin with what was written, so that the last sync does not wait for all of it. The cache
/// keeps the bytes: what is dirty or on its way to the disk is not dropped.
fn start_writeback(file: &File, from: u64, to: u64) {
    let (from, to) = (from / FLUSH * FLUSH, to / FLUSH * FLUSH);
    if let Some(len) = NonZeroU64::new(to - from) {
        // Advice only: the sync at the end is what counts.
        let _ = fadvise(file, from, Some(len), Advice::DontNeed);
    }
}
