use std::collections::BTreeSet;

use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::ids::TransferId;
use agentdrop_domain::storage::StorageReads;
use agentdrop_domain::store::StoreError;
use agentdrop_domain::transfer::Transfer;
use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::Session;
use super::key::Key;
use super::schema::{file_parts, transfer_files, transfers, uploads};
use super::transfers::TransferRow;
use crate::sql::values::object_key;

/// Not purged: the words of the partial index, which only a literal condition can use.
fn unpurged() -> SqlLiteral<Bool> {
    sql("transfers.purged_at IS NULL")
}

#[async_trait]
impl StorageReads for Session {
    async fn unpurged_transfers(
        &mut self,
        after: Option<TransferId>,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError> {
        let query = transfers::table
            .filter(unpurged())
            .filter(transfers::id.gt(after.map_or(Key(Uuid::nil()), Key::from)))
            .order(transfers::id)
            .limit(i64::from(limit))
            .select(TransferRow::as_select());
        let rows = self.load(query).await?;
        self.with_files(rows).await
    }

    async fn known_objects(&mut self, keys: &[ObjectKey]) -> Result<BTreeSet<ObjectKey>, StoreError> {
        if keys.is_empty() {
            return Ok(BTreeSet::new());
        }
        let keys: Vec<&str> = keys.iter().map(ObjectKey::as_str).collect();
        let uploads =
            uploads::table.filter(uploads::object_key.eq_any(keys.clone())).select(uploads::object_key);
        let parts = file_parts::table
            .filter(file_parts::object_key.eq_any(keys.clone()))
            .select(file_parts::object_key);
        let files = transfer_files::table
            .inner_join(transfers::table.on(transfers::id.eq(transfer_files::transfer_id)))
            .filter(transfer_files::object_key.eq_any(keys))
            .filter(unpurged())
            .select(transfer_files::object_key);
        // One statement, so that it sees all tables at one moment.
        let found: Vec<String> = self.load(uploads.union_all(parts).union_all(files)).await?;
        Ok(found.into_iter().map(object_key).collect::<Result<_, _>>()?)
    }
}
