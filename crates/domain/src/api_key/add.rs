use super::ApiKey;
use crate::act::Cx;
use crate::ids::{AccountId, AgentId};
use crate::secret::{Token, TokenKind};
use crate::store::{StoreError, UnitOfWork};

/// A key with its token, for the one answer that shows it.
#[derive(Debug)]
pub struct NewKey {
    /// The key.
    pub key: ApiKey,
    /// Its token.
    pub token: Token,
}

/// Whom a key acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyOwner {
    /// The whole account.
    Account(AccountId),
    /// One agent of an account.
    Agent(AccountId, AgentId),
}

/// Draws a token and stores the key of it.
pub(crate) async fn add_key(
    cx: &Cx<'_>,
    tx: &mut dyn UnitOfWork,
    owner: KeyOwner,
    name: String,
) -> Result<NewKey, StoreError> {
    let (account_id, agent_id, kind) = match owner {
        KeyOwner::Account(account) => (account, None, TokenKind::AccountKey),
        KeyOwner::Agent(account, agent) => (account, Some(agent), TokenKind::AgentKey),
    };
    let token = cx.secrets.token(kind);
    let key = ApiKey {
        id: cx.ids.next(),
        account_id,
        agent_id,
        name,
        prefix: token.prefix(),
        last_used_at: None,
        transfer_count: 0,
        created_at: cx.now,
        revoked_at: None,
    };
    tx.insert_api_key(&key, &cx.secrets.digest(&token)).await?;
    Ok(NewKey { key, token })
}
