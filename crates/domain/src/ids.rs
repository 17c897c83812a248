//! One id type per subject, so that no function can be handed the wrong kind.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A text that is not an id of the asked kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be {expected}")]
pub struct ParseIdError {
    /// What a valid id looks like.
    pub expected: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// The bare UUID behind the id.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let refused = ParseIdError { expected: $expected };
                let bare = text.strip_prefix($prefix).ok_or_else(|| refused.clone())?;
                // The hyphenated form only: one id, one spelling.
                if bare.len() != 36 {
                    return Err(refused);
                }
                Uuid::try_parse(bare).map(Self).map_err(|_| refused)
            }
        }
    )*};
}

ids! {
    /// An account: a person or organisation that owns agents and keys.
    AccountId, "", "a UUID";
    /// An agent's row; agents also have a slug, unique within their account.
    AgentId, "", "a UUID";
    /// An account key or agent key; on the wire `key_` and a UUID.
    ApiKeyId, "key_", "\"key_\" and a UUID";
    /// A connection between two accounts.
    ConnectionId, "", "a UUID";
    /// A record that one account blocks another.
    BlockId, "", "a UUID";
    /// A pairing of two agents under a connection.
    PairingId, "", "a UUID";
    /// A channel: the two public keys two agents agreed to use.
    ChannelId, "", "a UUID";
    /// A transfer; on the wire `tr_` and a UUID.
    TransferId, "tr_", "\"tr_\" and a UUID";
    /// One file of a transfer.
    FileId, "", "a UUID";
    /// An object that is being uploaded and belongs to no transfer yet.
    UploadId, "", "a UUID";
    /// The right to fetch a transfer's bytes for a while, made by one download call.
    GrantId, "", "a UUID";
    /// A unit of background work.
    JobId, "", "a UUID";
    /// One attempt at a request under an idempotency key.
    AttemptId, "", "a UUID";
    /// An entry of the audit log.
    AuditId, "", "a UUID";
}

/// Where new ids come from.
pub trait IdGenerator: Send + Sync {
    /// A fresh UUID, never returned before.
    fn uuid(&self) -> Uuid;
}

impl dyn IdGenerator + '_ {
    /// A fresh id of the kind the caller needs.
    pub fn next<T: From<Uuid>>(&self) -> T {
        T::from(self.uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefixed_id_reads_back_what_it_printed() {
        let id = TransferId::from(Uuid::from_u128(7));
        assert_eq!(id.to_string(), "tr_00000000-0000-0000-0000-000000000007");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn other_spellings_of_an_id_are_refused() {
        for text in ["", "tr_", "00000000-0000-0000-0000-000000000007", "tr_00000000000000000000000000000007"]
        {
            assert!(text.parse::<TransferId>().is_err(), "{text:?}");
        }
    }
}
