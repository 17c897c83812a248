//! Whom a caller means by a recipient: one answer for resolving, sending and making channels
//! (decision 3).

use std::collections::HashSet;

use super::{Agent, AgentSlug};
use crate::account::{AccountCard, Email};
use crate::ids::{AccountId, AgentId};
use crate::impl_act_error;
use crate::store::{ReadView, StoreError};

/// How many pairings with agents of one slug are looked at. Far above what the plans allow; it bounds memory.
const MAX_PAIRINGS_LOOKED_AT: u32 = 10_000;

/// The agent that a caller means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The agent, connected or not.
    pub agent: Agent,
    /// Its account.
    pub account: AccountCard,
    /// Whether that is the caller's account.
    pub own: bool,
}

/// One of several accounts that the caller may mean, with its address masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The account.
    pub account_id: AccountId,
    /// Its display name.
    pub account_name: String,
    /// Its address as strangers may see it.
    pub email_masked: String,
}

impl From<&Resolved> for Candidate {
    fn from(resolved: &Resolved) -> Self {
        Self {
            account_id: resolved.account.id,
            account_name: resolved.account.name.clone(),
            email_masked: resolved.account.email.masked(),
        }
    }
}

/// Why a recipient can't be told.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Neither an own agent nor one that an own agent is paired with. From outside all reasons look the same.
    #[error("no agent of that name is yours or is paired with one of your agents")]
    NoCandidate,
    /// Several accounts hold one. The candidates are in ascending account id.
    #[error(
        "the agent exists on several accounts that you can reach; name the one you mean by e-mail, account \
         UUID or display name, see the candidates"
    )]
    Ambiguous(Vec<Candidate>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(ResolveError);

/// Tells which agent a caller means by a recipient, which is a slug or an agent's UUID.
///
/// The candidates are those of [`candidates`]. A single one is meant, whatever `recipient_account` says. An
/// own agent is meant unless `recipient_account` names another account that holds a candidate. Otherwise the
/// first of account UUID, e-mail and display name (case-insensitive) that matches exactly one decides.
///
/// # Errors
/// [`ResolveError`].
pub async fn resolve_recipient(
    view: &mut dyn ReadView,
    caller_account: AccountId,
    recipient: &str,
    recipient_account: Option<&str>,
) -> Result<Resolved, ResolveError> {
    let found = candidates(view, caller_account, recipient).await?;
    choose(found, recipient_account.map(str::trim).filter(|text| !text.is_empty()))
}

/// All agents that a caller may mean by a slug or an agent's UUID, one per account, in ascending account id:
/// the own agent, and agents on other accounts that have an active pairing, in any direction, with **any**
/// agent of the caller's account.
///
/// # Errors
/// The database's.
pub async fn candidates(
    view: &mut dyn ReadView,
    caller_account: AccountId,
    recipient: &str,
) -> Result<Vec<Resolved>, StoreError> {
    let mut found = match (AgentSlug::try_from(recipient), recipient.parse::<AgentId>()) {
        (Ok(slug), _) => by_slug(view, caller_account, &slug).await?,
        (_, Ok(id)) => by_id(view, caller_account, id).await?,
        _ => Vec::new(),
    };
    found.sort_by_key(|candidate| candidate.account.id);
    Ok(found)
}

async fn by_slug(
    view: &mut dyn ReadView,
    caller_account: AccountId,
    slug: &AgentSlug,
) -> Result<Vec<Resolved>, StoreError> {
    let mut found = paired(view, caller_account, slug).await?;
    if let Some(agent) = view.agent_by_slug(caller_account, slug).await? {
        found.push(own(view, agent).await?);
    }
    Ok(found)
}

async fn by_id(
    view: &mut dyn ReadView,
    caller_account: AccountId,
    id: AgentId,
) -> Result<Vec<Resolved>, StoreError> {
    let Some(agent) = view.agent(id).await? else { return Ok(Vec::new()) };
    if agent.account_id == caller_account {
        return Ok(vec![own(view, agent).await?]);
    }
    let mut found = paired(view, caller_account, &agent.slug).await?;
    found.retain(|candidate| candidate.agent.id == id);
    Ok(found)
}

async fn own(view: &mut dyn ReadView, agent: Agent) -> Result<Resolved, StoreError> {
    let account = view.account(agent.account_id).await?;
    let account = account.ok_or_else(|| StoreError::Internal("an agent's account is missing".into()))?;
    Ok(Resolved { account: AccountCard::from(&account), agent, own: true })
}

async fn paired(
    view: &mut dyn ReadView,
    caller_account: AccountId,
    slug: &AgentSlug,
) -> Result<Vec<Resolved>, StoreError> {
    let rows = view.paired_agents(caller_account, Some(slug), MAX_PAIRINGS_LOOKED_AT).await?;
    let mut seen = HashSet::new();
    // One row a pairing: an agent that is paired with several own agents comes several times.
    let once = rows.into_iter().filter(|row| seen.insert(row.agent.id));
    Ok(once.map(|row| Resolved { agent: row.agent, account: row.account, own: false }).collect())
}

fn choose(mut found: Vec<Resolved>, wanted: Option<&str>) -> Result<Resolved, ResolveError> {
    if found.is_empty() {
        return Err(ResolveError::NoCandidate);
    }
    let chosen = if found.len() == 1 { Some(0) } else { position_of_choice(&found, wanted) };
    match chosen {
        Some(index) => Ok(found.swap_remove(index)),
        None => Err(ResolveError::Ambiguous(found.iter().map(Candidate::from).collect())),
    }
}

fn position_of_choice(found: &[Resolved], wanted: Option<&str>) -> Option<usize> {
    let names_another =
        wanted.is_some_and(|text| found.iter().any(|candidate| !candidate.own && is_named(candidate, text)));
    match wanted {
        Some(text) if names_another => KINDS.iter().find_map(|matches| only(found, |c| matches(c, text))),
        _ => only(found, |candidate| candidate.own),
    }
}

/// The ways to name an account, in the order in which they are tried.
const KINDS: [fn(&Resolved, &str) -> bool; 3] = [
    |candidate, text| text.parse() == Ok(candidate.account.id),
    |candidate, text| Email::try_from(text).as_ref() == Ok(&candidate.account.email),
    |candidate, text| candidate.account.name.trim().to_lowercase() == text.to_lowercase(),
];

fn is_named(candidate: &Resolved, text: &str) -> bool {
    KINDS.iter().any(|matches| matches(candidate, text))
}

/// The position of the only candidate that matches; `None` if none or several do.
fn only(found: &[Resolved], matches: impl Fn(&Resolved) -> bool) -> Option<usize> {
    let mut positions = found.iter().enumerate().filter(|(_, c)| matches(c)).map(|(index, _)| index);
    positions.next().filter(|_| positions.next().is_none())
}

#[cfg(test)]
mod tests;
