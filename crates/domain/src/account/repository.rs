use async_trait::async_trait;

use super::{Account, AccountCounter, Email};
use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::page::{Page, Slice};
use crate::plan::{Limit, PlanName};
use crate::store::StoreError;

/// Reading accounts.
#[async_trait]
pub trait AccountReads: Send {
    /// The account of that id.
    async fn account(&mut self, id: AccountId) -> Result<Option<Account>, StoreError>;
    /// The account of that address.
    async fn account_by_email(&mut self, email: &Email) -> Result<Option<Account>, StoreError>;
    /// All accounts, oldest first.
    async fn accounts(&mut self, page: Page) -> Result<Slice<Account>, StoreError>;
}

/// Changing accounts.
#[async_trait]
pub trait AccountRepository: AccountReads {
    /// Makes every other act that locks one of these accounts wait until this transaction ends. Call it
    /// before the reads that a decision rests on. The accounts are locked in ascending order of their ids,
    /// so that two acts never wait for each other.
    async fn lock_accounts(&mut self, accounts: &[AccountId]) -> Result<(), StoreError>;
    /// Makes every other act that locks this address wait until this transaction ends, whether or not an
    /// account has it. Called before any account is locked, and once.
    async fn lock_address(&mut self, email: &Email) -> Result<(), StoreError>;
    /// Adds an account. A taken address is a conflict on `AccountEmail`.
    async fn insert_account(&mut self, account: &Account) -> Result<(), StoreError>;
    /// Puts an account on another plan. `false` if there is no such account.
    async fn set_account_plan(&mut self, id: AccountId, plan: &PlanName) -> Result<bool, StoreError>;
    /// Says whether transfers from and to an account must be encrypted by the client. `false` if there is no
    /// such account.
    async fn set_require_encryption(&mut self, id: AccountId, required: bool) -> Result<bool, StoreError>;
    /// Raises a counter by one if it then stays within the limit; `false` if it would not.
    async fn count_up(
        &mut self,
        id: AccountId,
        counter: AccountCounter,
        limit: Limit,
    ) -> Result<bool, StoreError>;
    /// Lowers a counter by one, never below zero.
    async fn count_down(&mut self, id: AccountId, counter: AccountCounter) -> Result<(), StoreError>;
    /// Counts a connection invite in the hour that began with the first invite after `window_start`; `false`
    /// if `limit` were exceeded.
    async fn count_invite(
        &mut self,
        id: AccountId,
        now: Timestamp,
        window_start: Timestamp,
        limit: u64,
    ) -> Result<bool, StoreError>;
    /// When the present invite window began, to tell a refused caller when to come back.
    async fn invite_window(&mut self, id: AccountId) -> Result<Option<Timestamp>, StoreError>;
}
