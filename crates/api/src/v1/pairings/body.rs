//! What goes in and out.

use crate::http::Paging;
use agentdrop_domain::agent::AgentCard;
use agentdrop_domain::caller::Caller;
use agentdrop_domain::error::{FieldErrors, Invalid};
use agentdrop_domain::ids::{AccountId, AgentId, PairingId};
use agentdrop_domain::page::Slice;
use agentdrop_domain::pairing::{Confirmed, Pairing, PairingStatus, PairingView, Permission, Update};
use agentdrop_domain::words::word_of;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::fields::Field;
use crate::http::paging::PageInfo;
use crate::http::wire;

/// What to propose.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ProposePairingBody {
    /// Your agent's UUID; it must have a public key.
    #[serde(default)]
    #[schema(value_type = String, example = "9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c")]
    my_agent_id: Field<String>,
    /// The other account's agent, by UUID; it must be available for connections and have a public key.
    #[serde(default)]
    #[schema(value_type = String, example = "1b2c3d4e-5f60-4718-92a3-b4c5d6e7f801")]
    their_agent_id: Field<String>,
    /// From your side: `both` (default), `send_only` (only you send) or `receive_only` (only they send).
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "both")]
    permission: Field<String>,
}

/// What the confirming side saw. Whoever states it confirms exactly that.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ConfirmPairingBody {
    /// The version you saw; another one by now is refused.
    #[serde(default)]
    #[schema(value_type = Option<u32>, example = 1)]
    version: Field<u32>,
    /// The permission you saw, from your side; another one by now is refused.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "receive_only")]
    permission: Field<String>,
}

/// The permission to ask for.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct UpdatePairingBody {
    /// From your side: `both`, `send_only` or `receive_only`.
    #[serde(default)]
    #[schema(value_type = String, example = "send_only")]
    permission: Field<String>,
    /// The version you saw; another one by now is refused.
    #[serde(default)]
    #[schema(value_type = Option<u32>, example = 2)]
    version: Field<u32>,
}

/// One agent of a pairing.
#[derive(Debug, Serialize, ToSchema)]
struct PairedAgentBody {
    /// Its id.
    id: String,
    /// Its slug.
    #[schema(example = "report-bot")]
    agent_id: String,
    /// What people call it.
    name: String,
}

/// One agent of a listed pairing.
#[derive(Debug, Serialize, ToSchema)]
struct ListedPairedAgentBody {
    /// Its id.
    id: String,
    /// Its slug.
    #[schema(example = "report-bot")]
    agent_id: String,
    /// What people call it.
    name: String,
    /// Whose agent it is.
    account_id: String,
}

/// A new proposal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProposedPairingBody {
    /// The pairing's id.
    id: String,
    /// The connection it stands under.
    connection_id: String,
    /// `pending` until the other side confirms.
    #[schema(example = "pending")]
    status: &'static str,
    /// Your agent.
    my_agent: PairedAgentBody,
    /// Their agent.
    their_agent: PairedAgentBody,
    /// From your side.
    #[schema(example = "both")]
    permission: &'static str,
    /// The account that proposed it: yours.
    proposed_by: String,
    /// Raised by each change.
    #[schema(example = 1)]
    version: u32,
    /// When.
    created_at: String,
}

/// A pairing in a list.
#[derive(Debug, Serialize, ToSchema)]
struct PairingBody {
    /// The pairing's id.
    id: String,
    /// Your agent.
    agent_a: ListedPairedAgentBody,
    /// Their agent.
    agent_b: ListedPairedAgentBody,
    /// `pending`, `active`, `rejected` or `revoked`.
    #[schema(example = "active")]
    status: &'static str,
    /// From your side.
    #[schema(example = "receive_only")]
    permission: &'static str,
    /// From the side of `proposed_by`.
    #[schema(example = "send_only")]
    raw_permission: &'static str,
    /// The account that proposed it or changed it last; the other one confirms.
    proposed_by: String,
    /// Your agent's public key, base64; `null` while it has none.
    agent_a_public_key: Option<String>,
    /// The version of that key.
    agent_a_key_version: u32,
    /// Their agent's public key, base64; `null` while it has none.
    agent_b_public_key: Option<String>,
    /// The version of that key.
    agent_b_key_version: u32,
    /// Raised by each change.
    version: u32,
    /// When it was proposed first.
    created_at: String,
    /// When it was confirmed last.
    confirmed_at: Option<String>,
    /// When it was revoked or rejected.
    revoked_at: Option<String>,
}

