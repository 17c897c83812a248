//! Idempotency: the same request under the same key acts once, however often it is sent.
//!
//! A use of a key begins with a **running mark** in a transaction of its own ([`begin`]). The act then runs as
//! ever, and its answer is stored, sealed, in the act's own transaction ([`Running::perform`]): either both are
//! there or neither. Whoever sends the request again gets the stored answer, and acts no more. A refusal stores
//! nothing and takes the mark away; a mark whose holder died is free when its lease ends.
//!
//! Answers may hold secrets that the server must not be able to read later, so what seals them is derived from
//! the presented token, which the server does not keep.

mod begin;
mod forget;
mod key;
mod perform;
mod record;
mod repository;
mod request;
mod sealer;

pub use begin::{Begun, KeyInUse, StoredAnswer, answered_before, begin};
pub use forget::forget_spent;
pub use key::{IdempotencyKey, KeyError, MAX_KEY_CHARACTERS};
pub use perform::{Answered, PerformError, Render, ReplayError, Running, perform_once};
pub use record::{Answer, Record, RecordName};
pub use repository::{IdempotencyReads, IdempotencyRepository};
pub use request::{FormHasher, RequestDigest, RequestHasher, Target, Usage};
pub use sealer::{Hasher, Sealer, SealingKey};

/// How long a running mark holds without news, in seconds.
pub const LEASE_SECONDS: u64 = 60;
/// How long an answer is kept, in seconds.
pub const KEPT_SECONDS: u64 = 24 * 3_600;

#[cfg(test)]
mod tests;
