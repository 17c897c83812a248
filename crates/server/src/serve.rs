//! A running node: the HTTP server and the background worker.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use agentdrop_api::{Api, ApiSettings, Listener, ServeOptions, serve};
use agentdrop_domain::act::Ports;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Key, keys};
use crate::tls::{Certificate, TlsError};
use crate::wiring::{self, Node, WiringError};
use crate::worker;

/// How long a stopping node waits for the jobs that are under way.
const LAST_JOB: Duration = Duration::from_secs(5);

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A part of it.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// The socket.
    #[error(
        "can't listen on {address}: is another server running there? Choose another address with {}", key.env
    )]
    Listen {
        /// The setting.
        key: &'static Key,
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP server.
    #[error("the HTTP server can't be started")]
    Http(#[source] std::io::Error),
}

/// A node that answers requests.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// How clients reach it.
    pub public_url: String,
    /// Where it listens for `/blobs/` alone.
    pub blob_address: Option<SocketAddr>,
    /// What signed URLs begin with.
    pub blob_public_url: String,
    /// What it shows on its TLS listeners.
    pub certificate: Option<Arc<Certificate>>,
    /// Its ports.
    pub ports: Ports,
    http: actix_web::dev::ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    workers: JoinSet<()>,
    stop: CancellationToken,
}

/// Starts a node. When this returns, it answers.
///
/// # Errors
/// [`StartError`], which says what to change.
pub async fn start(config: &Config) -> Result<Running, StartError> {
    let certificate = config.tls.as_ref().map(|tls| Certificate::read(&tls.files)).transpose()?;
    let Node { ports, .. } = wiring::open(config).await?;
    let (main, address) =
        listen(&keys::LISTEN, config.listen, certificate.as_ref().filter(|_| config.speaks_tls()))?;
    let blobs = config
        .blob_listen
        .map(|blobs| listen(&keys::BLOB_LISTEN, blobs, certificate.as_ref()))
        .transpose()?;
    let (blobs, blob_address) = blobs.unzip();
    let (public_url, blob_public_url) = (config.public_url(address), config.blob_public_url(address));
    let settings = ApiSettings {
        public_url: public_url.clone(),
        blob_public_url: blob_public_url.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        auth_failures_per_minute: config.auth_failures_per_minute,
        upload_idle_seconds: config.upload_idle.as_secs(),
    };
    let api = Api::new(ports.clone(), settings, tokio::runtime::Handle::current());
    let options = ServeOptions { workers: config.workers, shutdown_seconds: config.shutdown_grace.as_secs() };
    let server = serve(api, main, blobs, options).map_err(StartError::Http)?;
    let http = server.handle();
    let stop = CancellationToken::new();
    let workers = worker::start(&ports, &stop);
    let serving = tokio::spawn(server);
    Ok(Running {
        address,
        public_url,
        blob_address,
        blob_public_url,
        certificate,
        ports,
        http,
        serving,
        workers,
        stop,
    })
}

/// Binds a socket; also, where it is bound.
fn listen(
    key: &'static Key,
    address: SocketAddr,
    certificate: Option<&Arc<Certificate>>,
) -> Result<(Listener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { key, address, source };
    let socket = TcpListener::bind(address).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    let bound = socket.local_addr().map_err(failed)?;
    let tls = certificate.map(Certificate::server_config).transpose()?;
    Ok((Listener { socket, tls }, bound))
}

impl Running {
    /// Takes no new requests and jobs, lets running requests finish within the configured time, then ends.
    pub async fn stop(self) {
        self.stop.cancel();
        self.http.stop(true).await;
        self.end().await;
    }

    /// Ends at once. A job that is cut off is begun again when its lease has run out.
    pub async fn abort(mut self) {
        self.stop.cancel();
        self.workers.abort_all();
        self.http.stop(false).await;
        self.end().await;
    }

    /// Waits until the HTTP server has ended by itself, which it should never do.
    pub async fn failed(&mut self) -> String {
        match (&mut self.serving).await {
            Ok(Ok(())) => "the HTTP server has ended".to_owned(),
            Ok(Err(error)) => format!("the HTTP server has ended: {error}"),
            Err(error) => format!("the HTTP server has ended: {error}"),
        }
    }

    async fn end(mut self) {
        let ended = async { while self.workers.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_JOB, ended).await.is_err() {
            self.workers.abort_all();
        }
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the HTTP server ended badly");
        }
    }
}
