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

use std::io::{self, Write};
use std::path::Path;

use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};

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
    // Before there is anything to remove.
    let interruption = Interruption::catch().map_err(doing("listen for signals"))?;
    let folder = tempfile::Builder::new().prefix("agentdrop-demo-").tempdir();
    let folder = folder.map_err(doing("make a temporary folder"))?;
    let played = play(folder.path(), out, interruption).await;
    let removed = remove(folder);
    played.and(removed)
}

async fn play(folder: &Path, out: &mut dyn Write, mut interruption: Interruption) -> Result<(), DemoError> {
    let data = folder.join("server");
    let mut story = Story::begin(out, folder)?;
    let running = start(&config(&data)?).await?;
    let told = tokio::select! {
        told = scene::play(&running, folder, &data, &mut story) => told,
        interrupted = interruption.came() => Err(interrupted),
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

/// The signals that tell the process to stop, caught from when this is made.
struct Interruption {
    terminate: Signal,
    interrupt: Signal,
}

impl Interruption {
    fn catch() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn came(&mut self) -> DemoError {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        DemoError::Interrupted
    }
}
