//! The state machine of a channel.

use super::{Channel, ChannelSide, ChannelStatus};
use crate::agent::Agent;
use crate::clock::Timestamp;
use crate::ids::{AccountId, ChannelId};

impl ChannelSide {
    /// An agent's side with its present key; `None` if it has none.
    #[must_use]
    pub fn of(agent: &Agent) -> Option<Self> {
        let keys = agent.keys.as_ref()?;
        Some(Self {
            account: agent.account_id,
            agent: agent.id,
            public_key: keys.public,
            key_version: agent.key_version,
        })
    }
}

impl Channel {
    /// A channel that `first` asks for: active at once within one account, else pending until the other
    /// side asks too.
    #[must_use]
    pub fn open(id: ChannelId, first: ChannelSide, second: ChannelSide, now: Timestamp) -> Self {
        let (a, b) = if first.agent < second.agent { (first, second) } else { (second, first) };
        let own = first.account == second.account;
        Self {
            id,
            a,
            b,
            status: if own { ChannelStatus::Active } else { ChannelStatus::Pending },
            requested_by: first.account,
            created_at: now,
            activated_at: own.then_some(now),
            revoked_at: None,
        }
    }

    /// What a pending channel is once `by` has asked for it too: active, unless `by` was the one who asked.
    #[must_use]
    pub fn asked_again(&self, by: AccountId, now: Timestamp) -> Self {
        if self.status == ChannelStatus::Pending && self.requested_by != by {
            Self { status: ChannelStatus::Active, activated_at: Some(now), ..self.clone() }
        } else {
            self.clone()
        }
    }

    /// What it is once it is over; `None` if it was before.
    #[must_use]
    pub fn revoke(&self, now: Timestamp) -> Option<Self> {
        (self.status != ChannelStatus::Revoked).then(|| Self {
            status: ChannelStatus::Revoked,
            revoked_at: Some(now),
            ..self.clone()
        })
    }
}
