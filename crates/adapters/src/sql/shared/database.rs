use std::time::Duration;

use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::store::{Database, ReadView, StoreError, UnitOfWork};
use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::prelude::*;

use super::super::dialect::sql_types::Moment;
use super::super::{Target, migrate};
use super::Conn;
use super::schema::{accounts, server_secrets};
use super::session::Session;
use crate::sql::Administration;
use crate::sql::pool::Connections;

/// The database of an installation.
pub(in super::super) struct SqlStore {
    /// Where transactions run.
    pub(in super::super) writers: Connections<Conn>,
    /// Where views read.
    pub(in super::super) readers: Connections<Conn>,
    /// Where it is.
    pub(in super::super) target: Target,
    /// How long an answer is waited for. A file always answers.
    pub(in super::super) patience: Option<Duration>,
}

impl SqlStore {
    async fn view(&self) -> Result<Session, StoreError> {
        Ok(Session::view(self.readers.get().await?, self.patience))
    }

    async fn transaction(&self) -> Result<Box<Session>, StoreError> {
        Ok(Box::new(Session::begin(self.writers.get().await?, self.patience).await?))
    }
}

#[async_trait]
impl Administration for SqlStore {
    async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        migrate::run(&self.target).await
    }

    async fn is_migrated(&self) -> Result<bool, StoreError> {
        migrate::is_complete(&self.target).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        let now = self.view().await?.get(diesel::select(sql::<Moment>("CURRENT_TIMESTAMP"))).await?;
        now.ok_or_else(|| StoreError::Internal("the database does not tell the time".into()))
    }

    async fn server_secret(&self, name: &str, fresh: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let mut tx = self.transaction().await?;
        let secret = tx.server_secret(name, &fresh).await?;
        tx.commit().await?;
        Ok(secret)
    }
}

#[async_trait]
impl Database for SqlStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Ok(self.transaction().await?)
    }

    async fn read(&self) -> Result<Box<dyn ReadView>, StoreError> {
        Ok(Box::new(self.view().await?))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // A real table, so that a database without them does not count as ready.
        let _any: Option<String> =
            self.view().await?.get(accounts::table.select(accounts::plan).limit(1)).await?;
        Ok(())
    }
}

impl Session {
    async fn server_secret(&mut self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.execute(
            diesel::insert_into(server_secrets::table)
                .values((server_secrets::name.eq(name), server_secrets::value.eq(fresh)))
                .on_conflict(server_secrets::name)
                .do_nothing(),
        )
        .await?;
        let stored = self.get(server_secrets::table.find(name).select(server_secrets::value)).await?;
        stored.ok_or_else(|| StoreError::Internal("the secret just written is not there".into()))
    }
}
