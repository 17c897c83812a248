//! What goes in and out.

use agentdrop_domain::account::{AccountCard, Email};
use agentdrop_domain::agent::{AgentType, AvailableAgent};
use agentdrop_domain::caller::Caller;
use agentdrop_domain::connection::{
    Block, BlockView, Blocked, Connection, ConnectionList, ConnectionStatus, ConnectionView, Invite,
    InviteMessage, Revoked,
};
use agentdrop_domain::error::{FieldErrors, Invalid};
use agentdrop_domain::ids::ConnectionId;
use agentdrop_domain::page::Slice;
use agentdrop_domain::pairing::PairingStatus;
use agentdrop_domain::words::word_of;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::fields::Field;
use crate::http::paging::PageInfo;
use crate::http::{Paging, wire};

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct InviteBody {
    /// The address of the account to connect to, at most 256 characters; it need not have an account yet.
    #[serde(default)]
    #[schema(value_type = String, example = "bob@example.com")]
    email: Field<String>,
    /// What they are told, at most 500 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Let our agents exchange reports.")]
    message: Field<String>,
}

/// A waiting invite.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitedConnectionBody {
    /// The connection's id.
    id: String,
    /// `pending` until it is accepted.
    #[schema(example = "pending")]
    status: &'static str,
    /// The invited address.
    #[schema(example = "bob@example.com")]
    invited_email: String,
    /// What they are told.
    message: Option<String>,
    /// When.
    created_at: String,
}

/// Another account.
#[derive(Debug, Serialize, ToSchema)]
struct OtherAccountBody {
    /// Its id; `null` while an own invite to it is not accepted.
    id: Option<String>,
    /// Its display name; `null` while an own invite to it is not accepted.
    #[schema(example = "Bob")]
    name: Option<String>,
    /// Its address.
    #[schema(example = "bob@example.com")]
    email: String,
    /// Always `null`: this server keeps no pictures.
    avatar_url: Option<String>,
}

/// A connection, active or pending.
#[derive(Debug, Serialize, ToSchema)]
struct ConnectionBody {
    /// Its id.
    id: String,
    /// The account on the other side.
    other_account: OtherAccountBody,
    /// `pending` or `active`.
    #[schema(example = "active")]
    status: &'static str,
    /// The account that invited.
    invited_by: String,
    /// What the inviter wrote.
    message: Option<String>,
    /// When the invite was made.
    created_at: String,
    /// When it was accepted.
    accepted_at: Option<String>,
    /// Its active pairings.
    pairing_count: u64,
    /// Its pending pairings.
    pending_pairing_count: u64,
}

/// An invite to the caller's account.
#[derive(Debug, Serialize, ToSchema)]
struct IncomingBody {
    /// The connection's id.
    id: String,
    /// Who invites.
    from: OtherAccountBody,
    /// What they wrote.
    message: Option<String>,
    /// When.
    created_at: String,
}

/// An invite from the caller's account.
#[derive(Debug, Serialize, ToSchema)]
struct OutgoingBody {
    /// The connection's id.
    id: String,
    /// The invited address.
    to_email: String,
    /// What they are told.
    message: Option<String>,
    /// When.
    created_at: String,
}

/// The caller's connections and invites.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectionListBody {
    /// The active ones, then the pending ones, each newest first; revoked ones are never listed.
    connections: Vec<ConnectionBody>,
    /// The newest 100 invites to this account.
    pending_incoming: Vec<IncomingBody>,
    /// The newest 100 invites from this account.
    pending_outgoing: Vec<OutgoingBody>,
    /// Pairings that wait for this account's word.
    pending_pairings_count: u64,
    /// Pages through `connections`.
    #[serde(flatten)]
    page: PageInfo,
}

/// An accepted invite.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AcceptedConnectionBody {
    /// The connection's id.
    id: String,
    /// `active`.
    #[schema(example = "active")]
    status: &'static str,
    /// For people.
    #[schema(example = "Connection established.")]
    message: &'static str,
}

/// A rejected invite.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RejectedConnectionBody {
    /// The id that the connection had.
    id: String,
    /// `rejected`.
    #[schema(example = "rejected")]
    status: &'static str,
}

