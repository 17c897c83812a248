//! `agentdrop-server serve`.

use std::future::pending;
use std::io::{self, Write};
use std::sync::Arc;

use agentdrop_adapters::durability::Durability;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Config;
use crate::serve::{Running, StartError, start};
use crate::tls::Certificate;
use crate::wiring::{database_name, storage_name};
use crate::with_causes;

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It never began.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The HTTP server is gone without being told to.
    #[error("{0}")]
    Ended(String),
    /// The system.
    #[error("can't listen for signals or write to standard output")]
    Io(#[from] io::Error),
}

/// Serves until the process is told to stop. The first SIGTERM or SIGINT lets running requests finish, the
/// second does not. If there is a certificate, SIGHUP has it read again.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(config: &Config, out: &mut impl Write) -> Result<(), ServeError> {
    let mut signals = Signals::new()?;
    let mut running = start(config).await?;
    let mut renewals = Renewals::new(running.certificate.clone())?;
    greet(config, &running, out)?;
    tokio::select! {
        () = signals.next() => {}
        () = renewals.run() => {}
        failure = running.failed() => return Err(ServeError::Ended(failure)),
    }
    tracing::info!("stopping; running requests may finish");
    tokio::select! {
        () = running.stop() => {}
        () = signals.next() => tracing::warn!("stopped at once"),
    }
    Ok(())
}

fn greet(config: &Config, running: &Running, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "AgentDrop server {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "  listening on  {}://{}", config.scheme(), running.address)?;
    writeln!(out, "  public URL    {}", running.public_url)?;
    if let Some(address) = running.blob_address {
        writeln!(out, "  blobs also on {}://{address}", config.blob_scheme())?;
    }
    if running.blob_public_url != running.public_url {
        writeln!(out, "  signed URLs   {}", running.blob_public_url)?;
    }
    writeln!(out, "  database      {}", database_name(config))?;
    writeln!(out, "  files         {}", storage_name(config))?;
    if config.durability == Durability::Os {
        writeln!(out, "  durability    os: a power cut may lose what was answered with success")?;
    }
    writeln!(out, "  API docs      {}/docs/", running.public_url)?;
    writeln!(out)?;
    writeln!(out, "Next, in another terminal: make an account and its first API key with")?;
    writeln!(out, "  {} account create --email you@example.com --name You", program())?;
    out.flush()
}

/// How this program was called, so that the suggested command works as it stands.
fn program() -> String {
    std::env::args_os()
        .next()
        .map_or_else(|| "agentdrop-server".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Reads the certificate again at every SIGHUP. Without a certificate that signal ends the process, as ever.
struct Renewals(Option<(Signal, Arc<Certificate>)>);

impl Renewals {
    fn new(certificate: Option<Arc<Certificate>>) -> io::Result<Self> {
        let beside = |certificate| Ok::<_, io::Error>((signal(SignalKind::hangup())?, certificate));
        Ok(Self(certificate.map(beside).transpose()?))
    }

    /// Does not end.
    async fn run(&mut self) {
        let Some((hangup, certificate)) = &mut self.0 else { return pending().await };
        while hangup.recv().await.is_some() {
            match certificate.renew() {
                Ok(()) => tracing::info!("the certificate was read again"),
                Err(error) => {
                    tracing::error!(
                        cause = with_causes(&error),
                        "the certificate stays the one that was read before"
                    );
                }
            }
        }
        pending().await
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
