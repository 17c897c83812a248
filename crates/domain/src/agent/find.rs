//! Finding the agent that a path names.

use super::{Agent, AgentSlug};
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::{AccountId, AgentId};
use crate::store::{ReadView, StoreError};

/// What a path names when it names no agent of the caller's account.
pub const NO_AGENT: Denied = Denied::NotFound("Agent");

/// The account's own agent of that UUID or slug.
///
/// # Errors
/// The database's.
pub async fn find_own(
    view: &mut dyn ReadView,
    account: AccountId,
    id_or_slug: &str,
) -> Result<Option<Agent>, StoreError> {
    if let Ok(slug) = AgentSlug::try_from(id_or_slug) {
        view.agent_by_slug(account, &slug).await
    } else if let Ok(id) = id_or_slug.parse::<AgentId>() {
        Ok(view.agent(id).await?.filter(|agent| agent.account_id == account))
    } else {
        Ok(None)
    }
}

/// The agent of that UUID or slug, if it is the caller's to use: an account key uses all own agents, an agent
/// key only its own.
///
/// # Errors
/// [`Denied::NotFound`] for no own agent, [`Denied::Forbidden`] for an agent key's sibling; the database's.
pub async fn find_usable<E: From<Denied> + From<StoreError>>(
    view: &mut dyn ReadView,
    caller: &Caller,
    id_or_slug: &str,
) -> Result<Agent, E> {
    let agent = find_own(view, caller.account, id_or_slug).await?.ok_or(NO_AGENT)?;
    caller.require_agent(agent.id)?;
    Ok(agent)
}
