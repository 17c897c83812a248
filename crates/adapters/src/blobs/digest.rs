//! SHA-256 of what passes.

use ring::digest::Context;

use super::block::Block;

/// Adds a block.
pub(super) fn hash(hasher: &mut Context, block: &Block) {
    for chunk in &block.chunks {
        hasher.update(chunk);
    }
}

/// The digest of all that was added.
pub(super) fn sha256(hasher: Context) -> [u8; 32] {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hasher.finish().as_ref());
    sha256
}
