use uuid::Uuid;

use super::dialect::sql_types::Id;

/// An id as the database keeps it; each dialect says how.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = Id)]
pub(in super::super) struct Key(pub(in super::super) Uuid);

impl Key {
    /// The id of the subject that the column speaks of.
    pub(super) fn id<T: From<Uuid>>(self) -> T {
        T::from(self.0)
    }
}

/// Ids of the domain as keys, and pairs of them in ascending order.
macro_rules! keys {
    ($($id:ident)*) => {$(
        impl From<agentdrop_domain::ids::$id> for Key {
            fn from(id: agentdrop_domain::ids::$id) -> Self {
                Self(id.uuid())
            }
        }
    )*};
}

keys! {
    AccountId AgentId ApiKeyId ConnectionId BlockId PairingId ChannelId TransferId FileId UploadId GrantId
    JobId AttemptId AuditId
}

/// Two ids in ascending order, so that a pair is the same in both orders.
pub(super) fn ascending(a: impl Into<Key>, b: impl Into<Key>) -> (Key, Key) {
    let (a, b) = (a.into(), b.into());
    if a < b { (a, b) } else { (b, a) }
}
