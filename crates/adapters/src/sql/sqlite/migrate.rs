use agentdrop_domain::store::StoreError;
use diesel::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio::task::spawn_blocking;

use super::Target;
use super::connect::Purpose;
use super::dialect::DIAGNOSIS;
use crate::sql::migration::{Migrated, applied, failure, failure_of};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Applies what is not applied yet. The whole of it is one transaction that takes the write lock first, so
/// that a second process waits and then finds nothing to do.
pub(super) async fn run(target: &Target) -> Result<Vec<String>, StoreError> {
    on_a_thread(target, |conn| {
        conn.immediate_transaction(|conn| {
            let versions = conn.run_pending_migrations(MIGRATIONS).map_err(Migrated::Refused)?;
            Ok(applied(&versions))
        })
    })
    .await
}

/// Whether everything is applied.
pub(super) async fn is_complete(target: &Target) -> Result<bool, StoreError> {
    on_a_thread(target, |conn| Ok(!conn.has_pending_migration(MIGRATIONS).map_err(Migrated::Refused)?)).await
}

async fn on_a_thread<T: Send + 'static>(
    target: &Target,
    work: fn(&mut SqliteConnection) -> Result<T, Migrated>,
) -> Result<T, StoreError> {
    let target = target.clone();
    let worked = spawn_blocking(move || {
        let mut conn = target.connect(Purpose::Write)?;
        work(&mut conn).map_err(|error| failure(error, &DIAGNOSIS))
    });
    worked.await.map_err(failure_of)?
}
