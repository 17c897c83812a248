use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::idempotency::{
    IdempotencyReads, IdempotencyRepository, Record, RecordName, RequestDigest,
};
use agentdrop_domain::ids::{ApiKeyId, AttemptId};
use agentdrop_domain::store::StoreError;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::upsert::excluded;

use super::key::Key;
use super::schema::idempotency_records as records;
use super::{Db, Session};
use crate::sql::values::{Corrupt, bytes, maybe};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = records, check_for_backend(Db))]
struct RecordRow {
    name: Vec<u8>,
    key_id: Key,
    attempt: Key,
    request: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
    expires_at: Timestamp,
}

impl TryFrom<RecordRow> for Record {
    type Error = Corrupt;

    fn try_from(row: RecordRow) -> Result<Self, Corrupt> {
        Ok(Self {
            name: RecordName(bytes(&row.name)?),
            credential: row.key_id.id(),
            attempt: row.attempt.id(),
            request: row.request.as_deref().map(bytes).transpose()?.map(RequestDigest),
            answer: row.answer,
            expires_at: row.expires_at,
        })
    }
}

impl From<&Record> for RecordRow {
    fn from(record: &Record) -> Self {
        Self {
            name: record.name.0.to_vec(),
            key_id: record.credential.into(),
            attempt: record.attempt.into(),
            request: record.request.map(|digest| digest.0.to_vec()),
            answer: record.answer.clone(),
            expires_at: record.expires_at,
        }
    }
}

/// The row of a running mark while the attempt holds it.
macro_rules! held {
    ($name:expr, $attempt:expr) => {
        records::table
            .find($name.0.to_vec())
            .filter(records::attempt.eq(Key::from($attempt)))
            .filter(records::answer.is_null())
    };
}

#[async_trait]
impl IdempotencyReads for Session {
    async fn idempotency_record(
        &mut self,
        credential: ApiKeyId,
        name: &RecordName,
    ) -> Result<Option<Record>, StoreError> {
        let row = records::table.find(name.0.to_vec()).filter(records::key_id.eq(Key::from(credential)));
        maybe(self.get(row.select(RecordRow::as_select())).await?)
    }
}

#[async_trait]
impl IdempotencyRepository for Session {
    async fn mark_running(&mut self, mark: &Record, now: Timestamp) -> Result<bool, StoreError> {
        // One statement: of several at once, one puts its mark and the others find it.
        let put = diesel::insert_into(records::table)
            .values(RecordRow::from(mark))
            .on_conflict(records::name)
            .do_update()
            .set((
                records::key_id.eq(excluded(records::key_id)),
                records::attempt.eq(excluded(records::attempt)),
                records::request.eq(excluded(records::request)),
                records::answer.eq(excluded(records::answer)),
                records::expires_at.eq(excluded(records::expires_at)),
            ));
        Ok(self.execute(methods::FilterDsl::filter(put, records::expires_at.le(now))).await? == 1)
    }

    async fn renew_mark(
        &mut self,
        name: &RecordName,
        attempt: AttemptId,
        lease_until: Timestamp,
    ) -> Result<bool, StoreError> {
        let renewed = diesel::update(held!(name, attempt)).set(records::expires_at.eq(lease_until));
        Ok(self.execute(renewed).await? == 1)
    }

    async fn answer_mark(&mut self, answered: &Record) -> Result<bool, StoreError> {
        let row = RecordRow::from(answered);
        let put = diesel::update(held!(answered.name, answered.attempt)).set((
            records::request.eq(row.request),
            records::answer.eq(row.answer),
            records::expires_at.eq(row.expires_at),
        ));
        Ok(self.execute(put).await? == 1)
    }

    async fn remove_mark(&mut self, name: &RecordName, attempt: AttemptId) -> Result<bool, StoreError> {
        Ok(self.execute(diesel::delete(held!(name, attempt))).await? == 1)
    }

    async fn forget_spent_records(&mut self, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let spent = records::table
            .filter(records::expires_at.le(now))
            .order((records::expires_at, records::name))
            .limit(i64::from(limit))
            .select(records::name);
        let spent: Vec<Vec<u8>> = self.load(spent).await?;
        if spent.is_empty() {
            return Ok(0);
        }
        let rows = records::table.filter(records::name.eq_any(spent));
        self.execute(diesel::delete(rows.filter(records::expires_at.le(now)))).await
    }
}
