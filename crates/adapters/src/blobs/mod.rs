//! Where bytes are kept: the [`agentdrop_domain::blob::BlobStore`] port on real systems.

pub mod fs;
pub mod s3;

mod block;
mod digest;
mod range;
