//! What every handler is handed, and the one way into a use case.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use agentdrop_domain::act::{self, Act, Ask, Ports};
use ipnet::IpNet;
use tokio::runtime::Handle;
use tracing::Instrument as _;

use crate::http::ApiError;
use crate::http::rate_limit::RateLimiters;

/// What the operator decides about the HTTP side.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// How clients reach this server, without a trailing slash; the base of every URL in answers.
    pub public_url: String,
    /// How clients reach `/blobs/…`, without a trailing slash; the base of signed URLs.
    pub blob_public_url: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Failed authentications a minute and address before further unknown keys are answered 429; 0 is off.
    pub auth_failures_per_minute: u32,
    /// Seconds without a byte after which an upload is given up.
    pub upload_idle_seconds: u64,
}

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The ports.
    pub ports: Ports,
    /// The operator's HTTP settings.
    pub settings: Arc<ApiSettings>,
    /// The rate limiters of this node.
    pub limits: Arc<RateLimiters>,
    runtime: Handle,
}

impl Api {
    /// The API on these ports. Use cases run on `runtime`, which must be multi-threaded.
    #[must_use]
    pub fn new(ports: Ports, settings: ApiSettings, runtime: Handle) -> Self {
        let limits = RateLimiters::new(&ports.settings.plans, settings.auth_failures_per_minute);
        Self { ports, settings: Arc::new(settings), limits: Arc::new(limits), runtime }
    }

    /// Performs an act and commits it.
    ///
    /// # Errors
    /// What the act refused, in its wire form.
    pub async fn perform<A>(&self, act: A) -> Result<A::Output, ApiError>
    where
        A: Act + 'static,
        A::Output: 'static,
        A::Error: Into<ApiError> + 'static,
    {
        let ports = self.ports.clone();
        self.run(async move { act::perform(&ports, &act).await.map_err(Into::into) }).await
    }

    /// Answers a question.
    ///
    /// # Errors
    /// What the question refused, in its wire form.
    pub async fn ask<A>(&self, question: A) -> Result<A::Output, ApiError>
    where
        A: Ask + 'static,
        A::Output: 'static,
        A::Error: Into<ApiError> + 'static,
    {
        let ports = self.ports.clone();
        self.run(async move { act::ask(&ports, &question).await.map_err(Into::into) }).await
    }

    /// Runs domain work on the main runtime, so that it finishes whatever the client does. HTTP workers
    /// have single-threaded runtimes, on which the database drivers must not be driven.
    ///
    /// # Errors
    /// What the work answers, or 500 if it panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.runtime.spawn(work.in_current_span()).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a use case ended without an answer");
            Err(ApiError::internal())
        })
    }

    /// Does work that the answer does not wait for.
    pub fn run_aside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(work.in_current_span());
    }

    /// An absolute URL on this server.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings.public_url)
    }

    /// An absolute URL for a path below `/blobs`.
    #[must_use]
    pub fn blob_url(&self, path: &str) -> String {
        format!("{}{path}", self.settings.blob_public_url)
    }

    /// The client's address: the peer's, or what the right-most untrusted hop says behind trusted proxies.
    #[must_use]
    pub fn client_address(&self, peer: IpAddr, forwarded_for: &str) -> IpAddr {
        let trusted = |address: &IpAddr| {
            self.settings.trusted_proxies.iter().any(|network| network.contains(&address.to_canonical()))
        };
        if !trusted(&peer) {
            return peer;
        }
        let hops = forwarded_for.rsplit(',').map_while(|hop| hop.trim().parse::<IpAddr>().ok());
        let mut client = peer;
        for hop in hops {
            client = hop;
            if !trusted(&hop) {
                break;
            }
        }
        client
    }
}
