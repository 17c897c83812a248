//! From whom to whom a transfer goes, and whether it may.

use super::{Draft, KeyAt, Recipient, Sender};
use crate::account::{Account, QuotaError};
use crate::agent::{Agent, AgentSlug, Candidate, ResolveError, Resolved, resolve_recipient};
use crate::caller::{Caller, Credential};
use crate::channel::ChannelStatus;
use crate::error::{Denied, Invalid};
use crate::ids::{AccountId, AgentId, ChannelId};
use crate::impl_act_error;
use crate::pairing::{ActivePairing, SendDenied};
use crate::store::{ReadView, StoreError};

/// Why a transfer may not go its way.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The caller's credential.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A field.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Modes that involve people.
    #[error("mode {0} is not available on this server; use agent-to-agent")]
    ModeNotAvailable(&'static str),
    /// No connection, no active pairing, or no such agent: the same answer, so that nothing can be
    /// enumerated (decision 3).
    #[error(
        "the recipient is not one of your agents, and no active pairing lets the sender reach an agent of that name: connect the accounts and pair the two agents first"
    )]
    ShareRequired,
    /// The pairing's direction.
    #[error(transparent)]
    PermissionDenied(#[from] SendDenied),
    /// Several accounts hold such an agent.
    #[error(
        "several accounts you can reach have an agent of that name; set recipient_account to the e-mail, UUID or display name of one of the candidates"
    )]
    AmbiguousRecipient(Vec<Candidate>),
    /// The sender has no public key now.
    #[error("the sending agent is not connected: register a public key for it first")]
    SenderNotConnected,
    /// The recipient has no public key now.
    #[error("the receiving agent is not connected: it has no public key right now")]
    RecipientNotConnected,
    /// The channel was revoked.
    #[error("the channel is revoked; make a new one and encrypt again")]
    ChannelRevoked,
    /// A plaintext transfer from or to somebody who wants none.
    #[error(
        "{0} accepts encrypted transfers only: encrypt the files on the client and send them with is_encrypted=true"
    )]
    EncryptionRequired(&'static str),
    /// What the sender's plan allows of storage and of transfers a month.
    #[error(transparent)]
    Quota(QuotaError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(RouteError);

impl From<QuotaError> for RouteError {
    fn from(error: QuotaError) -> Self {
        match error {
            QuotaError::Store(error) => Self::Store(error),
            reached => Self::Quota(reached),
        }
    }
}

/// The two ends of a permitted transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Who sends.
    pub sender: Sender,
    /// Who receives.
    pub recipient: Recipient,
    /// Proof that it may cross accounts; `None` within one.
    pub pairing: Option<ActivePairing>,
}

/// An agent key sends as its own agent only (decision 3).
///
/// # Errors
/// [`Denied::ScopeMismatch`] for another sender.
pub fn check_sender_scope(caller: &Caller, sender: &str) -> Result<(), Denied> {
    match &caller.credential {
        Credential::AgentKey { agent, slug, .. }
            if slug.as_str() != sender && sender.parse() != Ok(*agent) =>
        {
            Err(caller.scope_mismatch("set sender to that agent, or use an account key"))
        }
        _ => Ok(()),
    }
}

/// Finds both ends and asks whether the sender may send to the recipient. The checks, in this order: the
/// credential's scope, the recipient ([`resolve_recipient`]), the sender, the pairing of exactly these two,
/// its direction, both agents' keys.
///
/// # Errors
/// [`RouteError`].
pub async fn find_route(
    view: &mut dyn ReadView,
    caller: &Caller,
    account: &Account,
    ends: Ends<'_>,
) -> Result<Route, RouteError> {
    check_sender_scope(caller, ends.sender)?;
    let resolved = resolve_recipient(view, caller.account, ends.recipient, ends.recipient_account).await;
    let to = resolved.map_err(unresolved)?;
    let from = own_agent(view, caller, ends.sender).await?;
    let pairing = if to.own { None } else { Some(active_pairing(view, from.as_ref(), &to).await?) };
    if from.as_ref().is_some_and(|agent| agent.keys.is_none()) {
        return Err(RouteError::SenderNotConnected);
    }
    if to.agent.keys.is_none() {
        return Err(RouteError::RecipientNotConnected);
    }
    let label = from.as_ref().map_or(ends.sender, |agent| agent.slug.as_str()).to_owned();
    Ok(Route {
        sender: Sender {
            account: account.id,
            account_name: account.name.clone(),
            label,
            key: from.as_ref().and_then(key_of),
            agent: from.map(|agent| agent.id),
        },
        recipient: Recipient {
            account: to.account.id,
            label: to.agent.slug.as_str().to_owned(),
            key: key_of(&to.agent),
            agent: to.agent.id,
        },
        pairing,
    })
}

/// The names of the two ends, as the client gave them.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Ends<'a> {
    pub sender: &'a str,
    pub recipient: &'a str,
    pub recipient_account: Option<&'a str>,
}

