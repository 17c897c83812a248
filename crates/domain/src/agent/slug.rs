//! Agent slugs.

use std::fmt;

use uuid::Uuid;

/// An agent's name on the wire: 1 to 64 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit,
/// case-sensitive; neither shaped like a UUID nor a word that routes use (decision 3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentSlug(String);

/// A text that can't be a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSlug {
    /// Wrong length or characters.
    #[error("must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit")]
    Shape,
    /// Agents can be named by UUID too, so a slug must not look like one.
    #[error("must not be shaped like a UUID")]
    Uuid,
    /// The word is part of a route.
    #[error("must not be one of: {}", RESERVED.join(", "))]
    Reserved,
}

const RESERVED: [&str; 7] = ["me", "resolve", "sendable", "register", "connect", "inbox", "keys"];

impl AgentSlug {
    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for AgentSlug {
    type Error = BadSlug;

    fn try_from(text: &str) -> Result<Self, BadSlug> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let first_ok = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if !first_ok || text.len() > 64 || !text.bytes().all(allowed) {
            return Err(BadSlug::Shape);
        }
        if Uuid::try_parse(text).is_ok() {
            return Err(BadSlug::Uuid);
        }
        if RESERVED.contains(&text) {
            return Err(BadSlug::Reserved);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for AgentSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_slugs_pass() {
        for text in ["a", "data-pipeline", "Claude_3.5", "0", &"x".repeat(64)] {
            assert!(AgentSlug::try_from(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn dangerous_slugs_are_refused() {
        for (text, why) in [
            ("", BadSlug::Shape),
            ("..", BadSlug::Shape),
            (".hidden", BadSlug::Shape),
            ("-x", BadSlug::Shape),
            ("a/b", BadSlug::Shape),
            ("a b", BadSlug::Shape),
            ("ä", BadSlug::Shape),
            (&*"x".repeat(65), BadSlug::Shape),
            ("9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c", BadSlug::Uuid),
            ("9f3a7b2e1c4d4e5f8a6b0d2e3f4a5b6c", BadSlug::Uuid),
            ("me", BadSlug::Reserved),
            ("inbox", BadSlug::Reserved),
        ] {
            assert_eq!(AgentSlug::try_from(text), Err(why), "{text:?}");
        }
    }
}
