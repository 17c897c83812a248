//! Who answers at a URL?

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use crate::own_listener;

/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer that is read, in bytes.
pub const MAX_BODY: usize = 64 << 10;

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An AgentDrop server.
    Ours,
    /// Someone who names another URL.
    Redirect(String),
    /// Someone else, with this status.
    Foreign(u16),
    /// Someone with whom TLS can't be spoken; why.
    Untrusted(String),
    /// Nobody; why.
    Silent(String),
}

/// Asks for the health of the server at a base URL.
pub async fn ask(base: &str) -> Answer {
    judged(base, client()).await
}

/// Asks a listener of this machine's own server, whose certificate is for another name.
pub async fn ask_here(base: &str) -> Answer {
    judged(base, own_listener::client()).await
}

async fn judged(base: &str, client: Result<HttpClient, rustls::Error>) -> Answer {
    match timeout(PATIENCE, get(&format!("{base}/healthz"), client)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) if is_tls(&*error) => Answer::Untrusted(root_cause(&*error)),
        Ok(Err(error)) => Answer::Silent(root_cause(&*error)),
        Err(_) => Answer::Silent(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

pub type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Not the client of the other commands: that one speaks no TLS and follows redirects.
pub fn client() -> Result<HttpClient, rustls::Error> {
    let https = HttpsConnectorBuilder::new().with_tls_config(tls()?).https_or_http().enable_http1().build();
    Ok(Client::builder(TokioExecutor::new()).build(https))
}

async fn get(
    url: &str,
    client: Result<HttpClient, rustls::Error>,
) -> Result<Answer, Box<dyn StdError + Send + Sync>> {
    let answer = client?.get(url.parse()?).await?;
    let status = answer.status();
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    if let (true, Some(location)) = (status.is_redirection(), header("location")) {
        return Ok(Answer::Redirect(location.to_owned()));
    }
    let has_request_id = header("x-request-id").is_some_and(|id| id.starts_with("req_"));
    let body = Limited::new(answer.into_body(), MAX_BODY).collect().await?.to_bytes();
    Ok(if status.is_success() && has_request_id && says_ok(&body) {
        Answer::Ours
    } else {
        Answer::Foreign(status.as_u16())
    })
}

fn says_ok(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|answer: serde_json::Value| answer["status"] == "ok")
}

/// Trusts the public authorities and those that this machine trusts.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The layers of the HTTP client in between tell nothing.
pub fn root_cause(error: &(dyn StdError + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), root_cause)
}

/// Whether TLS is the cause, and not that nobody is there.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<rustls::Error>()
        || inner.is_some_and(|inner| is_tls(inner))
        || error.source().is_some_and(is_tls)
}