/// A connection's pairings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PairingListBody {
    /// Of every status, newest first.
    pairings: Vec<PairingBody>,
    #[serde(flatten)]
    page: PageInfo,
}

/// A confirmed pairing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConfirmedPairingBody {
    /// The pairing's id.
    id: String,
    /// `active`.
    #[schema(example = "active")]
    status: &'static str,
    /// From your side.
    #[schema(example = "receive_only")]
    permission: &'static str,
    /// Raised by each change.
    version: u32,
    /// When.
    confirmed_at: Option<String>,
    /// For people.
    #[schema(example = "Pairing confirmed. Agents can now exchange files.")]
    message: &'static str,
}

/// A changed pairing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UpdatedPairingBody {
    /// The pairing's id.
    id: String,
    /// From your side.
    #[schema(example = "send_only")]
    permission: &'static str,
    /// `pending` until the other side confirms; `active` if nothing changed.
    #[schema(example = "pending")]
    status: &'static str,
    /// Raised by each change.
    version: u32,
    /// For people.
    #[schema(example = "Permission updated. The other side must re-confirm the pairing.")]
    message: &'static str,
}

/// A pairing that is over.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EndedPairingBody {
    /// The pairing's id.
    id: String,
    /// `rejected` or `revoked`.
    #[schema(example = "revoked")]
    status: &'static str,
    /// Raised by each change.
    version: u32,
}

impl ProposePairingBody {
    pub(super) fn into_proposal(self) -> Result<(AgentId, AgentId, Permission), Invalid> {
        let mut errors = FieldErrors::default();
        let mine = self.my_agent_id.required_parsed(&mut errors, "my_agent_id", "an agent's UUID");
        let theirs = self.their_agent_id.required_parsed(&mut errors, "their_agent_id", "an agent's UUID");
        let permission = self.permission.optional_word(&mut errors, "permission", &Permission::ALL);
        match (mine, theirs) {
            (Some(mine), Some(theirs)) => {
                errors.finish().map(|()| (mine, theirs, permission.unwrap_or_default()))
            }
            _ => Err(errors.into_invalid()),
        }
    }
}

const VERSION_EXPECTED: &str = "the pairing's version, a whole number";

impl ConfirmPairingBody {
    pub(super) fn into_saw(self) -> Result<Confirmed, Invalid> {
        let mut errors = FieldErrors::default();
        let version = self.version.optional(&mut errors, "version", VERSION_EXPECTED);
        let permission = self.permission.optional_word(&mut errors, "permission", &Permission::ALL);
        errors.finish().map(|()| Confirmed { version, permission })
    }
}

impl UpdatePairingBody {
    pub(super) fn into_act(self, caller: Caller, id: PairingId) -> Result<Update, Invalid> {
        let mut errors = FieldErrors::default();
        let permission = self.permission.required_word(&mut errors, "permission", &Permission::ALL);
        let saw_version = self.version.optional(&mut errors, "version", VERSION_EXPECTED);
        match permission {
            Some(permission) => errors.finish().map(|()| Update { caller, id, permission, saw_version }),
            None => Err(errors.into_invalid()),
        }
    }
}

impl From<&AgentCard> for PairedAgentBody {
    fn from(card: &AgentCard) -> Self {
        Self { id: card.id.to_string(), agent_id: card.slug.to_string(), name: card.name.clone() }
    }
}

