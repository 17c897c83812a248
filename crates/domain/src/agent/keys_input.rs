//! The public keys that an agent presents.

use super::{AgentKeys, BadKey, KeyInspector, PublicKey, SigningKey};
use crate::error::{FieldErrors, Invalid};

/// The public keys that an agent presents, as they arrive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeysInput {
    /// For key agreement: 32 raw bytes or SPKI DER.
    pub public_key: Option<Vec<u8>>,
    /// `X25519`, if it says.
    pub public_key_algorithm: Option<String>,
    /// For signatures: 32 raw bytes or SPKI DER.
    pub signing_public_key: Option<Vec<u8>>,
    /// `Ed25519`, if it says.
    pub signing_key_algorithm: Option<String>,
}

impl KeysInput {
    /// The keys; `None` if there are none, or after noting each bad field in `errors`.
    pub(super) fn check(&self, inspector: &dyn KeyInspector, errors: &mut FieldErrors) -> Option<AgentKeys> {
        only_algorithm("public_key_algorithm", "X25519", self.public_key_algorithm.as_deref(), errors);
        only_algorithm("signing_key_algorithm", "Ed25519", self.signing_key_algorithm.as_deref(), errors);
        let signing = self.signing_public_key.as_deref().map(SigningKey::parse);
        let signing = signing.and_then(|key| errors.check("signing_public_key", key));
        let Some(public) = self.public_key.as_deref() else {
            if self.signing_public_key.is_some() {
                errors.add("public_key", "is required where signing_public_key is given");
            }
            return None;
        };
        let public = errors.check("public_key", PublicKey::parse(public, inspector))?;
        Some(AgentKeys { public, signing })
    }

    /// The keys, which must be there.
    pub(super) fn require(&self, inspector: &dyn KeyInspector) -> Result<AgentKeys, Invalid> {
        if self.public_key.is_none() {
            return Err(Invalid::field("public_key", format!("is required; {}", BadKey::Shape)));
        }
        let mut errors = FieldErrors::default();
        match self.check(inspector, &mut errors) {
            Some(keys) => errors.finish().map(|()| keys),
            None => Err(errors.into_invalid()),
        }
    }
}

fn only_algorithm(field: &str, only: &str, given: Option<&str>, errors: &mut FieldErrors) {
    if given.is_some_and(|given| given != only) {
        errors.add(field, format!("must be: {only}"));
    }
}

#[cfg(test)]
mod tests;
