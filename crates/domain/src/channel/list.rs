//! A caller's channels.

use std::collections::HashMap;

use async_trait::async_trait;

use super::{Channel, ChannelSide, ChannelView};
use crate::act::{Ask, Cx};
use crate::agent::{AgentSlug, candidates, find_usable};
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::AgentId;
use crate::impl_act_error;
use crate::page::{Page, Slice};
use crate::store::{ReadView, StoreError};

/// Lists the caller's pending and active channels, newest first: those of an agent key's agent, or of the
/// agent that an account key's caller named, or of the whole account.
#[derive(Debug, Clone)]
pub struct List {
    /// Who asks.
    pub caller: Caller,
    /// Which slice.
    pub page: Page,
}

/// A channel as the caller sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedChannel {
    /// The channel.
    pub channel: Channel,
    /// The caller's side; side `a` where both are the caller's and no agent was named.
    pub mine: ListedSide,
    /// The other side.
    pub theirs: ListedSide,
}

/// A side as the caller sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSide {
    /// The side.
    pub side: ChannelSide,
    /// Its agent's slug.
    pub slug: AgentSlug,
    /// Whether the slug means that agent and no other that the caller can reach. Otherwise only the UUID
    /// does: a client that goes by slug alone must not take a stranger's channel.
    pub slug_is_clear: bool,
}

/// Why channels were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The named agent is not the caller's to use.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ListError);

#[async_trait]
impl Ask for List {
    type Output = Slice<ListedChannel>;
    type Error = ListError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Slice<ListedChannel>, ListError> {
        let acting = self.acting_agent(view).await?;
        let found = view.channels(self.caller.account, acting, self.page).await?;
        let mut slugs = Slugs { caller: &self.caller, reachable: HashMap::new() };
        let mut items = Vec::with_capacity(found.items.len());
        for channel in found.items {
            items.push(self.listed(view, &mut slugs, acting, channel).await?);
        }
        Ok(Slice { items, total: found.total })
    }
}

impl List {
    /// The one agent that the caller acts as, if there is one.
    async fn acting_agent(&self, view: &mut dyn ReadView) -> Result<Option<AgentId>, ListError> {
        if let Some(bound) = self.caller.bound_agent() {
            return Ok(Some(bound));
        }
        match &self.caller.named_agent {
            Some(named) => Ok(Some(find_usable::<ListError>(view, &self.caller, named).await?.id)),
            None => Ok(None),
        }
    }

    async fn listed(
        &self,
        view: &mut dyn ReadView,
        slugs: &mut Slugs<'_>,
        acting: Option<AgentId>,
        found: ChannelView,
    ) -> Result<ListedChannel, StoreError> {
        let ChannelView { channel, a_slug, b_slug } = found;
        let (a, b) = ((channel.a, a_slug), (channel.b, b_slug));
        let b_is_mine = match acting {
            Some(agent) => channel.b.agent == agent,
            None => channel.a.account != self.caller.account,
        };
        let (mine, theirs) = if b_is_mine { (b, a) } else { (a, b) };
        // The caller knows its own side, unless it could be either.
        let side_is_known = acting.is_some() || channel.a.account != channel.b.account;
        let mine_is_clear = side_is_known || slugs.is_clear(view, &mine).await?;
        let theirs_is_clear = slugs.is_clear(view, &theirs).await?;
        let side = |(side, slug), slug_is_clear| ListedSide { side, slug, slug_is_clear };
        Ok(ListedChannel { mine: side(mine, mine_is_clear), theirs: side(theirs, theirs_is_clear), channel })
    }
}

/// Which agents the caller can reach by a slug, each slug asked once.
struct Slugs<'a> {
    caller: &'a Caller,
    reachable: HashMap<AgentSlug, Vec<AgentId>>,
}

impl Slugs<'_> {
    async fn is_clear(
        &mut self,
        view: &mut dyn ReadView,
        (side, slug): &(ChannelSide, AgentSlug),
    ) -> Result<bool, StoreError> {
        if !self.reachable.contains_key(slug) {
            let found = candidates(view, self.caller.account, slug.as_str()).await?;
            let ids = found.into_iter().map(|candidate| candidate.agent.id).collect();
            self.reachable.insert(slug.clone(), ids);
        }
        let reachable = self.reachable.get(slug).map_or(&[][..], Vec::as_slice);
        Ok(reachable.iter().all(|agent| *agent == side.agent))
    }
}

#[cfg(test)]
mod tests;
