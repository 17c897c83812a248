/// The longest key, in characters.
pub const MAX_KEY_CHARACTERS: usize = 255;

/// What a client names a request by, so that sending it again is no second request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// A text that is no idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_KEY_CHARACTERS} characters, none of them a control character")]
pub struct KeyError;

impl TryFrom<&str> for IdempotencyKey {
    type Error = KeyError;

    fn try_from(text: &str) -> Result<Self, KeyError> {
        let length = text.chars().count();
        let allowed = (1..=MAX_KEY_CHARACTERS).contains(&length) && !text.chars().any(char::is_control);
        if allowed { Ok(Self(text.to_owned())) } else { Err(KeyError) }
    }
}

impl IdempotencyKey {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_1_to_255_characters() {
        for good in ["x", "order 7, second try", &"é".repeat(255)] {
            assert_eq!(
                IdempotencyKey::try_from(good).map(|key| key.as_str().to_owned()),
                Ok(good.to_owned())
            );
        }
        for bad in ["", "a\tb", "a\u{7f}", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::try_from(bad), Err(KeyError), "{bad:?}");
        }
    }
}
