//! When a key was last presented and its agent last heard of.

use async_trait::async_trait;
use chrono::TimeDelta;

use crate::act::{Act, Cx};
use crate::clock::Timestamp;
use crate::ids::{AgentId, ApiKeyId};
use crate::store::{StoreError, UnitOfWork};

/// How old a note of use must be before it is written anew.
const RESOLUTION: TimeDelta = TimeDelta::minutes(1);

/// Notes that a key was presented and an agent heard of, each at most once a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordUse {
    /// The key.
    pub key: ApiKeyId,
    /// The agent that the call was for.
    pub agent: Option<AgentId>,
}

/// Whether a note of use is old enough to be written anew.
#[must_use]
pub fn is_stale(noted: Option<Timestamp>, now: Timestamp) -> bool {
    noted.is_none_or(|at| now - at >= RESOLUTION)
}

#[async_trait]
impl Act for RecordUse {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        // Read again: of many calls in one minute only the first writes.
        if tx.api_key(self.key).await?.is_some_and(|key| is_stale(key.last_used_at, cx.now)) {
            tx.touch_api_key(self.key, cx.now).await?;
        }
        if let Some(id) = self.agent
            && tx.agent(id).await?.is_some_and(|agent| is_stale(agent.last_seen_at, cx.now))
        {
            tx.touch_agent(id, cx.now).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
