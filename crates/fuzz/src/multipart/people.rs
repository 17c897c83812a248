//! Who sends and receives; the clock and the ids of their server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agentdrop_domain::account::{Account, Email};
use agentdrop_domain::agent::{Agent, AgentKeys, AgentSlug, AgentStatus, AgentType, PublicKey};
use agentdrop_domain::clock::{Clock, Timer, Timestamp};
use agentdrop_domain::ids::IdGenerator;
use agentdrop_domain::plan::PlanName;
use async_trait::async_trait;
use uuid::Uuid;

use crate::file::id;

/// Always the same moment, and ids in a row.
#[derive(Default)]
pub struct Constant(AtomicU64);

impl Clock for Constant {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }
}

#[async_trait]
impl Timer for Constant {
    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }
}

impl IdGenerator for Constant {
    fn uuid(&self) -> Uuid {
        Uuid::from_u128(1_000_000 + u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// An account on the plan `free`.
pub fn account() -> Account {
    let (Ok(email), Ok(plan)) = (Email::try_from("ann@example.com"), PlanName::try_from("free")) else {
        unreachable!("good words")
    };
    let (id, name) = (id(1), "Ann".to_owned());
    Account { id, email, name, plan, require_encryption: false, created_at: Timestamp::UNIX_EPOCH }
}

/// The account's agent `agent-N`, connected.
pub fn agent(n: u8, account: &Account) -> Agent {
    let name = format!("agent-{n}");
    let Ok(slug) = AgentSlug::try_from(name.as_str()) else { unreachable!("a good slug") };
    Agent {
        id: id(u128::from(n)),
        account_id: account.id,
        slug,
        name,
        description: None,
        agent_type: AgentType::Custom,
        webhook_url: None,
        metadata: "{}".to_owned(),
        available_for_connections: false,
        require_encryption: false,
        status: AgentStatus::Connected,
        keys: Some(AgentKeys { public: PublicKey::from_stored([n; 32]), signing: None }),
        key_version: 1,
        last_seen_at: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}
