//! The server program: configuration, command line, wiring and commands of `agentdrop-server`.

pub mod check_config;
pub mod cli;
pub mod commands;
pub mod config;
pub mod healthcheck;
pub mod logging;
mod own_listener;
pub mod serve;
pub mod tls;
pub mod wiring;
mod worker;

/// An error and its causes in one line, for people and logs.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
