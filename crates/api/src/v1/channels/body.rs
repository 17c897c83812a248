//! What goes in and out.

use crate::http::Paging;
use agentdrop_domain::caller::Caller;
use agentdrop_domain::channel::{
    ChannelSide, ChannelStatus, ChannelView, ListedChannel, ListedSide, Open, Opened,
};
use agentdrop_domain::error::{FieldErrors, Invalid};
use agentdrop_domain::ids::ChannelId;
use agentdrop_domain::page::Slice;
use agentdrop_domain::words::word_of;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::fields::Field;
use crate::http::paging::PageInfo;
use crate::http::wire;

/// Between whom.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct OpenChannelBody {
    /// Your agent, by UUID or slug.
    #[serde(default)]
    #[schema(value_type = String, example = "my-agent")]
    agent_id: Field<String>,
    /// The other agent, by UUID or slug.
    #[serde(default)]
    #[schema(value_type = String, example = "report-bot")]
    target_agent_id: Field<String>,
}

/// A channel as the side that asked for it gets it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenedChannelBody {
    /// The channel's id.
    id: String,
    /// `active`, or `pending` until the other side asks too.
    #[schema(example = "active")]
    status: &'static str,
    /// Your agent's public key in this channel, base64.
    my_public_key: String,
    /// The version of that key.
    my_key_version: u32,
    /// The other agent's public key in this channel, base64.
    their_public_key: String,
    /// The version of that key.
    their_key_version: u32,
}

/// A channel in a list. The caller's side is `a`.
#[derive(Debug, Serialize, ToSchema)]
struct ListedChannelBody {
    /// The channel's id.
    id: String,
    /// `pending` or `active`.
    #[schema(example = "active")]
    status: &'static str,
    /// Your agent's slug, or its UUID where another agent that you can reach bears that slug too.
    #[schema(example = "my-agent")]
    agent_a_id: String,
    /// The other agent's slug, or its UUID where another agent that you can reach bears that slug too.
    #[schema(example = "report-bot")]
    agent_b_id: String,
    /// Your agent's UUID.
    agent_a_uuid: String,
    /// The other agent's UUID.
    agent_b_uuid: String,
    /// Your agent's public key in this channel, base64.
    agent_a_public_key: String,
    /// The other agent's public key in this channel, base64.
    agent_b_public_key: String,
    /// The version of your agent's key.
    agent_a_key_version: u32,
    /// The version of the other agent's key.
    agent_b_key_version: u32,
    /// When it was asked for.
    created_at: String,
}

/// The caller's channels.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelListBody {
    /// Pending and active ones, newest first.
    channels: Vec<ListedChannelBody>,
    #[serde(flatten)]
    page: PageInfo,
}

/// One channel. Side `a` is the one with the smaller UUID. Its keys never change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelBody {
    /// The channel's id.
    id: String,
    /// `pending`, `active` or `revoked`.
    #[schema(example = "active")]
    status: &'static str,
    /// The UUID of side `a`.
    agent_a_id: String,
    /// The UUID of side `b`.
    agent_b_id: String,
    /// The slug of side `a`.
    agent_a_slug: String,
    /// The slug of side `b`.
    agent_b_slug: String,
    /// The public key of side `a` in this channel, base64.
    agent_a_public_key: String,
    /// The public key of side `b` in this channel, base64.
    agent_b_public_key: String,
    /// The version of that key of side `a`.
    agent_a_key_version: u32,
    /// The version of that key of side `b`.
    agent_b_key_version: u32,
    /// When it was asked for.
    created_at: String,
    /// When both sides had asked.
    activated_at: Option<String>,
    /// When it was revoked.
    revoked_at: Option<String>,
}

/// A revoked channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RevokedChannelBody {
    /// The channel's id.
    id: String,
    /// `revoked`.
    #[schema(example = "revoked")]
    status: &'static str,
    /// For people.
    #[schema(example = "Channel revoked. Active transfers stay readable.")]
    message: &'static str,
}

impl OpenChannelBody {
    pub(super) fn into_act(self, caller: Caller) -> Result<Open, Invalid> {
        const EXPECTED: &str = "an agent's UUID or slug";
        let mut errors = FieldErrors::default();
        let agent = self.agent_id.required(&mut errors, "agent_id", EXPECTED);
        let target = self.target_agent_id.required(&mut errors, "target_agent_id", EXPECTED);
        match (agent, target) {
            (Some(agent), Some(target)) => Ok(Open { caller, agent, target }),
            _ => Err(errors.into_invalid()),
        }
    }
}

fn key_of(side: &ChannelSide) -> String {
    wire::base64(side.public_key.as_bytes())
}

impl From<&Opened> for OpenedChannelBody {
    fn from(opened: &Opened) -> Self {
        Self {
            id: opened.channel.id.to_string(),
            status: word_of(&ChannelStatus::ALL, opened.channel.status),
            my_public_key: key_of(&opened.mine),
            my_key_version: opened.mine.key_version,
            their_public_key: key_of(&opened.theirs),
            their_key_version: opened.theirs.key_version,
        }
    }
}

/// The slug, or the UUID where the slug could mean another agent.
fn clear_name(side: &ListedSide) -> String {
    if side.slug_is_clear { side.slug.to_string() } else { side.side.agent.to_string() }
}

impl From<&ListedChannel> for ListedChannelBody {
    fn from(listed: &ListedChannel) -> Self {
        let (mine, theirs) = (&listed.mine, &listed.theirs);
        Self {
            id: listed.channel.id.to_string(),
            status: word_of(&ChannelStatus::ALL, listed.channel.status),
            agent_a_id: clear_name(mine),
            agent_b_id: clear_name(theirs),
            agent_a_uuid: mine.side.agent.to_string(),
            agent_b_uuid: theirs.side.agent.to_string(),
            agent_a_public_key: key_of(&mine.side),
            agent_b_public_key: key_of(&theirs.side),
            agent_a_key_version: mine.side.key_version,
            agent_b_key_version: theirs.side.key_version,
            created_at: wire::time(listed.channel.created_at),
        }
    }
}

impl From<&ChannelView> for ChannelBody {
    fn from(view: &ChannelView) -> Self {
        let channel = &view.channel;
        Self {
            id: channel.id.to_string(),
            status: word_of(&ChannelStatus::ALL, channel.status),
            agent_a_id: channel.a.agent.to_string(),
            agent_b_id: channel.b.agent.to_string(),
            agent_a_slug: view.a_slug.to_string(),
            agent_b_slug: view.b_slug.to_string(),
            agent_a_public_key: key_of(&channel.a),
            agent_b_public_key: key_of(&channel.b),
            agent_a_key_version: channel.a.key_version,
            agent_b_key_version: channel.b.key_version,
            created_at: wire::time(channel.created_at),
            activated_at: channel.activated_at.map(wire::time),
            revoked_at: channel.revoked_at.map(wire::time),
        }
    }
}

impl ChannelListBody {
    pub(super) fn of(slice: &Slice<ListedChannel>, paging: Paging) -> Self {
        let channels = slice.items.iter().map(ListedChannelBody::from).collect();
        Self { channels, page: paging.info(slice) }
    }
}

impl RevokedChannelBody {
    pub(super) fn of(id: ChannelId) -> Self {
        let status = word_of(&ChannelStatus::ALL, ChannelStatus::Revoked);
        Self { id: id.to_string(), status, message: "Channel revoked. Active transfers stay readable." }
    }
}

#[cfg(test)]
mod tests;
