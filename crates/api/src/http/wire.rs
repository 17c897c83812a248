//! How values look on the wire.

use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::plan::Limit;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;

/// A moment: ISO 8601 in UTC with milliseconds and `Z`.
#[must_use]
pub fn time(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Bytes: base64, standard alphabet with padding.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64, standard alphabet with padding.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A limit: -1 is unlimited (decision 3).
#[must_use]
pub fn limit(limit: Limit) -> i64 {
    limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX))
}
