use std::fmt;

/// The name of a file: 1 to 255 bytes of UTF-8 that name one entry of a folder, never another folder, and
/// are safe to show in any terminal (decision 3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);

/// A text that can't name a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be 1 to 255 bytes of UTF-8 without '/', '\\', control or text-direction characters, and not \".\" or \"..\""
)]
pub struct BadFileName;

impl FileName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters that make a name read differently from what it is.
const fn overrides_direction(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

impl TryFrom<&str> for FileName {
    type Error = BadFileName;

    fn try_from(text: &str) -> Result<Self, BadFileName> {
        let forbidden = |c: char| c.is_control() || overrides_direction(c) || matches!(c, '/' | '\\');
        let length_ok = (1..=255).contains(&text.len());
        if !length_ok || text == "." || text == ".." || text.contains(forbidden) {
            return Err(BadFileName);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
