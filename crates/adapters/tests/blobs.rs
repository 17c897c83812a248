//! The blob stores: what they all do, and what each does when something is wrong with it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "contract/blobs.rs"]
mod contract;
#[path = "blobs/external_s3.rs"]
mod external_s3;
#[path = "blobs/fs.rs"]
mod fs;
#[path = "blobs/s3.rs"]
mod s3;
