//! The state machine of a connection.

use super::{Connection, ConnectionStatus};
use crate::clock::Timestamp;
use crate::ids::AccountId;

/// Why an invite can't be accepted or rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefused {
    /// The caller sent it.
    #[error("only the invited account can answer an invite; withdraw your own with DELETE instead")]
    OwnInvite,
    /// It was answered or withdrawn before.
    #[error("the invite is no longer pending; the connection is {}", word(*.0))]
    AlreadyProcessed(ConnectionStatus),
}

fn word(status: ConnectionStatus) -> &'static str {
    crate::words::word_of(&ConnectionStatus::ALL, status)
}

impl Connection {
    /// Its accounts: the inviter, and the invitee once there is one.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        std::iter::once(self.inviter).chain(self.invitee).collect()
    }

    /// The account on the other side, as far as `account` may know it: an inviter must not learn whether an
    /// address belongs to an account before that account has accepted.
    #[must_use]
    pub fn known_to(&self, account: AccountId) -> Option<AccountId> {
        let inviter_may_know = self.accepted_at.is_some() || self.inviter != account;
        self.other_side(account).filter(|_| inviter_may_know)
    }

    /// The accounts in whose number of connections it counts: an invite in its inviter's, an active
    /// connection in both, a revoked one in none.
    #[must_use]
    pub fn counted_by(&self) -> Vec<AccountId> {
        match self.status {
            ConnectionStatus::Pending => vec![self.inviter],
            ConnectionStatus::Active => self.accounts(),
            ConnectionStatus::Revoked => Vec::new(),
        }
    }

    /// Whether an account may answer the invite.
    ///
    /// # Errors
    /// [`AnswerRefused`]; the side is looked at first, then the status.
    pub fn may_answer(&self, by: AccountId) -> Result<(), AnswerRefused> {
        if self.inviter == by {
            Err(AnswerRefused::OwnInvite)
        } else if self.status != ConnectionStatus::Pending {
            Err(AnswerRefused::AlreadyProcessed(self.status))
        } else {
            Ok(())
        }
    }

    /// What it is once `by` has accepted it.
    ///
    /// # Errors
    /// [`AnswerRefused`].
    pub fn accept(&self, by: AccountId, now: Timestamp) -> Result<Self, AnswerRefused> {
        self.may_answer(by)?;
        Ok(Self { status: ConnectionStatus::Active, accepted_at: Some(now), ..self.clone() })
    }

    /// What it is once a party has given it up; `None` if that happened before.
    #[must_use]
    pub fn revoke(&self, now: Timestamp) -> Option<Self> {
        (self.status != ConnectionStatus::Revoked).then(|| Self {
            status: ConnectionStatus::Revoked,
            revoked_at: Some(now),
            ..self.clone()
        })
    }
}
