//! Who presents a key.

use async_trait::async_trait;

use super::Identity;
use super::record_use::{RecordUse, is_stale};
use crate::account::Account;
use crate::act::{Ask, Cx};
use crate::agent::find_own;
use crate::caller::{Caller, Credential};
use crate::error::Denied;
use crate::impl_act_error;
use crate::secret::Token;
use crate::store::{ReadView, StoreError};

/// Tells who presents a key, and whether they may act as the agent they name.
#[derive(Debug, Clone)]
pub struct Authenticate {
    /// What was presented.
    pub token: Token,
    /// The agent that `X-AgentDrop-Agent` names, by slug or UUID.
    pub named_agent: Option<String>,
}

/// An authenticated caller and what belongs to the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// Who calls.
    pub caller: Caller,
    /// Their account.
    pub account: Account,
    /// The use that is to be written down, off the call's critical path; `None` if one was less than a minute
    /// ago.
    pub use_to_record: Option<RecordUse>,
}

/// Why nobody was authenticated.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// No such key.
    #[error("the API key is not valid; check that it was copied completely")]
    Unknown,
    /// The key was revoked.
    #[error("this API key has been revoked; use another one")]
    Revoked,
    /// An agent key that comes with another agent's name.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(AuthenticateError);

#[async_trait]
impl Ask for Authenticate {
    type Output = Authenticated;
    type Error = AuthenticateError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Authenticated, AuthenticateError> {
        let digest = cx.secrets.digest(&self.token);
        let identity = view.identity(&digest).await?.ok_or(AuthenticateError::Unknown)?;
        if identity.key.revoked_at.is_some() {
            return Err(AuthenticateError::Revoked);
        }
        let credential = credential(&identity)?;
        let caller = Caller { account: identity.account.id, credential, named_agent: self.named_agent() };
        let use_to_record = match caller.bound_agent() {
            Some(agent) => {
                refuse_other_agent(&caller)?;
                is_stale(identity.key.last_used_at, cx.now)
                    .then_some(RecordUse { key: identity.key.id, agent: Some(agent) })
            }
            None => use_of_account_key(cx, view, &identity, &caller).await?,
        };
        Ok(Authenticated { caller, account: identity.account, use_to_record })
    }
}

impl Authenticate {
    fn named_agent(&self) -> Option<String> {
        let named = self.named_agent.as_deref().map(str::trim).filter(|text| !text.is_empty());
        named.map(str::to_owned)
    }
}

fn credential(identity: &Identity) -> Result<Credential, AuthenticateError> {
    match (identity.key.agent_id, &identity.agent_slug) {
        (None, _) => Ok(Credential::AccountKey(identity.key.id)),
        (Some(agent), Some(slug)) => {
            Ok(Credential::AgentKey { key: identity.key.id, agent, slug: slug.clone() })
        }
        // The agent is gone, and its keys went with it.
        (Some(_), None) => Err(AuthenticateError::Revoked),
    }
}

fn refuse_other_agent(caller: &Caller) -> Result<(), Denied> {
    let Credential::AgentKey { agent, slug, .. } = &caller.credential else { return Ok(()) };
    match &caller.named_agent {
        Some(named) if named != slug.as_str() && named.parse() != Ok(*agent) => {
            Err(caller.scope_mismatch("leave X-AgentDrop-Agent out, or use an account key"))
        }
        _ => Ok(()),
    }
}

async fn use_of_account_key(
    cx: &Cx<'_>,
    view: &mut dyn ReadView,
    identity: &Identity,
    caller: &Caller,
) -> Result<Option<RecordUse>, StoreError> {
    let named = match &caller.named_agent {
        Some(name) => find_own(view, caller.account, name).await?,
        None => None,
    };
    let key_is_stale = is_stale(identity.key.last_used_at, cx.now);
    let agent = named.filter(|agent| is_stale(agent.last_seen_at, cx.now)).map(|agent| agent.id);
    Ok((key_is_stale || agent.is_some()).then_some(RecordUse { key: identity.key.id, agent }))
}

#[cfg(test)]
mod tests;
