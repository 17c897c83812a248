//! agentdrop-adapters

#[cfg(feature = "stores")]
pub mod blobs;
pub mod clock;
#[cfg(feature = "stores")]
pub mod durability;
pub mod ids;
pub mod keys;
pub mod sealer;
pub mod secrets;
pub mod signer;
#[cfg(feature = "stores")]
pub mod sql;
