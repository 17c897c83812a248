use agentdrop_domain::page::{Page, Slice};
use agentdrop_domain::store::{StoreError, UnitOfWork};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::Error;
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Conn, dialect};
use crate::sql::pool::Pooled;
use crate::sql::values::{Corrupt, all, known_total, number};

type Manager = <Conn as AsyncConnection>::TransactionManager;

/// All ports on one connection: in a transaction as a unit of work, without one as a view.
pub(super) struct Session {
    pub(super) conn: Pooled<Conn>,
    /// A statement has failed. Postgres undoes such a transaction whatever is said at its end, SQLite does
    /// not; so that both do the same, it can't be committed.
    pub(super) failed: bool,
}

/// Someone went on after a failed statement.
#[derive(Debug, thiserror::Error)]
#[error("a statement of this transaction failed, so it was undone")]
struct Failed;

/// What a statement on a session comes to.
pub(super) type Outcome<'s, T> = BoxFuture<'s, Result<T, StoreError>>;

/// Waits for a statement, and notes on the session that it failed. Boxed, so that the types of queries do not
/// grow into those of the functions that run them.
pub(super) fn watched<'s, T>(
    running: impl Future<Output = QueryResult<T>> + Send + 's,
    failed: &'s mut bool,
) -> Outcome<'s, T> {
    Box::pin(async move {
        running.await.map_err(|error| {
            *failed = true;
            dialect::DIAGNOSIS.store_error(error)
        })
    })
}

impl Session {
    pub(super) fn view(conn: Pooled<Conn>) -> Self {
        Self { conn, failed: false }
    }

    pub(super) async fn begin(conn: Pooled<Conn>) -> Result<Self, StoreError> {
        let mut session = Self::view(conn);
        watched(dialect::begin(&mut session.conn), &mut session.failed).await?;
        Ok(session)
    }

    /// Runs a statement; how many rows it touched.
    pub(super) fn execute<'s, 'q: 's, Q>(&'s mut self, statement: Q) -> Outcome<'s, usize>
    where
        Q: ExecuteDsl<Conn> + 'q,
    {
        let running = RunQueryDsl::execute(statement, &mut *self.conn);
        watched(running, &mut self.failed)
    }

    /// All rows of a query.
    pub(super) fn load<'s, 'q: 's, Q, R>(&'s mut self, query: Q) -> Outcome<'s, Vec<R>>
    where
        Q: LoadQuery<'q, Conn, R> + 'q,
        R: Send + 's,
    {
        let running = RunQueryDsl::load(query, &mut *self.conn);
        watched(running, &mut self.failed)
    }

    /// The first row of a query.
    pub(super) fn get<'s, 'q: 's, Q, R>(&'s mut self, query: Q) -> Outcome<'s, Option<R>>
    where
        Q: LoadQuery<'q, Conn, R> + 'q,
        R: Send + 's,
    {
        let running = RunQueryDsl::get_result(query, &mut *self.conn);
        watched(running.map(QueryResult::optional), &mut self.failed)
    }

    /// The number that a counting query finds.
    pub(super) fn count<'s, 'q: 's, Q>(&'s mut self, query: Q) -> Outcome<'s, u64>
    where
        Q: LoadQuery<'q, Conn, i64> + 'q,
    {
        let running = RunQueryDsl::get_result(query, &mut *self.conn);
        let counted = watched(running, &mut self.failed);
        Box::pin(async { Ok(number(counted.await?)?) })
    }

    /// A page of rows as the domain's entities, and how many the whole list has; `total` is asked only where
    /// the page does not tell.
    pub(super) fn slice<'s, 'q: 's, Q, N, R, T>(
        &'s mut self,
        page: Page,
        items: Q,
        total: N,
    ) -> Outcome<'s, Slice<T>>
    where
        Q: LoadQuery<'q, Conn, R> + Send + 'q,
        N: LoadQuery<'q, Conn, i64> + Send + 'q,
        R: Send + 's,
        T: TryFrom<R, Error = Corrupt> + Send,
    {
        Box::pin(async move {
            let rows = self.load(items).await?;
            let total = match known_total(page, rows.len()) {
                Some(total) => total,
                None => self.count(total).await?,
            };
            Ok(Slice { items: all(rows)?, total })
        })
    }

    /// Whatever state the connection is in, nobody uses it again.
    fn give_up(&mut self, error: Error) -> StoreError {
        Manager::transaction_manager_status_mut(&mut *self.conn).set_in_error();
        dialect::DIAGNOSIS.store_error(error)
    }

    async fn undo(&mut self) -> Result<(), StoreError> {
        Manager::rollback_transaction(&mut *self.conn).await.map_err(|error| self.give_up(error))
    }
}

#[async_trait]
impl UnitOfWork for Session {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.failed {
            self.undo().await?;
            return Err(StoreError::Internal(Box::new(Failed)));
        }
        Manager::commit_transaction(&mut *self.conn).await.map_err(|error| self.give_up(error))
    }

    async fn rollback(mut self: Box<Self>) -> Result<(), StoreError> {
        self.undo().await
    }
}
