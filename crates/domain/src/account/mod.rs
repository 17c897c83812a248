//! Accounts: who owns agents, keys and connections.

mod create;
mod email;
mod find;
mod list;
mod make_key;
mod month;
mod name;
mod plan;
mod quota;
mod repository;
mod set_plan;
mod set_policy;

pub use create::{CreateAccount, CreateAccountError, CreatedAccount};
pub use email::{BadEmail, Email};
pub use list::ListAccounts;
pub use make_key::{MadeAccountKey, MakeAccountKey, MakeAccountKeyError};
pub use month::QuotaMonth;
pub use name::{BadName, display_name};
pub use plan::{LimitReached, plan_of};
pub use quota::{
    QuotaError, QuotaRepository, Usage, UsageReads, check_transfers_left, count_transfer, release_part,
    release_transfer, reserve_storage,
};
pub use repository::{AccountReads, AccountRepository};
pub use set_plan::{SetPlan, SetPlanError};
pub use set_policy::{SetPolicy, SetPolicyError};

use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::plan::PlanName;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its address, unique among accounts.
    pub email: Email,
    /// Its display name; need not be unique.
    pub name: String,
    /// The plan it is on.
    pub plan: PlanName,
    /// Whether transfers from and to its agents must be encrypted by the client.
    pub require_encryption: bool,
    /// When it was created; its quota months begin on this day of the month.
    pub created_at: Timestamp,
}

/// The operator named an account that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no account has this e-mail address or id; see them all with `account list`")]
pub struct NoAccount;

/// What other accounts see of an account they are connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCard {
    /// Its id.
    pub id: AccountId,
    /// Its display name.
    pub name: String,
    /// Its address.
    pub email: Email,
}

impl From<&Account> for AccountCard {
    fn from(account: &Account) -> Self {
        Self { id: account.id, name: account.name.clone(), email: account.email.clone() }
    }
}

/// A count that a plan limits and that is kept on the account's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountCounter {
    /// Living agents.
    Agents,
    /// Account keys that are not revoked.
    ApiKeys,
    /// Active connections and own outgoing invites.
    Connections,
}

#[cfg(test)]
mod tests;
