//! `agentdrop-server healthcheck`: asks the server of the same configuration whether it is ready, so that a
//! container needs no other program for its health check.

use std::time::Duration;

use hyper_util::client::legacy::Error as ClientError;
use tokio::time::timeout;

use crate::config::{Config, reachable};
use crate::own_listener;

const PATIENCE: Duration = Duration::from_secs(5);

/// The server is not ready, or can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// `listen` has port 0, so nobody knows where the server listens.
    #[error("`listen` has port 0: give it a fixed port to check the server's health")]
    UnknownPort,
    /// Such as an IPv6 address with a zone.
    #[error("{0} can't be asked")]
    UnknownAddress(String),
    /// It does not answer in time.
    #[error("{url} does not answer within {} s", PATIENCE.as_secs())]
    Silent {
        /// What was asked.
        url: String,
    },
    /// It does not answer.
    #[error("{0} does not answer")]
    Unreachable(String, #[source] ClientError),
    /// The server speaks TLS, and this process can't.
    #[error("TLS can't be spoken")]
    Tls(#[from] rustls::Error),
    /// It answers that it is not ready.
    #[error("{0} answers {1}")]
    Refused(String, u16),
}

/// Asks `/readyz` of the server that listens where this configuration says.
///
/// # Errors
/// If the server does not answer within 5 seconds, or not with success.
pub async fn healthcheck(config: &Config) -> Result<(), NotReady> {
    if config.listen.port() == 0 {
        return Err(NotReady::UnknownPort);
    }
    let url = format!("{}://{}/readyz", config.scheme(), reachable(config.listen));
    let Ok(uri) = url.parse() else { return Err(NotReady::UnknownAddress(url)) };
    let answer = timeout(PATIENCE, own_listener::client()?.get(uri)).await;
    match answer {
        Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
        Ok(Ok(answer)) => Err(NotReady::Refused(url, answer.status().as_u16())),
        Ok(Err(error)) => Err(NotReady::Unreachable(url, error)),
        Err(_) => Err(NotReady::Silent { url }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::Environment;

    fn listening_on(address: SocketAddr) -> Config {
        let environment = Environment::new([("AGENTDROP_LISTEN", address.to_string())]);
        Config::load(None, &environment).unwrap().config
    }

    async fn asked(status_line: &'static str) -> (Result<(), NotReady>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = listening_on(listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).await.unwrap();
            let answer = format!("HTTP/1.1 {status_line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        (healthcheck(&config).await, server.await.unwrap())
    }

    #[tokio::test]
    async fn a_ready_server_is_healthy() {
        let (result, request) = asked("200 OK").await;
        assert!(result.is_ok(), "{result:?}");
        assert!(request.starts_with("GET /readyz HTTP/1.1\r\n"), "{request}");
    }

    #[tokio::test]
    async fn a_server_that_is_not_ready_is_not_healthy() {
        let (result, _) = asked("503 Service Unavailable").await;
        assert!(matches!(result, Err(NotReady::Refused(_, 503))));
    }

    #[tokio::test]
    async fn silence_and_unknown_ports_are_not_healthy() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = listening_on(listener.local_addr().unwrap());
        drop(listener);
        assert!(matches!(healthcheck(&config).await, Err(NotReady::Unreachable(..))));
        let config = listening_on("127.0.0.1:0".parse().unwrap());
        assert!(matches!(healthcheck(&config).await, Err(NotReady::UnknownPort)));
    }
}
