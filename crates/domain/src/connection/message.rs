use std::fmt;

/// What an inviter writes: 1 to 500 characters after trimming, no control characters but line ends and tabs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteMessage(String);

/// A text that can't go with an invite.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be at most 500 characters, without control characters other than line ends and tabs")]
pub struct BadInviteMessage;

impl InviteMessage {
    /// The longest message, in characters.
    pub const MAX_CHARACTERS: usize = 500;

    /// The message of a text, trimmed; `None` if nothing is left.
    ///
    /// # Errors
    /// [`BadInviteMessage`].
    pub fn of(text: &str) -> Result<Option<Self>, BadInviteMessage> {
        let text = text.trim();
        let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if text.chars().count() > Self::MAX_CHARACTERS || text.contains(forbidden) {
            return Err(BadInviteMessage);
        }
        Ok((!text.is_empty()).then(|| Self(text.to_owned())))
    }
}

impl fmt::Display for InviteMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn shown(text: &str) -> Option<String> {
        InviteMessage::of(text).unwrap().map(|message| message.to_string())
    }

    #[test]
    fn messages_are_trimmed_and_empty_ones_are_none() {
        assert_eq!(shown("  hello\r\n\tthere "), Some("hello\r\n\tthere".to_owned()));
        assert_eq!(shown(&"ä".repeat(500)), Some("ä".repeat(500)));
        assert_eq!((shown(""), shown(" \n ")), (None, None));
    }

    #[test]
    fn long_and_unprintable_messages_are_refused() {
        for text in [&*"a".repeat(501), "null\0byte", "\u{1b}[31m"] {
            assert_eq!(InviteMessage::of(text), Err(BadInviteMessage));
        }
    }
}
