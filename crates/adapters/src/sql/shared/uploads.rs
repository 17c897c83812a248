use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::UploadId;
use agentdrop_domain::store::StoreError;
use agentdrop_domain::transfer::{Piece, Upload, UploadReads, UploadRepository};
use async_trait::async_trait;
use diesel::prelude::*;

use super::key::Key;
use super::schema::uploads;
use super::{Db, Session};
use crate::sql::values::{Corrupt, all, maybe, number, object_key, stored};

/// Stands for a file that comes in one piece; parts are numbered from 1.
const WHOLE: i64 = 0;

fn part_of(piece: &Piece) -> i64 {
    piece.part.map_or(WHOLE, i64::from)
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = uploads, check_for_backend(Db))]
struct UploadRow {
    id: Key,
    account_id: Key,
    object_key: String,
    reserved_bytes: i64,
    created_at: Timestamp,
    lease_until: Timestamp,
    reaping: bool,
    transfer_id: Option<Key>,
    file_id: Option<Key>,
    part: Option<i64>,
}

impl TryFrom<UploadRow> for Upload {
    type Error = Corrupt;

    fn try_from(row: UploadRow) -> Result<Self, Corrupt> {
        let part = row.part.filter(|part| *part != WHOLE).map(number).transpose()?;
        let piece = |(transfer, file): (Key, Key)| Piece { transfer: transfer.id(), file: file.id(), part };
        Ok(Self {
            id: row.id.id(),
            account_id: row.account_id.id(),
            piece: row.transfer_id.zip(row.file_id).map(piece),
            object_key: object_key(row.object_key)?,
            reserved_bytes: number(row.reserved_bytes)?,
            created_at: row.created_at,
            lease_until: row.lease_until,
            reaping: row.reaping,
        })
    }
}

impl TryFrom<&Upload> for UploadRow {
    type Error = Corrupt;

    fn try_from(upload: &Upload) -> Result<Self, Corrupt> {
        Ok(Self {
            id: upload.id.into(),
            account_id: upload.account_id.into(),
            object_key: upload.object_key.as_str().to_owned(),
            reserved_bytes: stored(upload.reserved_bytes)?,
            created_at: upload.created_at,
            lease_until: upload.lease_until,
            reaping: upload.reaping,
            transfer_id: upload.piece.map(|piece| piece.transfer.into()),
            file_id: upload.piece.map(|piece| piece.file.into()),
            part: upload.piece.map(|piece| part_of(&piece)),
        })
    }
}

#[async_trait]
impl UploadReads for Session {
    async fn upload(&mut self, id: UploadId) -> Result<Option<Upload>, StoreError> {
        maybe(self.get(uploads::table.find(Key::from(id)).select(UploadRow::as_select())).await?)
    }

    async fn abandoned_uploads(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Upload>, StoreError> {
        let query = uploads::table
            .filter(uploads::lease_until.le(now))
            .order((uploads::lease_until, uploads::id))
            .limit(i64::from(limit))
            .select(UploadRow::as_select());
        all(self.load(query).await?)
    }
}

#[async_trait]
impl UploadRepository for Session {
    async fn insert_upload(&mut self, upload: &Upload) -> Result<(), StoreError> {
        self.execute(diesel::insert_into(uploads::table).values(UploadRow::try_from(upload)?)).await?;
        Ok(())
    }

    async fn renew_upload(&mut self, id: UploadId, lease_until: Timestamp) -> Result<bool, StoreError> {
        let row = uploads::table.find(Key::from(id)).filter(uploads::reaping.eq(false));
        Ok(self.execute(diesel::update(row).set(uploads::lease_until.eq(lease_until))).await? == 1)
    }

    async fn settle_upload(&mut self, id: UploadId) -> Result<bool, StoreError> {
        let row = uploads::table.find(Key::from(id)).filter(uploads::reaping.eq(false));
        Ok(self.execute(diesel::delete(row)).await? == 1)
    }

    async fn reap_upload(
        &mut self,
        id: UploadId,
        now: Timestamp,
        abandoned: bool,
    ) -> Result<bool, StoreError> {
        let row = uploads::table.find(Key::from(id));
        // With its lease ended, one that is being reaped when its sweeper dies is taken again.
        let taken = (uploads::reaping.eq(true), uploads::lease_until.eq(now));
        let rows = if abandoned {
            self.execute(diesel::update(row.filter(uploads::lease_until.le(now))).set(taken)).await?
        } else {
            self.execute(diesel::update(row).set(taken)).await?
        };
        Ok(rows == 1)
    }

    async fn replace_uploads(&mut self, piece: &Piece, by: UploadId) -> Result<(), StoreError> {
        let others = uploads::table
            .filter(uploads::file_id.eq(Key::from(piece.file)))
            .filter(uploads::part.eq(part_of(piece)))
            .filter(uploads::id.ne(Key::from(by)));
        self.execute(diesel::update(others).set(uploads::reaping.eq(true))).await?;
        Ok(())
    }

    async fn delete_upload(&mut self, id: UploadId) -> Result<(), StoreError> {
        self.execute(diesel::delete(uploads::table.find(Key::from(id)))).await?;
        Ok(())
    }
}
