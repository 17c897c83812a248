//! What reads bytes of strangers, each as a function that takes any bytes and panics if a promise is broken. It
//! answers whether the bytes were accepted, so that a corpus can be seen to have some of both kinds.
//!
//! `scripts/fuzz` has libFuzzer think of inputs; the tests give every function its corpus, so that what was found
//! once is tried by every `cargo test --workspace`. How a target divides its input is said at its function.

mod file;
mod file_name;
mod idempotency;
mod input;
mod key_encoding;
mod multipart;
mod range_header;
mod signed_url;
mod unframed;

pub use file_name::file_name;
pub use idempotency::idempotency;
pub use key_encoding::key_encoding;
pub use multipart::multipart;
pub use range_header::range_header;
pub use signed_url::signed_url;
pub use unframed::unframed;
