use std::error::Error as StdError;
use std::time::Duration;

use agentdrop_domain::page::{Page, Slice};
use agentdrop_domain::store::{StoreError, UnitOfWork};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::{Conn, dialect};
use crate::sql::pool::Pooled;
use crate::sql::values::{Corrupt, all, known_total, number};

type Manager = <Conn as AsyncConnection>::TransactionManager;

/// All ports on one connection: in a transaction as a unit of work, without one as a view.
pub(super) struct Session {
    pub(super) conn: Pooled<Conn>,
    pub(super) course: Course,
}

/// What became of a session's statements.
#[derive(Debug)]
pub(super) struct Course {
    /// How long an answer is waited for.
    patience: Option<Duration>,
    /// One has failed. Postgres undoes such a transaction whatever is said at its end, SQLite does not; so that
    /// both do the same, it can't be committed.
    failed: bool,
    /// One runs, or nobody waited for its end.
    runs: bool,
}

impl Course {
    /// Waits for something that runs on the connection.
    async fn of<T>(&mut self, running: impl Future<Output = QueryResult<T>>) -> Result<T, StoreError> {
        if self.runs {
            return Err(unavailable(Silent));
        }
        self.runs = true;
        let ended = match self.patience {
            Some(patience) => timeout(patience, running).await.map_err(|_elapsed| unavailable(Silent)),
            None => Ok(running.await),
        };
        self.runs = ended.is_err();
        ended?.map_err(|error| dialect::DIAGNOSIS.store_error(error))
    }
}

/// Someone went on after a failed statement.
#[derive(Debug, thiserror::Error)]
#[error("a statement of the transaction had failed")]
struct Failed;

/// Nobody knows what became of a statement.
#[derive(Debug, thiserror::Error)]
#[error("the database did not answer in time")]
struct Silent;

fn unavailable(reason: impl StdError + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable { contention: false, source: Box::new(reason) }
}

/// What a statement on a session comes to.
pub(super) type Outcome<'s, T> = BoxFuture<'s, Result<T, StoreError>>;

/// Waits for a statement, and notes on the session whether it failed. Boxed, so that the types of queries do not
/// grow into those of the functions that run them.
pub(super) fn watched<'s, T>(
    running: impl Future<Output = QueryResult<T>> + Send + 's,
    course: &'s mut Course,
) -> Outcome<'s, T>
where
    T: Send + 's,
{
    Box::pin(async move {
        let outcome = course.of(running).await;
        course.failed |= outcome.is_err();
        outcome
    })
}

impl Session {
    pub(super) fn view(conn: Pooled<Conn>, patience: Option<Duration>) -> Self {
        Self { conn, course: Course { patience, failed: false, runs: false } }
    }

    pub(super) async fn begin(conn: Pooled<Conn>, patience: Option<Duration>) -> Result<Self, StoreError> {
        let mut session = Self::view(conn, patience);
        watched(dialect::begin(&mut session.conn), &mut session.course).await?;
        Ok(session)
    }

    /// Runs a statement; how many rows it touched.
    pub(super) fn execute<'s, 'q: 's, Q>(&'s mut self, statement: Q) -> Outcome<'s, usize>
    where
        Q: ExecuteDsl<Conn> + 'q,
    {
        let running = RunQueryDsl::execute(statement, &mut **self.conn);
        watched(running, &mut self.course)
    }

    /// All rows of a query.
    pub(super) fn load<'s, 'q: 's, Q, R>(&'s mut self, query: Q) -> Outcome<'s, Vec<R>>
    where
        Q: LoadQuery<'q, Conn, R> + 'q,
        R: Send + 's,
    {
        let running = RunQueryDsl::load(query, &mut **self.conn);
        watched(running, &mut self.course)
    }

    /// The first row of a query.
    pub(super) fn get<'s, 'q: 's, Q, R>(&'s mut self, query: Q) -> Outcome<'s, Option<R>>
    where
        Q: LoadQuery<'q, Conn, R> + 'q,
        R: Send + 's,
    {
        let running = RunQueryDsl::get_result(query, &mut **self.conn);
        watched(running.map(QueryResult::optional), &mut self.course)
    }

    /// The number that a counting query finds.
    pub(super) fn count<'s, 'q: 's, Q>(&'s mut self, query: Q) -> Outcome<'s, u64>
    where
        Q: LoadQuery<'q, Conn, i64> + 'q,
    {
        let running = RunQueryDsl::get_result(query, &mut **self.conn);
        let counted = watched(running, &mut self.course);
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

    async fn undo(&mut self) -> Result<(), StoreError> {
        let undone = self.course.of(Manager::rollback_transaction(&mut **self.conn)).await;
        self.retire_unless(undone)
    }

    /// Whatever state a failure has left the connection in, nobody uses it again.
    fn retire_unless(&mut self, ended: Result<(), StoreError>) -> Result<(), StoreError> {
        ended.inspect_err(|_| self.conn.retire())
    }
}

#[async_trait]
impl UnitOfWork for Session {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.course.failed {
            self.undo().await?;
            return Err(StoreError::Internal(Box::new(Failed)));
        }
        let committed = self.course.of(Manager::commit_transaction(&mut **self.conn)).await;
        self.retire_unless(committed)
    }

    async fn rollback(mut self: Box<Self>) -> Result<(), StoreError> {
        self.undo().await
    }
}

/// The next user of a connection would wait behind what still runs on it.
impl Drop for Session {
    fn drop(&mut self) {
        if self.course.runs {
            self.conn.retire();
        }
    }
}
