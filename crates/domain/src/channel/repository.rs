use async_trait::async_trait;

use super::Channel;
use crate::agent::AgentSlug;
use crate::ids::{AccountId, AgentId, ChannelId};
use crate::page::{Page, Slice};
use crate::store::StoreError;

/// A channel with the slugs of its agents (deleted agents included).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelView {
    /// The channel.
    pub channel: Channel,
    /// The slug of side `a`.
    pub a_slug: AgentSlug,
    /// The slug of side `b`.
    pub b_slug: AgentSlug,
}

/// Reading channels.
#[async_trait]
pub trait ChannelReads: Send {
    /// The channel of that id.
    async fn channel(&mut self, id: ChannelId) -> Result<Option<ChannelView>, StoreError>;
    /// The pending or active channel of two agents, in either order.
    async fn living_channel(&mut self, x: AgentId, y: AgentId) -> Result<Option<Channel>, StoreError>;
    /// The channels of an account, or of one of its agents, newest first, living ones only.
    async fn channels(
        &mut self,
        account: AccountId,
        agent: Option<AgentId>,
        page: Page,
    ) -> Result<Slice<ChannelView>, StoreError>;
    /// An agent's pending and active channels.
    async fn living_channels_of_agent(&mut self, agent: AgentId) -> Result<Vec<Channel>, StoreError>;
    /// The pending and active channels between two accounts.
    async fn living_channels_between(
        &mut self,
        x: AccountId,
        y: AccountId,
    ) -> Result<Vec<Channel>, StoreError>;
}

/// Changing channels.
#[async_trait]
pub trait ChannelRepository: ChannelReads {
    /// Adds a channel. A living one of the same two agents is a conflict on `ChannelPair`.
    async fn insert_channel(&mut self, channel: &Channel) -> Result<(), StoreError>;
    /// Writes a channel's status and times.
    async fn update_channel(&mut self, channel: &Channel) -> Result<(), StoreError>;
}
