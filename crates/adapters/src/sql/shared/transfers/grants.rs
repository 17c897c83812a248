use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::transfer::Grant;
use diesel::prelude::*;

use super::Db;
use super::key::Key;
use super::schema::grants;
use crate::sql::values::Corrupt;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = grants, check_for_backend(Db))]
pub(super) struct GrantRow {
    id: Key,
    transfer_id: Key,
    key_id: Key,
    created_at: Timestamp,
    expires_at: Timestamp,
    streaming_until: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl TryFrom<GrantRow> for Grant {
    type Error = Corrupt;

    fn try_from(row: GrantRow) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id.id(),
            transfer_id: row.transfer_id.id(),
            key_id: row.key_id.id(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            streaming_until: row.streaming_until,
            revoked_at: row.revoked_at,
        })
    }
}

impl From<&Grant> for GrantRow {
    fn from(grant: &Grant) -> Self {
        Self {
            id: grant.id.into(),
            transfer_id: grant.transfer_id.into(),
            key_id: grant.key_id.into(),
            created_at: grant.created_at,
            expires_at: grant.expires_at,
            streaming_until: grant.streaming_until,
            revoked_at: grant.revoked_at,
        }
    }
}
