//! Signed URLs: what a signature covers, and who makes it.

use super::{Grant, TransferFile};
use crate::clock::Timestamp;
use crate::ids::{FileId, GrantId, TransferId};

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

/// What a signed URL lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read a file under a grant.
    Fetch(GrantId),
    /// Send a file of a prepared transfer, or one part of it, numbered from 1.
    Send(TransferId, Option<u32>),
}

/// The right that a signed URL carries, and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Which file.
    pub file: FileId,
    /// What may be done.
    pub right: Right,
    /// How many bytes that moves.
    pub size: u64,
    /// When the URL stops working.
    pub expires_at: Timestamp,
}

impl Ticket {
    /// The ticket to fetch a file under a grant.
    #[must_use]
    pub fn to(file: &TransferFile, grant: &Grant) -> Self {
        let right = Right::Fetch(grant.id);
        Self { file: file.id, right, size: file.size, expires_at: grant.expires_at }
    }

    /// What is signed: method, object, size, expiry, and the grant or the transfer, so that none of them can be
    /// changed.
    #[must_use]
    pub fn message(&self) -> String {
        let Self { file, size, .. } = self;
        let expires = self.expires_at.timestamp();
        match self.right {
            Right::Fetch(grant) => format!("GET\n{file}\n{size}\n{expires}\n{grant}"),
            Right::Send(transfer, part) => {
                format!("PUT\n{file}\n{size}\n{expires}\n{transfer}\n{}", part.unwrap_or(0))
            }
        }
    }
}

#[cfg(test)]
mod tests;
