use std::fmt;

use zeroize::{Zeroize, Zeroizing};

/// The AES-256 key of a transfer, shared by all its files. Wiped when dropped; `Debug` shows nothing.
#[derive(Clone)]
pub struct FileKey(Zeroizing<[u8; Self::LEN]>);

impl FileKey {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// A new key from 32 fresh bytes of the operating system's random generator.
    pub fn generate_from(random: [u8; Self::LEN]) -> Self {
        Self::from_bytes(random)
    }

    /// A key that already exists.
    pub fn from_bytes(mut bytes: [u8; Self::LEN]) -> Self {
        let key = Self(Zeroizing::new(bytes));
        bytes.zeroize();
        key
    }

    /// The key itself: secret.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Lets `fill` write the key in place, so that no copy stays on the stack.
    pub(crate) fn fill_with<E>(fill: impl FnOnce(&mut [u8; Self::LEN]) -> Result<(), E>) -> Result<Self, E> {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKey").finish_non_exhaustive()
    }
}
