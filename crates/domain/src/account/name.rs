//! Names that people give to accounts, agents and keys.

/// A text that can't be a display name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 128 characters without control characters")]
pub struct BadName;

/// A display name: trimmed, 1 to 128 characters, no control characters.
///
/// # Errors
/// [`BadName`].
pub fn display_name(text: &str) -> Result<String, BadName> {
    let name = text.trim();
    let length_ok = (1..=128).contains(&name.chars().count());
    if length_ok && !name.contains(char::is_control) { Ok(name.to_owned()) } else { Err(BadName) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed() {
        assert_eq!(display_name("  Ännchen 7 ").as_deref(), Ok("Ännchen 7"));
        assert!(display_name(&"ä".repeat(128)).is_ok());
    }

    #[test]
    fn empty_long_and_unprintable_names_are_refused() {
        for text in ["", "   ", "a\nb", "a\0", &"x".repeat(129)] {
            assert_eq!(display_name(text), Err(BadName), "{text:?}");
        }
    }
}