impl From<&AgentCard> for ListedPairedAgentBody {
    fn from(card: &AgentCard) -> Self {
        let PairedAgentBody { id, agent_id, name } = PairedAgentBody::from(card);
        Self { id, agent_id, name, account_id: card.account_id.to_string() }
    }
}

fn status_of(pairing: &Pairing) -> &'static str {
    word_of(&PairingStatus::ALL, pairing.status)
}

fn permission_of(pairing: &Pairing, viewer: AccountId) -> &'static str {
    word_of(&Permission::ALL, pairing.permission_for(viewer))
}

fn key_of(card: &AgentCard) -> Option<String> {
    card.public_key.map(|key| wire::base64(key.as_bytes()))
}

impl ProposedPairingBody {
    pub(super) fn of(view: &PairingView, viewer: AccountId) -> Self {
        let (mine, theirs) = view.cards_for(viewer);
        let pairing = &view.pairing;
        Self {
            id: pairing.id.to_string(),
            connection_id: pairing.connection_id.to_string(),
            status: status_of(pairing),
            my_agent: PairedAgentBody::from(mine),
            their_agent: PairedAgentBody::from(theirs),
            permission: permission_of(pairing, viewer),
            proposed_by: pairing.proposer.account.to_string(),
            version: pairing.version,
            created_at: wire::time(pairing.created_at),
        }
    }
}

impl PairingBody {
    pub(super) fn of(view: &PairingView, viewer: AccountId) -> Self {
        let (mine, theirs) = view.cards_for(viewer);
        let pairing = &view.pairing;
        Self {
            id: pairing.id.to_string(),
            agent_a: ListedPairedAgentBody::from(mine),
            agent_b: ListedPairedAgentBody::from(theirs),
            status: status_of(pairing),
            permission: permission_of(pairing, viewer),
            raw_permission: word_of(&Permission::ALL, pairing.permission),
            proposed_by: pairing.proposer.account.to_string(),
            agent_a_public_key: key_of(mine),
            agent_a_key_version: mine.key_version,
            agent_b_public_key: key_of(theirs),
            agent_b_key_version: theirs.key_version,
            version: pairing.version,
            created_at: wire::time(pairing.created_at),
            confirmed_at: pairing.confirmed_at.map(wire::time),
            revoked_at: pairing.revoked_at.map(wire::time),
        }
    }
}

impl ConfirmedPairingBody {
    pub(super) fn of(pairing: &Pairing, viewer: AccountId) -> Self {
        Self {
            id: pairing.id.to_string(),
            status: status_of(pairing),
            permission: permission_of(pairing, viewer),
            version: pairing.version,
            confirmed_at: pairing.confirmed_at.map(wire::time),
            message: "Pairing confirmed. Agents can now exchange files.",
        }
    }
}

impl UpdatedPairingBody {
    pub(super) fn of(pairing: &Pairing, viewer: AccountId) -> Self {
        Self {
            id: pairing.id.to_string(),
            permission: permission_of(pairing, viewer),
            status: status_of(pairing),
            version: pairing.version,
            message: match pairing.status {
                PairingStatus::Active => "The pairing has this permission already. Nothing was changed.",
                _ => "Permission updated. The other side must re-confirm the pairing.",
            },
        }
    }
}

impl From<&Pairing> for EndedPairingBody {
    fn from(pairing: &Pairing) -> Self {
        Self { id: pairing.id.to_string(), status: status_of(pairing), version: pairing.version }
    }
}

impl PairingListBody {
    pub(super) fn of(slice: &Slice<PairingView>, paging: Paging, viewer: AccountId) -> Self {
        let pairings = slice.items.iter().map(|view| PairingBody::of(view, viewer)).collect();
        Self { pairings, page: paging.info(slice) }
    }
}

#[cfg(test)]
mod tests;
