//! The state machine of a pairing: who may do what to it, and what it becomes.

use super::{Pairing, PairingSide, PairingStatus, PairingView, Permission, SendDenied};
use crate::agent::AgentCard;
use crate::clock::Timestamp;
use crate::ids::{AccountId, AgentId};

/// Proof that an agent may send to another under an active pairing. Only [`Pairing::sending`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivePairing {
    from: AgentId,
    to: AgentId,
}

impl ActivePairing {
    /// The agent that may send.
    #[must_use]
    pub const fn from(&self) -> AgentId {
        self.from
    }

    /// The agent that may be sent to.
    #[must_use]
    pub const fn to(&self) -> AgentId {
        self.to
    }
}

/// What a confirming side says that it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Confirmed {
    /// The version, if it says.
    pub version: Option<u32>,
    /// The permission in its own view, if it says.
    pub permission: Option<Permission>,
}

/// Why a pairing can't be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmRefused {
    /// It is not pending.
    #[error("only a pending pairing can be confirmed; this one is {}", word(*.0))]
    NotPending(PairingStatus),
    /// The caller proposed it.
    #[error("the side that proposed a pairing, or changed it last, can't confirm it; the other side must")]
    OwnProposal,
    /// It is not what the caller saw.
    #[error("the pairing has changed since you saw it; read it again before you confirm")]
    Changed,
}

/// Why a pairing's permission can't be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpdateRefused {
    /// It is over.
    #[error("a pairing that is {} can't be changed; propose a new one", word(*.0))]
    NotLiving(PairingStatus),
    /// It is not what the caller saw.
    #[error("the pairing has changed since you saw it; read it again before you change it")]
    Changed,
}

/// Why a pairing can't be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndRefused {
    /// It is over already.
    #[error("the pairing is already {}", word(*.0))]
    AlreadyOver(PairingStatus),
    /// Only a pending one can be rejected.
    #[error("only a pending pairing can be rejected; this one is {}", word(*.0))]
    NotPending(PairingStatus),
    /// The proposer withdraws instead.
    #[error("the side that proposed a pairing can't reject it; withdraw it with DELETE instead")]
    OwnProposal,
}

fn word(status: PairingStatus) -> &'static str {
    crate::words::word_of(&PairingStatus::ALL, status)
}

impl Pairing {
    /// Whether an account is one of the two.
    #[must_use]
    pub fn has_party(&self, account: AccountId) -> bool {
        self.proposer.account == account || self.other.account == account
    }

    /// Whether an account proposed it, or changed it last.
    #[must_use]
    pub fn is_proposed_by(&self, account: AccountId) -> bool {
        self.proposer.account == account
    }

    /// The caller's side and the opposite one, in this order. `account` must be a party.
    #[must_use]
    pub fn sides_for(&self, account: AccountId) -> (PairingSide, PairingSide) {
        if self.is_proposed_by(account) { (self.proposer, self.other) } else { (self.other, self.proposer) }
    }

    /// The permission as a party sees it.
    #[must_use]
    pub fn permission_for(&self, account: AccountId) -> Permission {
        if self.is_proposed_by(account) { self.permission } else { self.permission.flipped() }
    }

    /// What the pairing is once `by` has confirmed it.
    ///
    /// # Errors
    /// [`ConfirmRefused`]; the status is looked at first, then the side, then what the caller saw.
    pub fn confirm(&self, by: AccountId, saw: Confirmed, now: Timestamp) -> Result<Self, ConfirmRefused> {
        if self.status != PairingStatus::Pending {
            return Err(ConfirmRefused::NotPending(self.status));
        }
        if self.is_proposed_by(by) {
            return Err(ConfirmRefused::OwnProposal);
        }
        let same_version = saw.version.is_none_or(|version| version == self.version);
        let same_permission = saw.permission.is_none_or(|permission| permission == self.permission_for(by));
        if !same_version || !same_permission {
            return Err(ConfirmRefused::Changed);
        }
        Ok(Self { status: PairingStatus::Active, confirmed_at: Some(now), ..self.changed() })
    }

    /// What the pairing is once `by` has set another permission, seen from their side: pending, with `by` as
    /// the proposer, so that the other side confirms. The present value of an active pairing changes
    /// nothing.
    ///
    /// # Errors
    /// [`UpdateRefused`].
    pub fn update(
        &self,
        by: AccountId,
        permission: Permission,
        saw_version: Option<u32>,
    ) -> Result<Self, UpdateRefused> {
        if !self.status.is_living() {
            return Err(UpdateRefused::NotLiving(self.status));
        }
        if saw_version.is_some_and(|version| version != self.version) {
            return Err(UpdateRefused::Changed);
        }
        if self.status == PairingStatus::Active && self.permission_for(by) == permission {
            return Ok(self.clone());
        }
        let (proposer, other) = self.sides_for(by);
        Ok(Self { proposer, other, permission, status: PairingStatus::Pending, ..self.changed() })
    }

    /// What the pairing is once `by` has said no to it.
    ///
    /// # Errors
    /// [`EndRefused`] if it is not pending, or `by` proposed it.
    pub fn reject(&self, by: AccountId, now: Timestamp) -> Result<Self, EndRefused> {
        if self.status != PairingStatus::Pending {
            return Err(EndRefused::NotPending(self.status));
        }
        if self.is_proposed_by(by) {
            return Err(EndRefused::OwnProposal);
        }
        Ok(self.ended(PairingStatus::Rejected, now))
    }

    /// What the pairing is once a party has given it up.
    ///
    /// # Errors
    /// [`EndRefused::AlreadyOver`].
    pub fn revoke(&self, now: Timestamp) -> Result<Self, EndRefused> {
        if !self.status.is_living() {
            return Err(EndRefused::AlreadyOver(self.status));
        }
        Ok(self.ended(PairingStatus::Revoked, now))
    }

    /// Whether giving it up is merely the withdrawal of one's own pending proposal.
    #[must_use]
    pub fn is_own_pending_proposal(&self, account: AccountId) -> bool {
        self.status == PairingStatus::Pending && self.is_proposed_by(account)
    }

    /// Proof that `from` may send under this pairing; `None` if it is not active or `from` is not in it.
    ///
    /// # Errors
    /// [`SendDenied`] against the direction.
    pub fn sending(&self, from: AgentId) -> Result<Option<ActivePairing>, SendDenied> {
        if self.status != PairingStatus::Active {
            return Ok(None);
        }
        let (permission, to) = if self.proposer.agent == from {
            (self.permission, self.other.agent)
        } else if self.other.agent == from {
            (self.permission.flipped(), self.proposer.agent)
        } else {
            return Ok(None);
        };
        if permission.may_send() { Ok(Some(ActivePairing { from, to })) } else { Err(SendDenied) }
    }

    fn changed(&self) -> Self {
        Self { version: self.version.saturating_add(1), ..self.clone() }
    }

    fn ended(&self, status: PairingStatus, now: Timestamp) -> Self {
        Self { status, revoked_at: Some(now), ..self.changed() }
    }
}

impl PairingView {
    /// The card of the caller's agent and that of the opposite one, in this order. `account` must be a party.
    #[must_use]
    pub fn cards_for(&self, account: AccountId) -> (&AgentCard, &AgentCard) {
        if self.pairing.is_proposed_by(account) {
            (&self.proposer_agent, &self.other_agent)
        } else {
            (&self.other_agent, &self.proposer_agent)
        }
    }
}