/// A revoked connection.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RevokedConnectionBody {
    /// The connection's id.
    id: String,
    /// `revoked`.
    #[schema(example = "revoked")]
    status: &'static str,
    /// Active and pending pairings that went with it.
    pairings_revoked: u64,
}

/// A block.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BlockedBody {
    /// The block record's id, for taking it back.
    id: String,
    /// The blocked account.
    blocked_account_id: String,
    /// Active and pending pairings that were revoked.
    pairings_revoked: u64,
    /// Always `true`: nothing connects the two accounts any more.
    connection_revoked: bool,
}

/// An agent of the other account.
#[derive(Debug, Serialize, ToSchema)]
struct AvailableAgentBody {
    /// Its id, the `their_agent_id` of a pairing.
    id: String,
    /// Its slug.
    #[schema(example = "report-bot")]
    agent_id: String,
    /// What people call it.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// What it is built with.
    #[schema(example = "custom")]
    agent_type: &'static str,
    /// The furthest a pairing with any of your agents has come: `pending`, `active` or `null`.
    pairing_status: Option<&'static str>,
}

/// Agents of the other account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AvailableAgentsBody {
    /// Those that are available for connections and have a public key, by slug.
    agents: Vec<AvailableAgentBody>,
    #[serde(flatten)]
    page: PageInfo,
}

/// An account on the block list.
#[derive(Debug, Serialize, ToSchema)]
struct BlockedAccountBody {
    /// Its id.
    id: String,
    /// Its display name.
    name: String,
    /// Its address.
    email: String,
}

/// An entry of the block list.
#[derive(Debug, Serialize, ToSchema)]
struct BlockBody {
    /// The block record's id.
    id: String,
    /// Who is blocked.
    account: BlockedAccountBody,
    /// Since when.
    blocked_at: String,
}

/// The block list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BlockListBody {
    /// Newest first.
    blocked: Vec<BlockBody>,
    #[serde(flatten)]
    page: PageInfo,
}

/// A block taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnblockedBody {
    /// The account that may invite again.
    unblocked_account_id: String,
    /// For people.
    #[schema(example = "Account unblocked. Nothing is restored; send a new invite to connect again.")]
    message: &'static str,
}

impl InviteBody {
    pub(super) fn into_act(self, caller: Caller) -> Result<Invite, Invalid> {
        let mut errors = FieldErrors::default();
        let email = self.email.required(&mut errors, "email", "an e-mail address");
        let email = email.and_then(|text| errors.check("email", Email::try_from(text.as_str())));
        let message = self.message.optional(&mut errors, "message", "a text");
        let message = message.and_then(|text| errors.check("message", InviteMessage::of(&text))).flatten();
        match email {
            Some(email) => errors.finish().map(|()| Invite { caller, email, message }),
            None => Err(errors.into_invalid()),
        }
    }
}

impl From<Connection> for InvitedConnectionBody {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.id.to_string(),
            status: word_of(&ConnectionStatus::ALL, connection.status),
            invited_email: connection.invited_email.to_string(),
            message: connection.message,
            created_at: wire::time(connection.created_at),
        }
    }
}

impl OtherAccountBody {
    /// The account, or all that is known before it has accepted: the invited address.
    pub(super) fn of(view: &ConnectionView) -> Self {
        let other = view.other.as_ref();
        let email = other.map_or(&view.connection.invited_email, |card| &card.email);
        Self {
            id: other.map(|card| card.id.to_string()),
            name: other.map(|card| card.name.clone()),
            email: email.to_string(),
            avatar_url: None,
        }
    }
}

impl From<&ConnectionView> for ConnectionBody {
    fn from(view: &ConnectionView) -> Self {
        let connection = &view.connection;
        Self {
            id: connection.id.to_string(),
            other_account: OtherAccountBody::of(view),
            status: word_of(&ConnectionStatus::ALL, connection.status),
            invited_by: connection.inviter.to_string(),
            message: connection.message.clone(),
            created_at: wire::time(connection.created_at),
            accepted_at: connection.accepted_at.map(wire::time),
            pairing_count: view.active_pairings,
            pending_pairing_count: view.pending_pairings,
        }
    }
}

