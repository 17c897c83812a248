//! Signed URLs: what a signature covers, and who makes it.

use super::{Grant, TransferFile};
use crate::clock::Timestamp;
use crate::ids::{FileId, GrantId};

/// A signature and the key that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlSignature {
    /// Names the key, so that keys can be changed while URLs are out.
    pub key_id: String,
    /// The authentication code.
    pub mac: Vec<u8>,
}

/// Signs URLs and knows its own signatures.
pub trait UrlSigner: Send + Sync {
    /// Signs with the newest key.
    fn sign(&self, message: &[u8]) -> UrlSignature;
    /// Whether one of the keys made this signature of this message. Takes the same time whatever differs.
    fn verify(&self, message: &[u8], signature: &UrlSignature) -> bool;
}

/// The right that a signed URL carries: one file, under one grant, to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Which file.
    pub file: FileId,
    /// Under which grant.
    pub grant: GrantId,
    /// The file's size in bytes.
    pub size: u64,
    /// When the URL stops working.
    pub expires_at: Timestamp,
}

impl Ticket {
    /// The ticket to a file under a grant.
    #[must_use]
    pub fn to(file: &TransferFile, grant: &Grant) -> Self {
        Self { file: file.id, grant: grant.id, size: file.size, expires_at: grant.expires_at }
    }

    /// What is signed: method, object, size, expiry and grant, so that none of them can be changed.
    #[must_use]
    pub fn message(&self) -> String {
        let expires = self.expires_at.timestamp();
        format!("GET\n{}\n{}\n{expires}\n{}", self.file, self.size, self.grant)
    }
}

#[cfg(test)]
mod tests;
