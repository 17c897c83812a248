//! Tokens from the operating system's random source.

use agentdrop_domain::secret::{SecretDigest, SecretGenerator, Token, TokenKind};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const UPPER_AND_DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// 32 characters of 62 carry 190 bits.
const TOKEN_CHARACTERS: usize = 32;
const CLAIM_CODE_CHARACTERS: usize = 6;

/// Makes secrets from the operating system's random source.
#[derive(Debug, Clone)]
pub struct OsSecrets(SystemRandom);

impl Default for OsSecrets {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl OsSecrets {
    /// Fresh random bytes.
    ///
    /// # Panics
    /// If the operating system has no random source.
    #[must_use]
    #[expect(clippy::expect_used, reason = "without randomness there is nothing safe left to do")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes).expect("the operating system has a random source");
        bytes
    }

    fn text(&self, alphabet: &[u8], length: usize) -> String {
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let characters = self.bytes::<64>().into_iter().filter_map(|byte| character(alphabet, byte));
            text.extend(characters.take(length - text.len()));
        }
        text
    }
}

/// The character that a random byte stands for. Bytes beyond the last whole multiple of the alphabet's length
/// stand for none: they would make its first characters likelier than the others.
fn character(alphabet: &[u8], byte: u8) -> Option<char> {
    let fair = 256 - 256 % alphabet.len();
    let index = usize::from(byte);
    (index < fair).then(|| char::from(alphabet[index % alphabet.len()]))
}

impl SecretGenerator for OsSecrets {
    fn token(&self, kind: TokenKind) -> Token {
        Token::new(format!("{}{}", kind.prefix(), self.text(BASE62, TOKEN_CHARACTERS)))
    }

    fn claim_code(&self) -> String {
        self.text(UPPER_AND_DIGITS, CLAIM_CODE_CHARACTERS)
    }

    fn digest(&self, token: &Token) -> SecretDigest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.reveal().as_bytes()).as_ref());
        SecretDigest(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn tokens_have_their_kinds_form_and_differ() {
        let secrets = OsSecrets::default();
        for (kind, prefix) in [
            (TokenKind::AccountKey, "agd_live_"),
            (TokenKind::AgentKey, "ada_live_"),
            (TokenKind::ConnectionToken, "agt_"),
        ] {
            let tokens: HashSet<String> = (0..100).map(|_| secrets.token(kind).reveal().to_owned()).collect();
            assert_eq!(tokens.len(), 100);
            for token in tokens {
                let random = token.strip_prefix(prefix).expect("its kind's prefix");
                assert_eq!(random.len(), 32);
                assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
            }
        }
    }

    #[test]
    fn every_character_of_an_alphabet_is_equally_likely() {
        for alphabet in [&BASE62[..], UPPER_AND_DIGITS] {
            let mut bytes_for: HashMap<char, u32> = HashMap::new();
            for byte in 0..=u8::MAX {
                if let Some(character) = character(alphabet, byte) {
                    *bytes_for.entry(character).or_default() += 1;
                }
            }
            assert_eq!(bytes_for.len(), alphabet.len());
            assert_eq!(bytes_for.values().collect::<HashSet<_>>().len(), 1, "{bytes_for:?}");
        }
    }

    #[test]
    fn a_claim_code_is_six_upper_case_letters_and_digits() {
        let code = OsSecrets::default().claim_code();
        assert_eq!(code.len(), 6);
        assert!(code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{code}");
    }

    #[test]
    fn the_digest_is_sha_256_of_the_whole_token() {
        // FIPS 180-2, appendix B.1.
        let digest = OsSecrets::default().digest(&Token::new("abc".to_owned()));
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex::encode(digest.0), expected);
    }
}
