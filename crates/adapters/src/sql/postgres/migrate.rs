use agentdrop_domain::store::StoreError;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use diesel_async::SimpleAsyncConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio::task::spawn_blocking;

use super::dialect::DIAGNOSIS;
use super::{Conn, Target};
use crate::sql::migration::{Migrated, applied, failure, failure_of};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The advisory lock that migrating nodes take; any number, as long as it stays the same.
const LOCK: i64 = 0x6167_656e_7464_726f;

/// Applies what is not applied yet. Of several nodes at once one does, the others wait and then find nothing
/// to do. The lock belongs to the connection and ends with it.
pub(super) async fn run(target: &Target) -> Result<Vec<String>, StoreError> {
    let mut conn = target.connect().await?;
    // A migration of large tables takes its time; another node that migrates is waited for.
    let locked = async {
        conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = '5min'").await?;
        sql_query("SELECT pg_advisory_lock($1)").bind::<BigInt, _>(LOCK).execute(&mut conn).await
    };
    locked.await.map_err(|error| DIAGNOSIS.store_error(error))?;
    on_a_thread(conn, |conn| {
        Ok(applied(&conn.run_pending_migrations(MIGRATIONS).map_err(Migrated::Refused)?))
    })
    .await
}

/// Whether everything is applied.
pub(super) async fn is_complete(target: &Target) -> Result<bool, StoreError> {
    let conn = target.connect().await?;
    on_a_thread(conn, |conn| Ok(!conn.has_pending_migration(MIGRATIONS).map_err(Migrated::Refused)?)).await
}

type Blocking = AsyncConnectionWrapper<Conn>;

/// The migrations are written for connections that block.
async fn on_a_thread<T: Send + 'static>(
    conn: Conn,
    work: fn(&mut Blocking) -> Result<T, Migrated>,
) -> Result<T, StoreError> {
    let worked =
        spawn_blocking(move || work(&mut Blocking::from(conn)).map_err(|error| failure(error, &DIAGNOSIS)));
    worked.await.map_err(failure_of)?
}
