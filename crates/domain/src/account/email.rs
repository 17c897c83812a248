//! E-mail addresses as identities of accounts.

use std::fmt;

/// An address, trimmed and in lower case, at most 256 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

/// A text that is not an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address of at most 256 characters")]
pub struct BadEmail;

impl Email {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as strangers may see it: the first two characters of the local part, then one `*` for
    /// each further character, the domain unchanged; a local part of one or two characters is all `*`
    /// (decision 3).
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let length = local.chars().count();
        let shown: String = if length > 2 { local.chars().take(2).collect() } else { String::new() };
        let stars = "*".repeat(length - shown.chars().count());
        format!("{shown}{stars}@{domain}")
    }
}

impl TryFrom<&str> for Email {
    type Error = BadEmail;

    fn try_from(text: &str) -> Result<Self, BadEmail> {
        let address = text.trim().to_lowercase();
        let (local, domain) = address.rsplit_once('@').ok_or(BadEmail)?;
        let unprintable = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';');
        let well_formed = !local.is_empty()
            && !local.contains('@')
            && !domain.is_empty()
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !address.contains(unprintable);
        if well_formed && address.chars().count() <= 256 { Ok(Self(address)) } else { Err(BadEmail) }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_lowered() {
        assert_eq!(Email::try_from("  Ann@Example.COM ").unwrap().as_str(), "ann@example.com");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "a", "@b.c", "a@", "a b@c.d", "a@b@c.d", "a@.c", "a@c.", "a\n@b.c"] {
            assert!(Email::try_from(text).is_err(), "{text:?}");
        }
        assert!(Email::try_from(format!("{}@b.c", "a".repeat(253)).as_str()).is_err());
    }

    #[test]
    fn masking_keeps_two_characters_and_the_domain() {
        for (address, masked) in [
            ("etommdropsale@gmail.com", "et***********@gmail.com"),
            ("abc@b.c", "ab*@b.c"),
            ("ab@b.c", "**@b.c"),
            ("a@b.c", "*@b.c"),
            ("äöü@b.c", "äö*@b.c"),
        ] {
            assert_eq!(Email::try_from(address).unwrap().masked(), masked);
        }
    }
}
