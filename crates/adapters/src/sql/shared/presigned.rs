use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::{FileId, TransferId};
use agentdrop_domain::store::StoreError;
use agentdrop_domain::transfer::{
    FilePart, FileState, Prepared, PreparedFile, PresignedReads, PresignedRepository, TransferFile,
    TransferStatus,
};
use agentdrop_domain::words::word_of;
use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::key::Key;
use super::schema::{file_parts, prepared_files, prepared_transfers, transfer_files, transfers};
use super::{Db, Session};
use crate::sql::values::{Corrupt, all, bytes, maybe, number, object_key, stored, word};

/// Pending: the word of the partial indexes, which only a literal condition can use.
pub(super) fn pending() -> SqlLiteral<Bool> {
    sql("transfers.status = 'pending'")
}

/// Whether its bytes are still counted: whoever needed room has let go of those that had run out, whatever the clock
/// said when the caller began to wait for its turn.
#[diesel::dsl::auto_type]
fn holds_all() -> _ {
    transfers::storage_bytes.ge(transfers::total_size)
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = prepared_transfers, check_for_backend(Db))]
struct PreparedRow {
    transfer_id: Key,
    key_id: Key,
    lifetime_seconds: i64,
    direct: bool,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = prepared_files, check_for_backend(Db))]
struct PreparedFileRow {
    file_id: Key,
    transfer_id: Key,
    position: i64,
    part_size: Option<i64>,
    state: String,
    upload_id: Option<String>,
}

impl TryFrom<PreparedFileRow> for PreparedFile {
    type Error = Corrupt;

