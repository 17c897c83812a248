//! What the databases report, in the domain's terms.

use std::error::Error as StdError;
use std::fmt;

use agentdrop_domain::store::{StoreError, UniqueRule};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// Each rule, the unique index that keeps it (Postgres names it) and the columns of that index (SQLite names
/// those).
pub(super) const UNIQUE_RULES: [(UniqueRule, &str, &str); 8] = [
    (UniqueRule::AccountEmail, "accounts_email", "accounts.email"),
    (UniqueRule::AgentSlug, "agents_slug", "agents.account_id, agents.slug"),
    (UniqueRule::ConnectionPair, "connections_pair", "connections.account_low, connections.account_high"),
    (UniqueRule::ConnectionInvite, "connections_invite", "connections.inviter_id, connections.invited_email"),
    (UniqueRule::Block, "blocks_pair", "blocks.blocker_id, blocks.blocked_id"),
    (UniqueRule::PairingPair, "pairings_pair", "pairings.agent_low, pairings.agent_high"),
    (UniqueRule::ChannelPair, "channels_pair", "channels.a_agent_id, channels.b_agent_id"),
    (UniqueRule::JobKey, "jobs_unique_key", "jobs.unique_key"),
];

/// What an error without a kind of its own means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Another transaction was in the way.
    Contention,
    /// The database can't do it now.
    Outage,
    /// Nobody planned for it.
    Unknown,
}

/// How a database tells the errors apart for which diesel has no kind.
pub(super) struct Diagnosis {
    /// The rule behind a unique violation.
    pub(super) rule: fn(&dyn DatabaseErrorInformation) -> Option<UniqueRule>,
    /// The words of messages that mean contention.
    pub(super) contention: &'static [&'static str],
    /// The words of messages that mean an outage.
    pub(super) outage: &'static [&'static str],
}

impl Diagnosis {
    pub(super) fn store_error(&self, error: Error) -> StoreError {
        if let Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info) = &error
            && let Some(rule) = (self.rule)(&**info)
        {
            return StoreError::Conflict(rule);
        }
        match self.trouble(&error) {
            Trouble::Contention => StoreError::Unavailable { contention: true, source: Box::new(error) },
            Trouble::Outage => StoreError::Unavailable { contention: false, source: Box::new(error) },
            Trouble::Unknown => StoreError::Internal(Box::new(error)),
        }
    }

    fn trouble(&self, error: &Error) -> Trouble {
        match error {
            Error::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::SerializationFailure => Trouble::Contention,
                DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::ReadOnlyTransaction => Trouble::Outage,
                DatabaseErrorKind::Unknown => self.trouble_in_words(info.message()),
                _ => Trouble::Unknown,
            },
            Error::RollbackErrorOnCommit { commit_error, .. } => self.trouble(commit_error),
            Error::BrokenTransactionManager => Trouble::Outage,
            _ => Trouble::Unknown,
        }
    }

    fn trouble_in_words(&self, message: &str) -> Trouble {
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if says(self.contention) {
            Trouble::Contention
        } else if says(self.outage) {
            Trouble::Outage
        } else {
            Trouble::Unknown
        }
    }
}

/// Why no connection could be had.
#[derive(Debug)]
pub(super) struct NoConnection(pub(super) String);

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection to the database: {}", self.0)
    }
}

impl StdError for NoConnection {}

impl From<NoConnection> for StoreError {
    fn from(error: NoConnection) -> Self {
        Self::Unavailable { contention: false, source: Box::new(error) }
    }
}

/// An error and its causes in one line.
pub(super) fn in_one_line(error: &dyn StdError) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line
}
