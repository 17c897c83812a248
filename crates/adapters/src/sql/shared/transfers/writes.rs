use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::{GrantId, TransferId};
use agentdrop_domain::store::StoreError;
use agentdrop_domain::transfer::{Grant, Transfer, TransferRepository, TransferStatus};
use agentdrop_domain::words::word_of;
use async_trait::async_trait;
use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Session;
use super::grants::GrantRow;
use super::key::Key;
use super::presigned::pending;
use super::reads::active;
use super::rows::{FileRow, TransferRow};
use super::schema::{grants, transfer_files, transfers};
use crate::sql::values::stored;

#[async_trait]
impl TransferRepository for Session {
    async fn insert_transfer(&mut self, transfer: &Transfer) -> Result<(), StoreError> {
        let row = TransferRow::try_from(transfer)?;
        let held = transfers::storage_bytes.eq(stored(transfer.total_size)?);
        self.execute(diesel::insert_into(transfers::table).values((row, held))).await?;
        for (position, file) in (0..).zip(&transfer.files) {
            let row = FileRow::new(transfer, position, file)?;
            self.execute(diesel::insert_into(transfer_files::table).values(row)).await?;
        }
        Ok(())
    }

    async fn claim_download(
        &mut self,
        id: TransferId,
        now: Timestamp,
    ) -> Result<Option<Transfer>, StoreError> {
        let claimable = transfers::table
            .find(Key::from(id))
            .filter(active())
            .filter(transfers::expires_at.gt(now))
            .filter(transfers::downloads.lt(transfers::max_downloads));
        // The right-hand sides see the row as it was before.
        let is_last = || transfers::auto_delete.or((transfers::downloads + 1).ge(transfers::max_downloads));
        let downloaded = || word_of(&TransferStatus::ALL, TransferStatus::Downloaded).into_sql::<Text>();
        let claimed = diesel::update(claimable)
            .set((
                transfers::downloads.eq(transfers::downloads + 1),
                transfers::status.eq(case_when(is_last(), downloaded()).otherwise(transfers::status)),
                transfers::ended_at.eq(case_when(is_last(), Some(now)).otherwise(transfers::ended_at)),
            ))
            .returning(TransferRow::as_returning());
        let row: Option<TransferRow> = self.get(claimed).await?;
        Ok(self.with_files(row.into_iter().collect()).await?.pop())
    }

    async fn end_transfer(
        &mut self,
        id: TransferId,
        status: TransferStatus,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let word = word_of(&TransferStatus::ALL, status);
        let row = transfers::table.find(Key::from(id)).filter(active().or(pending()));
        let ended = (transfers::status.eq(word), transfers::ended_at.eq(now));
        if self.execute(diesel::update(row).set(ended)).await? == 1 {
            return Ok(true);
        }
        if status != TransferStatus::Deleted {
            return Ok(false);
        }
        let row = transfers::table.find(Key::from(id)).filter(transfers::status.ne(word));
        Ok(self.execute(diesel::update(row).set(transfers::status.eq(word))).await? == 1)
    }

    async fn mark_purged(&mut self, id: TransferId, now: Timestamp) -> Result<(), StoreError> {
        let row = transfers::table.find(Key::from(id)).filter(transfers::purged_at.is_null());
        self.execute(diesel::update(row).set(transfers::purged_at.eq(now))).await?;
        Ok(())
    }

    async fn insert_grant(&mut self, grant: &Grant) -> Result<(), StoreError> {
        self.execute(diesel::insert_into(grants::table).values(GrantRow::from(grant))).await?;
        Ok(())
    }

    async fn renew_grant_stream(&mut self, id: GrantId, until: Timestamp) -> Result<bool, StoreError> {
        let row = grants::table.find(Key::from(id)).filter(grants::revoked_at.is_null());
        Ok(self.execute(diesel::update(row).set(grants::streaming_until.eq(until))).await? == 1)
    }

    async fn revoke_grants(&mut self, id: TransferId, now: Timestamp) -> Result<(), StoreError> {
        let rows =
            grants::table.filter(grants::transfer_id.eq(Key::from(id))).filter(grants::revoked_at.is_null());
        self.execute(diesel::update(rows).set(grants::revoked_at.eq(now))).await?;
        Ok(())
    }
}
