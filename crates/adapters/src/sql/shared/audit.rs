use agentdrop_domain::audit::{AuditEntry, AuditLog};
use agentdrop_domain::store::StoreError;
use async_trait::async_trait;
use diesel::prelude::*;

use super::Session;
use super::key::Key;
use super::schema::audit_entries;

#[async_trait]
impl AuditLog for Session {
    async fn append_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let row = (
            audit_entries::id.eq(Key::from(entry.id)),
            audit_entries::at.eq(entry.at),
            audit_entries::account_id.eq(entry.account.map(Key::from)),
            audit_entries::key_id.eq(entry.key.map(Key::from)),
            audit_entries::act.eq(entry.act),
            audit_entries::subject.eq(&entry.subject),
        );
        self.execute(diesel::insert_into(audit_entries::table).values(row)).await?;
        Ok(())
    }
}