impl From<&ConnectionView> for IncomingBody {
    fn from(view: &ConnectionView) -> Self {
        Self {
            id: view.connection.id.to_string(),
            from: OtherAccountBody::of(view),
            message: view.connection.message.clone(),
            created_at: wire::time(view.connection.created_at),
        }
    }
}

impl From<&ConnectionView> for OutgoingBody {
    fn from(view: &ConnectionView) -> Self {
        Self {
            id: view.connection.id.to_string(),
            to_email: view.connection.invited_email.to_string(),
            message: view.connection.message.clone(),
            created_at: wire::time(view.connection.created_at),
        }
    }
}

impl ConnectionListBody {
    pub(super) fn of(list: &ConnectionList, paging: Paging) -> Self {
        Self {
            connections: list.connections.items.iter().map(ConnectionBody::from).collect(),
            pending_incoming: list.incoming.items.iter().map(IncomingBody::from).collect(),
            pending_outgoing: list.outgoing.items.iter().map(OutgoingBody::from).collect(),
            pending_pairings_count: list.pending_pairings,
            page: paging.info(&list.connections),
        }
    }
}

impl From<Blocked> for BlockedBody {
    fn from(done: Blocked) -> Self {
        Self {
            id: done.block.id.to_string(),
            blocked_account_id: done.block.blocked.to_string(),
            pairings_revoked: done.pairings_revoked,
            connection_revoked: true,
        }
    }
}

impl From<&AvailableAgent> for AvailableAgentBody {
    fn from(available: &AvailableAgent) -> Self {
        let agent = &available.agent;
        Self {
            id: agent.id.to_string(),
            agent_id: agent.slug.to_string(),
            name: agent.name.clone(),
            description: agent.description.clone(),
            agent_type: word_of(&AgentType::ALL, agent.agent_type),
            pairing_status: available.pairing_status.map(|status| word_of(&PairingStatus::ALL, status)),
        }
    }
}

impl From<&AccountCard> for BlockedAccountBody {
    fn from(card: &AccountCard) -> Self {
        Self { id: card.id.to_string(), name: card.name.clone(), email: card.email.to_string() }
    }
}

impl From<&BlockView> for BlockBody {
    fn from(view: &BlockView) -> Self {
        Self {
            id: view.block.id.to_string(),
            account: BlockedAccountBody::from(&view.account),
            blocked_at: wire::time(view.block.created_at),
        }
    }
}

impl From<Connection> for AcceptedConnectionBody {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.id.to_string(),
            status: word_of(&ConnectionStatus::ALL, connection.status),
            message: "Connection established.",
        }
    }
}

impl RejectedConnectionBody {
    pub(super) fn of(id: ConnectionId) -> Self {
        Self { id: id.to_string(), status: "rejected" }
    }
}

impl RevokedConnectionBody {
    pub(super) fn of(id: ConnectionId, revoked: Revoked) -> Self {
        let status = word_of(&ConnectionStatus::ALL, ConnectionStatus::Revoked);
        Self { id: id.to_string(), status, pairings_revoked: revoked.pairings_revoked }
    }
}

impl AvailableAgentsBody {
    pub(super) fn of(slice: &Slice<AvailableAgent>, paging: Paging) -> Self {
        let agents = slice.items.iter().map(AvailableAgentBody::from).collect();
        Self { agents, page: paging.info(slice) }
    }
}

impl BlockListBody {
    pub(super) fn of(slice: &Slice<BlockView>, paging: Paging) -> Self {
        let blocked = slice.items.iter().map(BlockBody::from).collect();
        Self { blocked, page: paging.info(slice) }
    }
}

impl From<Block> for UnblockedBody {
    fn from(ended: Block) -> Self {
        Self {
            unblocked_account_id: ended.blocked.to_string(),
            message: "Account unblocked. Nothing is restored; send a new invite to connect again.",
        }
    }
}

#[cfg(test)]
mod tests;
