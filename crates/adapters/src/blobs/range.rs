//! Which bytes of an object a range means.

use std::ops::Range;

use agentdrop_domain::blob::BlobError;

/// The bytes that `range` asks of an object of `size` bytes: cut off at its end, refused behind it.
pub(super) fn clip(range: Option<Range<u64>>, size: u64) -> Result<Range<u64>, BlobError> {
    let Some(range) = range else { return Ok(0..size) };
    if range.start >= size {
        return Err(BlobError::OutOfRange { size });
    }
    Ok(range.start..range.end.clamp(range.start, size))
}
