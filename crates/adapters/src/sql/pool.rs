//! Connections: a bounded number of them, each wait for one bounded.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use bb8::{ErrorSink, ManageConnection, Pool, PooledConnection, RunError};
use diesel_async::pooled_connection::PoolableConnection;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::error::NoConnection;

/// How a pool is sized.
#[derive(Debug, Clone, Copy)]
pub(super) struct PoolSize {
    /// How many connections at most.
    pub(super) max: u32,
    /// How long to wait for one.
    pub(super) wait: Duration,
    /// How long one is kept, and how long one is kept idle; `None` for ever.
    pub(super) lifetime: Option<Duration>,
}

/// Makes a connection that is ready for use.
pub(super) type Connect<C> = Box<dyn Fn() -> BoxFuture<'static, Result<C, NoConnection>> + Send + Sync>;

/// A connection of a pool.
pub(super) struct Member<C> {
    conn: C,
    retired: bool,
}

impl<C> Member<C> {
    /// Closes it when it comes back to its pool.
    pub(super) fn retire(&mut self) {
        self.retired = true;
    }
}

impl<C> Deref for Member<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.conn
    }
}

impl<C> DerefMut for Member<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.conn
    }
}

/// Makes connections and tells which must not be used again: one whose transaction was left open is closed,
/// which undoes the transaction.
pub(super) struct Manager<C>(Connect<C>);

impl<C: PoolableConnection + 'static> ManageConnection for Manager<C> {
    type Connection = Member<C>;
    type Error = NoConnection;

    async fn connect(&self) -> Result<Member<C>, NoConnection> {
        Ok(Member { conn: (self.0)().await?, retired: false })
    }

    /// Costs no round trip: the driver notices when the server closes the connection.
    async fn is_valid(&self, member: &mut Member<C>) -> Result<(), NoConnection> {
        if member.conn.is_broken() { Err(NoConnection("the server closed it".to_owned())) } else { Ok(()) }
    }

    fn has_broken(&self, member: &mut Member<C>) -> bool {
        member.retired || member.conn.is_broken()
    }
}

/// A connection that goes back to its pool when it is dropped.
pub(super) type Pooled<C> = PooledConnection<'static, Manager<C>>;

/// A pool that tells why it has no connections.
pub(super) struct Connections<C: PoolableConnection + 'static> {
    pool: Pool<Manager<C>>,
    last_failure: watch::Receiver<Arc<str>>,
}

impl<C: PoolableConnection + 'static> Clone for Connections<C> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), last_failure: self.last_failure.clone() }
    }
}

impl<C: PoolableConnection + 'static> Connections<C> {
    /// Opens a pool with one connection in it.
    pub(super) async fn open(size: PoolSize, connect: Connect<C>) -> Result<Self, NoConnection> {
        let (failures, last_failure) = watch::channel("no connection was tried".into());
        let pool = Pool::builder()
            .max_size(size.max)
            .min_idle(1)
            .connection_timeout(size.wait)
            .max_lifetime(size.lifetime)
            .idle_timeout(size.lifetime)
            .retry_connection(false)
            .error_sink(Box::new(Failures(failures)))
            .build(Manager(connect))
            .await?;
        Ok(Self { pool, last_failure })
    }

    /// A connection, as soon as one is free. Fails at once where the pool is empty and can't make one.
    pub(super) async fn get(&self) -> Result<Pooled<C>, NoConnection> {
        let mut failures = self.last_failure.clone();
        failures.mark_unchanged();
        let mut get = std::pin::pin!(self.pool.get_owned());
        loop {
            tokio::select! {
                biased;
                got = &mut get => return got.map_err(|error| self.explain(error)),
                Ok(()) = failures.changed() => {
                    if self.pool.state().connections == 0 {
                        return Err(NoConnection(failures.borrow_and_update().to_string()));
                    }
                }
            }
        }
    }

    fn explain(&self, error: RunError<NoConnection>) -> NoConnection {
        match error {
            RunError::User(error) => error,
            RunError::TimedOut if self.pool.state().connections == 0 => {
                NoConnection(self.last_failure.borrow().to_string())
            }
            RunError::TimedOut => NoConnection("all are in use".to_owned()),
        }
    }
}

/// Keeps the last reason for which a connection could not be had.
#[derive(Debug, Clone)]
struct Failures(watch::Sender<Arc<str>>);

impl ErrorSink<NoConnection> for Failures {
    fn sink(&self, NoConnection(reason): NoConnection) {
        tracing::warn!(reason, "a database connection failed");
        self.0.send_replace(reason.into());
    }

    fn boxed_clone(&self) -> Box<dyn ErrorSink<NoConnection>> {
        Box::new(self.clone())
    }
}
