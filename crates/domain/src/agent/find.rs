//! Finding the agent that a path names.

use super::{Agent, AgentSlug};
use crate::error::Denied;
use crate::ids::{AccountId, AgentId};
use crate::impl_act_error;
use crate::store::{ReadView, StoreError};

/// The account's own agent that a path names by UUID or slug.
///
/// # Errors
/// [`FindError::Denied`] with `NotFound` if the account has no such agent.
pub async fn find_own(
    view: &mut dyn ReadView,
    account: AccountId,
    id_or_slug: &str,
) -> Result<Agent, FindError> {
    let found = if let Ok(slug) = AgentSlug::try_from(id_or_slug) {
        view.agent_by_slug(account, &slug).await?
    } else if let Ok(id) = id_or_slug.parse::<AgentId>() {
        view.agent(id).await?.filter(|agent| agent.account_id == account)
    } else {
        None
    };
    found.ok_or(FindError::Denied(Denied::NotFound("Agent")))
}

/// Why an own agent was not found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// It is not there, or not the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(FindError);
