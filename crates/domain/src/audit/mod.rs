//! The audit log: who did what with which credential. Kept for the operator.

use async_trait::async_trait;

use crate::act::Cx;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::ids::{AccountId, ApiKeyId, AuditId};
use crate::store::StoreError;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who; `None` for the operator and the server itself.
    pub account: Option<AccountId>,
    /// With which key.
    pub key: Option<ApiKeyId>,
    /// What was done, like `pairing.confirm`.
    pub act: &'static str,
    /// The id of what it was done to, as on the wire.
    pub subject: String,
}

impl AuditEntry {
    /// An entry about an authenticated caller.
    #[must_use]
    pub fn by(caller: &Caller, cx: &Cx<'_>, act: &'static str, subject: impl ToString) -> Self {
        Self {
            id: cx.ids.next(),
            at: cx.now,
            account: Some(caller.account),
            key: Some(caller.credential.key()),
            act,
            subject: subject.to_string(),
        }
    }

    /// An entry about the operator or the server itself.
    #[must_use]
    pub fn by_operator(cx: &Cx<'_>, act: &'static str, subject: impl ToString) -> Self {
        Self { id: cx.ids.next(), at: cx.now, account: None, key: None, act, subject: subject.to_string() }
    }
}

/// Writing the audit log.
#[async_trait]
pub trait AuditLog: Send {
    /// Appends an entry.
    async fn append_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError>;
}
