//! Settings that `scripts/test` hands to the tests.

use std::env::{self, VarError};

/// The value of `name`, or `None` where it is unset or empty.
///
/// # Panics
/// If the value is not UTF-8.
pub(crate) fn optional(name: &str) -> Option<String> {
    match env::var(name) {
        Ok(value) if value.is_empty() => None,
        Ok(value) => Some(value),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => panic!("{name} is not UTF-8"),
    }
}

/// The value of `name`.
///
/// # Panics
/// If it is unset, with a message that names the command which sets it.
pub(crate) fn required(name: &str, meaning: &str) -> String {
    optional(name).unwrap_or_else(|| {
        panic!("{name} ({meaning}) is not set: this test needs it; run scripts/test, which sets it")
    })
}
