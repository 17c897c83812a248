use std::sync::Arc;
use std::time::Duration;

use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Config, NoTls, Socket};

use super::Conn;
use super::address::Address;
use super::shared::SqlStore;
use super::tls::Tls;
use crate::sql::error::{NoConnection, in_one_line};
use crate::sql::pool::{Connections, PoolSize};
use crate::sql::{Administration, OpenError, Options};

/// After so long a connection is replaced, so that a server behind a name can change.
const LIFETIME: Duration = Duration::from_mins(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A peer that answers nothing for so long is gone.
const PEER_TIMEOUT: Duration = Duration::from_secs(30);

const SILENT: &str = "the server accepts connections and says nothing";

/// A Postgres server and how to talk to it.
#[derive(Clone)]
pub(super) struct Target {
    config: Config,
    tls: Tls,
    settings: String,
    /// How long an answer is waited for.
    patience: Duration,
}

/// Opens a pool to the server at `url`.
pub(in super::super) async fn open(
    url: &str,
    options: &Options,
) -> Result<Arc<dyn Administration>, OpenError> {
    let target = Target::new(url.parse()?, options)?;
    let size = PoolSize { max: options.connections, wait: options.wait, lifetime: Some(LIFETIME) };
    let to = target.clone();
    let patience = options.answer_timeout;
    let connect = move || {
        let to = to.clone();
        Box::pin(async move { to.connect().await }) as _
    };
    let both = Connections::open(size, Box::new(connect)).await?;
    within(patience, warn_of_foreign_messages(&both)).await?;
    Ok(Arc::new(SqlStore { writers: both.clone(), readers: both, target, patience: Some(patience) }))
}

impl Target {
    pub(super) fn new(address: Address, options: &Options) -> Result<Self, OpenError> {
        let tls = Tls::new(address.tls)?;
        let mut config = address.config;
        if config.get_application_name().is_none() {
            config.application_name("agentdrop");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.keepalives_idle(PEER_TIMEOUT).tcp_user_timeout(PEER_TIMEOUT);
        let settings = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {};
             {ENGLISH_MESSAGES}",
            options.statement_timeout.as_millis(),
            options.lock_timeout.as_millis(),
            options.statement_timeout.as_millis() * 2,
        );
        Ok(Self { config, tls, settings, patience: options.answer_timeout })
    }

    /// A connection, set up for use.
    pub(super) async fn connect(&self) -> Result<Conn, NoConnection> {
        within(self.patience, self.connect_and_set()).await
    }

    async fn connect_and_set(&self) -> Result<Conn, NoConnection> {
        let mut conn = match &self.tls {
            Tls::Never => self.connect_with(NoTls).await?,
            Tls::Always(verified) => self.connect_with(verified.clone()).await?,
            Tls::IfPossible(verified) => match self.connect_with(verified.clone()).await {
                Ok(conn) => conn,
                Err(Refusal { by_server: false, .. }) => self.connect_with(NoTls).await?,
                Err(refusal) => return Err(refusal.into()),
            },
        };
        let set = conn.batch_execute(&self.settings).await;
        set.map_err(|error| NoConnection(in_one_line(&error)))?;
        Ok(conn)
    }

    async fn connect_with<T>(&self, tls: T) -> Result<Conn, Refusal>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let (client, connection) = self.config.connect(tls).await?;
        let conn = Conn::try_from_client_and_connection(client, connection).await;
        conn.map_err(|error| Refusal { by_server: true, reason: in_one_line(&error) })
    }
}

async fn within<T>(
    patience: Duration,
    asked: impl Future<Output = Result<T, NoConnection>>,
) -> Result<T, NoConnection> {
    timeout(patience, asked).await.unwrap_or_else(|_elapsed| Err(NoConnection(SILENT.to_owned())))
}

/// Why there is no connection.
struct Refusal {
    /// The server itself refused, so another way to it would end the same.
    by_server: bool,
    reason: String,
}

impl From<tokio_postgres::Error> for Refusal {
    fn from(error: tokio_postgres::Error) -> Self {
        Self { by_server: error.as_db_error().is_some(), reason: in_one_line(&error) }
    }
}

impl From<Refusal> for NoConnection {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.reason)
    }
}

/// The driver under us hands on messages, not codes, and servers translate messages. Only some roles may
/// choose the language.
const ENGLISH_MESSAGES: &str = "DO $$ BEGIN PERFORM set_config('lc_messages', 'C', false); \
     EXCEPTION WHEN insufficient_privilege THEN NULL; END $$";

/// Says so where deadlocks and timeouts will not be recognised, because the server speaks another language.
async fn warn_of_foreign_messages(connections: &Connections<Conn>) -> Result<(), NoConnection> {
    let mut conn = connections.get().await?;
    let asked = diesel::select(sql::<Text>("current_setting('lc_messages')")).get_result(&mut *conn).await;
    let language: String = asked.map_err(|error| NoConnection(in_one_line(&error)))?;
    if !["C", "POSIX", "en"].iter().any(|english| language.starts_with(english)) && !language.is_empty() {
        tracing::warn!(
            lc_messages = language,
            "this Postgres server translates its messages, so deadlocks and timeouts are reported as \
             internal errors; set lc_messages = 'C' for the database or the role"
        );
    }
    Ok(())
}
