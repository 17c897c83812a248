//! Where bytes are kept: the [`agentdrop_domain::blob::BlobStore`] port on real systems.

pub mod fs;

mod block;
mod range;
