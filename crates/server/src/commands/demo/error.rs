//! Why a demo does not come to its end.

use std::io;
use std::path::PathBuf;

use agentdrop_domain::account::CreateAccountError;

use super::client::CallError;
use crate::config::ConfigErrors;
use crate::serve::StartError;

/// Why a demo does not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Its own settings.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// Its server.
    #[error("the demo's server does not start")]
    Start(#[from] StartError),
    /// An account.
    #[error("the account {email} can't be created")]
    Account {
        /// Whose.
        email: &'static str,
        /// Why.
        source: CreateAccountError,
    },
    /// A file or the output.
    #[error("can't {doing}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A call to the API.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Encryption or decryption.
    #[error("can't {doing}")]
    Crypto {
        /// What was tried.
        doing: &'static str,
        /// What is wrong.
        source: agentdrop_protocol::Error,
    },
    /// The API answered, but not what the exchange needs.
    #[error("{0}")]
    Unexpected(&'static str),
    /// The received file is not the sent one.
    #[error("the received file {received} differs from the sent one")]
    Differs {
        /// The received file's name.
        received: String,
    },
    /// The server could read what it stores.
    #[error("the server's file {0} holds a line of the sent file in clear")]
    InClear(PathBuf),
    /// The process was told to stop.
    #[error("interrupted")]
    Interrupted,
}

/// For `map_err`: what was tried with a file.
pub fn doing(doing: &'static str) -> impl FnOnce(io::Error) -> DemoError {
    move |source| DemoError::Io { doing, source }
}

/// For `map_err`: what was tried with keys and ciphertext.
pub fn crypto(doing: &'static str) -> impl FnOnce(agentdrop_protocol::Error) -> DemoError {
    move |source| DemoError::Crypto { doing, source }
}
