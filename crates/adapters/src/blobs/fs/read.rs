//! Reading an object in large blocks, one ahead of the reader.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::Arc;

use agentdrop_domain::blob::{Blob, BlobError, ByteSource, ObjectKey, SourceError};
use async_trait::async_trait;
use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::fs::{Advice, fadvise};
use tokio::task::{JoinHandle, spawn_blocking};

use super::super::range::clip;
use super::error::{failed, lost};
use super::layout::{Layout, is_absence};

/// How much is read at once, in bytes.
const BLOCK: u64 = 256 << 10;

pub(super) async fn open(
    layout: &Arc<Layout>,
    key: &ObjectKey,
    range: Option<Range<u64>>,
) -> Result<Blob, BlobError> {
    let opened = {
        let (layout, key) = (layout.clone(), key.clone());
        spawn_blocking(move || open_file(&layout, &key)).await.map_err(lost)?.map_err(failed)?
    };
    let Some((file, size)) = opened else { return Err(BlobError::NotFound(key.clone())) };
    let range = clip(range, size)?;
    Ok(Blob { size, body: Box::new(FileSource { file: Arc::new(file), rest: range, ahead: None }) })
}

fn open_file(layout: &Layout, key: &ObjectKey) -> io::Result<Option<(File, u64)>> {
    let file = match File::open(layout.object(key)) {
        Ok(file) => file,
        Err(e) if is_absence(&e) => return layout.check().map(|()| None),
        Err(e) => return Err(e),
    };
    let about = file.metadata()?;
    if !about.is_file() {
        return Ok(None);
    }
    // Advice only.
    let _ = fadvise(&file, 0, None, Advice::Sequential);
    Ok(Some((file, about.len())))
}

/// The bytes of an open file; deleting or replacing the object does not disturb them.
struct FileSource {
    file: Arc<File>,
    /// What is not being read yet.
    rest: Range<u64>,
    /// The block that is being read.
    ahead: Option<JoinHandle<io::Result<Bytes>>>,
}

impl FileSource {
    /// Starts to read the next block, if there is one.
    fn read_ahead(&mut self) {
        if self.rest.is_empty() {
            return;
        }
        let at = self.rest.start;
        let len = BLOCK.min(self.rest.end - at);
        self.rest.start += len;
        let file = self.file.clone();
        self.ahead = Some(spawn_blocking(move || read_block(&file, at, len)));
    }
}

#[async_trait]
impl ByteSource for FileSource {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        if self.ahead.is_none() {
            self.read_ahead();
        }
        let Some(block) = self.ahead.take() else { return Ok(None) };
        let block = block.await;
        self.read_ahead();
        match block {
            Ok(Ok(block)) => Ok(Some(block)),
            Ok(Err(error)) => Err(SourceError::Store(error.into())),
            Err(error) => Err(SourceError::Store(error.into())),
        }
    }
}

fn read_block(file: &File, at: u64, len: u64) -> io::Result<Bytes> {
    let len = len as usize;
    let mut block = Vec::with_capacity(len);
    while block.len() < len {
        let offset = at + block.len() as u64;
        match rustix::io::pread(file, spare_capacity(&mut block), offset) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    // The vector may have more room than was asked for.
    block.truncate(len);
    Ok(block.into())
}
