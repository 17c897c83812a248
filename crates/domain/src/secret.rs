//! Tokens: what is shown once, and what is kept of it.

use std::fmt;

/// SHA-256 of a whole token: all that is ever stored of it.
///
/// Tokens carry 190 bits from the operating system's random source, so no slow hash is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest(pub [u8; 32]);

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}

/// A token in the clear. It is shown to its owner once and never stored or logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token as it was generated or presented.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The first 13 characters, which lists show so that an owner can tell keys apart.
    #[must_use]
    pub fn prefix(&self) -> String {
        self.0.chars().take(13).collect()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The kinds of token, each with its own prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// `agd_live_` + 32 base62 characters: acts for the whole account.
    AccountKey,
    /// `ada_live_` + 32 base62 characters: acts as exactly one agent.
    AgentKey,
    /// `agt_` + 32 base62 characters: connects one registered agent, once.
    ConnectionToken,
}

impl TokenKind {
    /// What every token of this kind begins with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::AccountKey => "agd_live_",
            Self::AgentKey => "ada_live_",
            Self::ConnectionToken => "agt_",
        }
    }
}

/// Makes and recognises secrets.
pub trait SecretGenerator: Send + Sync {
    /// A fresh token of the kind, from the operating system's random source.
    fn token(&self, kind: TokenKind) -> Token;
    /// A claim code for the human eye: 6 upper-case letters and digits. Never a credential.
    fn claim_code(&self) -> String;
    /// What is stored of a token.
    fn digest(&self, token: &Token) -> SecretDigest;
}