impl<'a> From<&'a Draft> for Ends<'a> {
    fn from(draft: &'a Draft) -> Self {
        Self {
            sender: &draft.sender,
            recipient: &draft.recipient,
            recipient_account: draft.recipient_account.as_deref(),
        }
    }
}

fn unresolved(error: ResolveError) -> RouteError {
    match error {
        ResolveError::NoCandidate => RouteError::ShareRequired,
        ResolveError::Ambiguous(candidates) => RouteError::AmbiguousRecipient(candidates),
        ResolveError::Store(error) => error.into(),
    }
}

async fn own_agent(
    view: &mut dyn ReadView,
    caller: &Caller,
    sender: &str,
) -> Result<Option<Agent>, StoreError> {
    if let Ok(id) = sender.parse() {
        let agent = view.agent(id).await?;
        return Ok(agent.filter(|agent| agent.account_id == caller.account));
    }
    match AgentSlug::try_from(sender) {
        Ok(slug) => view.agent_by_slug(caller.account, &slug).await,
        Err(_) => Ok(None),
    }
}

async fn active_pairing(
    view: &mut dyn ReadView,
    from: Option<&Agent>,
    to: &Resolved,
) -> Result<ActivePairing, RouteError> {
    let Some(from) = from else {
        let message = "must be the slug of one of your agents to send to another account";
        return Err(Invalid::field("sender", message).into());
    };
    let pairing = view.living_pairing(from.id, to.agent.id).await?.ok_or(RouteError::ShareRequired)?;
    pairing.sending(from.id)?.ok_or(RouteError::ShareRequired)
}

fn key_of(agent: &Agent) -> Option<KeyAt> {
    agent.keys.map(|keys| KeyAt { public_key: keys.public, version: agent.key_version })
}

/// Asks whether the channel that a transfer names joins exactly its two ends and may still be used.
///
/// # Errors
/// [`RouteError::ChannelRevoked`], or `channel_id` is invalid.
pub async fn check_channel(
    view: &mut dyn ReadView,
    channel: Option<ChannelId>,
    route: &Route,
) -> Result<(), RouteError> {
    let Some(channel) = channel else { return Ok(()) };
    let expected = "must be an active channel of exactly the sender and the recipient";
    let invalid = || RouteError::from(Invalid::field("channel_id", expected));
    let channel = view.channel(channel).await?.ok_or_else(invalid)?.channel;
    let from = route.sender.agent.ok_or_else(invalid)?;
    if !channel.joins(from, route.recipient.agent) {
        return Err(invalid());
    }
    match channel.status {
        ChannelStatus::Active => Ok(()),
        ChannelStatus::Pending => Err(invalid()),
        ChannelStatus::Revoked => Err(RouteError::ChannelRevoked),
    }
}

/// Asks whether both ends accept files that the client has not encrypted.
///
/// # Errors
/// [`RouteError::EncryptionRequired`], or the database's.
pub async fn check_encryption<V: ReadView + ?Sized>(
    view: &mut V,
    is_encrypted: bool,
    route: &Route,
) -> Result<(), RouteError> {
    if is_encrypted {
        return Ok(());
    }
    let (from, to) = (&route.sender, &route.recipient);
    if requires_encryption(view, from.account, from.agent).await? {
        return Err(RouteError::EncryptionRequired("the sender"));
    }
    if requires_encryption(view, to.account, Some(to.agent)).await? {
        return Err(RouteError::EncryptionRequired("the recipient"));
    }
    Ok(())
}

async fn requires_encryption<V: ReadView + ?Sized>(
    view: &mut V,
    account: AccountId,
    agent: Option<AgentId>,
) -> Result<bool, StoreError> {
    if let Some(agent) = agent
        && view.agent(agent).await?.is_some_and(|agent| agent.require_encryption)
    {
        return Ok(true);
    }
    Ok(view.account(account).await?.is_some_and(|account| account.require_encryption))
}

#[cfg(test)]
mod tests;