    fn try_from(row: PreparedFileRow) -> Result<Self, Corrupt> {
        Ok(Self {
            file: row.file_id.id(),
            part_size: row.part_size.map(number).transpose()?,
            upload_id: row.upload_id,
            state: word(&FileState::ALL, &row.state)?,
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = file_parts, check_for_backend(Db))]
struct PartRow {
    file_id: Key,
    number: i64,
    size: i64,
    sha256: Vec<u8>,
    object_key: String,
}

impl TryFrom<PartRow> for FilePart {
    type Error = Corrupt;

    fn try_from(row: PartRow) -> Result<Self, Corrupt> {
        Ok(Self {
            number: number(row.number)?,
            size: number(row.size)?,
            sha256: bytes(&row.sha256)?,
            object_key: object_key(row.object_key)?,
        })
    }
}

#[async_trait]
impl PresignedReads for Session {
    async fn prepared(&mut self, id: TransferId) -> Result<Option<Prepared>, StoreError> {
        let query = prepared_transfers::table.find(Key::from(id)).select(PreparedRow::as_select());
        let Some(row): Option<PreparedRow> = self.get(query).await? else { return Ok(None) };
        let query = prepared_files::table
            .filter(prepared_files::transfer_id.eq(Key::from(id)))
            .order(prepared_files::position)
            .select(PreparedFileRow::as_select());
        let files = all(self.load::<_, PreparedFileRow>(query).await?)?;
        let (transfer, key) = (row.transfer_id.id(), row.key_id.id());
        let lifetime_seconds = number(row.lifetime_seconds)?;
        Ok(Some(Prepared { transfer, key, lifetime_seconds, direct: row.direct, files }))
    }

    async fn file_parts(&mut self, file: FileId) -> Result<Vec<FilePart>, StoreError> {
        let query = file_parts::table
            .filter(file_parts::file_id.eq(Key::from(file)))
            .order(file_parts::number)
            .select(PartRow::as_select());
        all(self.load::<_, PartRow>(query).await?)
    }

    async fn run_out_prepared(&mut self, now: Timestamp, limit: u32) -> Result<Vec<TransferId>, StoreError> {
        let query = transfers::table
            .filter(pending())
            .filter(transfers::expires_at.le(now))
            .order((transfers::expires_at, transfers::id))
            .limit(i64::from(limit))
            .select(transfers::id);
        let keys: Vec<Key> = self.load(query).await?;
        Ok(keys.into_iter().map(Key::id).collect())
    }
}

#[async_trait]
impl PresignedRepository for Session {
    async fn insert_prepared(&mut self, prepared: &Prepared) -> Result<(), StoreError> {
        let row = PreparedRow {
            transfer_id: prepared.transfer.into(),
            key_id: prepared.key.into(),
            lifetime_seconds: stored(prepared.lifetime_seconds)?,
            direct: prepared.direct,
        };
        self.execute(diesel::insert_into(prepared_transfers::table).values(row)).await?;
        for (position, file) in (0..).zip(&prepared.files) {
            let row = PreparedFileRow {
                file_id: file.file.into(),
                transfer_id: prepared.transfer.into(),
                position,
                part_size: file.part_size.map(stored).transpose()?,
                state: word_of(&FileState::ALL, file.state).to_owned(),
                upload_id: file.upload_id.clone(),
            };
            self.execute(diesel::insert_into(prepared_files::table).values(row)).await?;
        }
        Ok(())
    }

    async fn set_file_bytes(&mut self, file: &TransferFile) -> Result<(), StoreError> {
        let row = transfer_files::table.filter(transfer_files::id.eq(Key::from(file.id)));
        let set = (
            transfer_files::object_key.eq(file.object_key.as_str()),
            transfer_files::sha256.eq(file.sha256.map(Vec::from)),
            transfer_files::parts.eq(i64::from(file.parts)),
        );
        self.execute(diesel::update(row).set(set)).await?;
        Ok(())
    }

    async fn set_file_state(&mut self, file: FileId, state: FileState) -> Result<(), StoreError> {
        let row = prepared_files::table.find(Key::from(file));
        let word = word_of(&FileState::ALL, state);
        self.execute(diesel::update(row).set(prepared_files::state.eq(word))).await?;
        Ok(())
    }

    async fn put_file_part(&mut self, file: FileId, part: &FilePart) -> Result<Option<FilePart>, StoreError> {
        let place = || file_parts::table.find((Key::from(file), i64::from(part.number)));
        let before = maybe(self.get(place().select(PartRow::as_select())).await?)?;
        let row = PartRow {
            file_id: file.into(),
            number: part.number.into(),
            size: stored(part.size)?,
            sha256: part.sha256.to_vec(),
            object_key: part.object_key.as_str().to_owned(),
        };
        if before.is_some() {
            self.execute(diesel::delete(place())).await?;
        }
        self.execute(diesel::insert_into(file_parts::table).values(row)).await?;
        Ok(before)
    }

    async fn delete_file_parts(&mut self, file: FileId) -> Result<(), StoreError> {
        let rows = file_parts::table.filter(file_parts::file_id.eq(Key::from(file)));
        self.execute(diesel::delete(rows)).await?;
        Ok(())
    }

    async fn prolong_prepared(
        &mut self,
        id: TransferId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let waits = transfers::expires_at.gt(now).and(transfers::expires_at.lt(until));
        let row = transfers::table.find(Key::from(id)).filter(pending()).filter(waits).filter(holds_all());
        self.execute(diesel::update(row).set(transfers::expires_at.eq(until))).await?;
        Ok(())
    }

    async fn activate_transfer(&mut self, id: TransferId, expires_at: Timestamp) -> Result<bool, StoreError> {
        let row = transfers::table.find(Key::from(id)).filter(pending()).filter(holds_all());
        let active = word_of(&TransferStatus::ALL, TransferStatus::Active);
        let set = (
            transfers::status.eq(active),
            transfers::expires_at.eq(expires_at),
            transfers::announced.eq(true),
        );
        Ok(self.execute(diesel::update(row).set(set)).await? == 1)
    }

    async fn set_total_size(&mut self, id: TransferId, bytes: u64) -> Result<(), StoreError> {
        let row = transfers::table.find(Key::from(id));
        self.execute(diesel::update(row).set(transfers::total_size.eq(stored(bytes)?))).await?;
        Ok(())
    }

    async fn delete_prepared(&mut self, id: TransferId) -> Result<(), StoreError> {
        let files = prepared_files::table.filter(prepared_files::transfer_id.eq(Key::from(id)));
        self.execute(diesel::delete(files)).await?;
        self.execute(diesel::delete(prepared_transfers::table.find(Key::from(id)))).await?;
        Ok(())
    }
}
