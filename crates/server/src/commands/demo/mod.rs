//! `agentdrop-server demo`: a whole encrypted exchange between two accounts, over the real HTTP API of a server
//! in a temporary folder, told as it happens.

mod client;
mod content;
mod envelope;
mod error;
mod meeting;
mod participant;
mod receive;
mod scene;
mod send;
mod server_disk;
mod story;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::Path;

use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Config, Environment};
use crate::serve::start;
use error::doing;
use story::Story;

pub use error::DemoError;

/// Settings that the demo takes over from its caller.
const KEPT: [&str; 2] = ["AGENTDROP_LOG", "AGENTDROP_LOG_FORMAT"];

/// The environment that counts for the demo: only how to log, and by default nothing but what is odd, so that
/// the story stays readable.
#[must_use]
pub fn environment(process: &Environment) -> Environment {
    let kept = KEPT.into_iter().filter_map(|name| Some((name, process.get(name)?.to_owned())));
    Environment::new([("AGENTDROP_LOG", "warn".into())].into_iter().chain(kept))
}

/// Plays the exchange and tells it. Everything is in a folder below the system's temporary one, which is
/// removed at the end, however that comes.
///
/// # Errors
/// [`DemoError`]; in particular if the received bytes are not the sent ones.
pub async fn demo(out: &mut dyn Write) -> Result<(), DemoError> {
    let folder = tempfile::Builder::new().prefix("agentdrop-demo-").tempdir();
    let folder = folder.map_err(doing("make a temporary folder"))?;
    let played = play(folder.path(), out).await;
    let removed = remove(folder);
    played.and(removed)
}

async fn play(folder: &Path, out: &mut dyn Write) -> Result<(), DemoError> {
    let data = folder.join("server");
    let mut story = Story::begin(out, folder)?;
    let running = start(&config(&data)?).await?;
    let told = tokio::select! {
        told = scene::play(&running, folder, &data, &mut story) => told,
        signalled = interrupted() => Err(signalled),
    };
    running.abort().await;
    told.and_then(|()| story.end())
}

fn config(data: &Path) -> Result<Config, DemoError> {
    let environment = Environment::new([
        ("AGENTDROP_DATA_DIR", data.as_os_str().to_owned()),
        ("AGENTDROP_LISTEN", "127.0.0.1:0".into()),
    ]);
    Ok(Config::load(None, &environment)?.config)
}

fn remove(folder: TempDir) -> Result<(), DemoError> {
    folder.close().map_err(doing("remove the temporary folder"))
}

/// Waits until the process is told to stop.
async fn interrupted() -> DemoError {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without signals the demo ends by itself, a moment later.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    DemoError::Interrupted
}
