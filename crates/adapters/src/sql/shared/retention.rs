use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::retention::RetentionRepository;
use agentdrop_domain::store::StoreError;
use async_trait::async_trait;
use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Session;
use super::key::Key;
use super::schema::{
    audit_entries, events, file_parts, grants, prepared_files, prepared_transfers, transfer_files, transfers,
    uploads,
};

#[async_trait]
impl RetentionRepository for Session {
    async fn forget_transfers(&mut self, until: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let uploads = uploads::table.filter(uploads::transfer_id.eq(transfers::id.nullable()));
        let old = transfers::table
            // The words of the partial index, which only a literal condition can use.
            .filter(sql::<Bool>("transfers.purged_at IS NOT NULL"))
            .filter(transfers::purged_at.le(until).assume_not_null())
            .filter(not(exists(uploads)))
            .order((transfers::purged_at, transfers::id))
            .limit(i64::from(limit))
            .select(transfers::id);
        let ids: Vec<Key> = self.load(old).await?;
        if ids.is_empty() {
            return Ok(0);
        }
        // What refers to a transfer goes before it.
        let files = transfer_files::table.filter(transfer_files::transfer_id.eq_any(ids.clone()));
        let file_ids: Vec<Key> = self.load(files.select(transfer_files::id)).await?;
        self.execute(diesel::delete(file_parts::table.filter(file_parts::file_id.eq_any(file_ids)))).await?;
        let files = transfer_files::table.filter(transfer_files::transfer_id.eq_any(ids.clone()));
        self.execute(diesel::delete(files)).await?;
        let files = prepared_files::table.filter(prepared_files::transfer_id.eq_any(ids.clone()));
        self.execute(diesel::delete(files)).await?;
        let prepared = prepared_transfers::table.filter(prepared_transfers::transfer_id.eq_any(ids.clone()));
        self.execute(diesel::delete(prepared)).await?;
        self.execute(diesel::delete(grants::table.filter(grants::transfer_id.eq_any(ids.clone())))).await?;
        self.execute(diesel::delete(transfers::table.filter(transfers::id.eq_any(ids)))).await
    }

    async fn forget_events(&mut self, until: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let old = events::table
            .filter(events::at.le(until))
            .order(events::at)
            .limit(i64::from(limit))
            .select((events::account_id, events::seq));
        let places: Vec<(Key, i64)> = self.load(old).await?;
        let mut forgotten = 0;
        for place in places {
            forgotten += self.execute(diesel::delete(events::table.find(place))).await?;
        }
        Ok(forgotten)
    }

    async fn forget_audit(&mut self, until: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let old = audit_entries::table
            .filter(audit_entries::at.le(until))
            .order(audit_entries::at)
            .limit(i64::from(limit))
            .select(audit_entries::id);
        let ids: Vec<Key> = self.load(old).await?;
        if ids.is_empty() {
            return Ok(0);
        }
        self.execute(diesel::delete(audit_entries::table.filter(audit_entries::id.eq_any(ids)))).await
    }
}
