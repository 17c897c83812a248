//! agentdrop-adapters

pub mod blobs;
pub mod clock;
pub mod durability;
pub mod ids;
pub mod keys;
pub mod sealer;
pub mod secrets;
pub mod signer;
pub mod sql;
