use async_trait::async_trait;

use super::{ApiKey, Identity};
use crate::clock::Timestamp;
use crate::ids::{AccountId, AgentId, ApiKeyId};
use crate::page::{Page, Slice};
use crate::secret::SecretDigest;
use crate::store::StoreError;

/// Reading keys.
#[async_trait]
pub trait ApiKeyReads: Send {
    /// Who presents a token, by its digest; also for a revoked key.
    async fn identity(&mut self, digest: &SecretDigest) -> Result<Option<Identity>, StoreError>;
    /// The key of that id, revoked or not.
    async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;
    /// The account's keys that are not revoked, newest first: its account keys, or those of one agent.
    async fn api_keys(
        &mut self,
        account: AccountId,
        agent: Option<AgentId>,
        page: Page,
    ) -> Result<Slice<ApiKey>, StoreError>;
}

/// Changing keys.
#[async_trait]
pub trait ApiKeyRepository: ApiKeyReads {
    /// Adds a key and the digest of its token.
    async fn insert_api_key(&mut self, key: &ApiKey, digest: &SecretDigest) -> Result<(), StoreError>;
    /// Revokes a key. `false` if it was revoked before.
    async fn revoke_api_key(&mut self, id: ApiKeyId, now: Timestamp) -> Result<bool, StoreError>;
    /// Revokes all keys of an agent.
    async fn revoke_keys_of_agent(&mut self, agent: AgentId, now: Timestamp) -> Result<(), StoreError>;
    /// Notes when a key was last presented.
    async fn touch_api_key(&mut self, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError>;
    /// Notes that a transfer was created with a key.
    async fn count_transfer_of_key(&mut self, id: ApiKeyId) -> Result<(), StoreError>;
}
