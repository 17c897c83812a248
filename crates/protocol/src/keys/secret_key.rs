use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use x25519_dalek::{PublicKey as DalekPublicKey, StaticSecret};
use zeroize::{Zeroize, Zeroizing};

use super::{FileKey, PublicKey};
use crate::encoding::{decode_base64, encode_base64};
use crate::{Error, Salt};

const WHAT: &str = "secret key";
const EXPECTED: &str = "32 raw bytes in base64";

/// An X25519 secret key. Wiped when dropped; `Debug` shows nothing.
#[derive(Clone)]
pub struct SecretKey(StaticSecret);

impl SecretKey {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// A new key from 32 fresh bytes of the operating system's random generator.
    pub fn generate_from(random: [u8; Self::LEN]) -> Self {
        Self::from_bytes(random)
    }

    /// A key that already exists, from its 32 raw bytes.
    pub fn from_bytes(mut bytes: [u8; Self::LEN]) -> Self {
        let key = Self(StaticSecret::from(bytes));
        bytes.zeroize();
        key
    }

    /// A key as the official clients store it: base64 of the 32 raw bytes.
    ///
    /// # Errors
    /// [`Error::InvalidBase64`], or [`Error::InvalidLength`] if it is not 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        let bytes = decode_base64(WHAT, EXPECTED, Self::LEN, text)?;
        let bytes = bytes
            .as_slice()
            .try_into()
            .map_err(|_| Error::InvalidLength { what: WHAT, expected: EXPECTED })?;
        Ok(Self::from_bytes(bytes))
    }

    /// Base64 of the 32 raw bytes: secret.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(encode_base64(self.0.as_bytes()))
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        #[expect(clippy::expect_used, reason = "a clamped scalar times the base point has a large order")]
        PublicKey::from_bytes(DalekPublicKey::from(&self.0).to_bytes()).expect("not a small-order point")
    }

    /// `HKDF-SHA256(X25519(self, theirs), salt, info)`, 32 bytes: what every layout derives its key with.
    ///
    /// # Errors
    /// [`Error::WeakPublicKey`] if `theirs` contributed nothing to the secret.
    pub(crate) fn derive(
        &self,
        theirs: &PublicKey,
        salt: Option<&Salt>,
        info: &[u8],
    ) -> Result<FileKey, Error> {
        let shared = self.0.diffie_hellman(&(*theirs.as_bytes()).into());
        // PublicKey refuses such points already; this keeps the rule where the secret is made.
        if !shared.was_contributory() {
            return Err(Error::WeakPublicKey);
        }
        let (mut pseudorandom_key, hkdf) =
            Hkdf::<Sha256>::extract(salt.map(|salt| salt.as_bytes().as_slice()), shared.as_bytes());
        pseudorandom_key.as_mut_slice().zeroize();
        #[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8,160 bytes")]
        FileKey::fill_with(|key| {
            hkdf.expand(info, key).expect("32 bytes are within HKDF's range");
            Ok(())
        })
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").finish_non_exhaustive()
    }
}
