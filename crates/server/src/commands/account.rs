//! `agentdrop-server account …`: what only the operator does to accounts, also while the server runs.

mod output;

use std::io::{self, Write};

use agentdrop_domain::account::{
    self, CreateAccountError, ListAccounts, MakeAccountKey, MakeAccountKeyError, SetPlanError, SetPolicyError,
};
use agentdrop_domain::act::{Ports, ask, perform};
use agentdrop_domain::error::Invalid;
use agentdrop_domain::page::Page;
use agentdrop_domain::store::StoreError;

use crate::cli::{AccountCommand, CreateAccount, NewKey, SetPlan, SetPolicy, Switch};
use crate::config::Config;
use crate::wiring::{self, WiringError};

/// What a key that an operator makes is called, if nobody says.
const NEW_KEY_NAME: &str = "made by the operator";

/// Why a command on accounts failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The database or the store.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// Bad arguments, one a line.
    #[error("{0}")]
    Arguments(String),
    /// The account was not created.
    #[error(transparent)]
    Create(CreateAccountError),
    /// The plan was not changed.
    #[error(transparent)]
    SetPlan(SetPlanError),
    /// The policy was not changed.
    #[error(transparent)]
    SetPolicy(#[from] SetPolicyError),
    /// The key was not made.
    #[error(transparent)]
    NewKey(MakeAccountKeyError),
    /// The accounts can't be read.
    #[error(transparent)]
    List(#[from] StoreError),
    /// Standard output.
    #[error("can't write to standard output")]
    Io(#[from] io::Error),
}

/// Does what the command says and writes the answer.
///
/// # Errors
/// [`AccountError`], which says what to change.
pub async fn account(
    config: &Config,
    command: AccountCommand,
    out: &mut impl Write,
) -> Result<(), AccountError> {
    let ports = wiring::open(config).await?.ports;
    match command {
        AccountCommand::Create(arguments) => create(&ports, arguments, out).await,
        AccountCommand::List(arguments) => list(&ports, arguments.json, out).await,
        AccountCommand::SetPlan(arguments) => set_plan(&ports, arguments, out).await,
        AccountCommand::SetPolicy(arguments) => set_policy(&ports, arguments, out).await,
        AccountCommand::NewKey(arguments) => new_key(&ports, arguments, out).await,
    }
}

async fn create(ports: &Ports, arguments: CreateAccount, out: &mut impl Write) -> Result<(), AccountError> {
    let CreateAccount { email, name, plan, json } = arguments;
    let created = perform(ports, &account::CreateAccount { email, name, plan }).await?;
    Ok(if json { output::created_json(&created, out) } else { output::created(&created, out) }?)
}

async fn list(ports: &Ports, json: bool, out: &mut impl Write) -> Result<(), AccountError> {
    let mut page = Page { limit: Page::MAX_LIMIT, offset: 0 };
    let mut list = output::AccountList::begin(json, out)?;
    loop {
        let slice = ask(ports, &ListAccounts { page }).await?;
        for account in &slice.items {
            list.add(account)?;
        }
        page.offset += slice.items.len() as u64;
        if slice.items.is_empty() || page.offset >= slice.total {
            return Ok(list.end()?);
        }
    }
}

async fn set_plan(ports: &Ports, arguments: SetPlan, out: &mut impl Write) -> Result<(), AccountError> {
    let SetPlan { email, plan } = arguments;
    let account = perform(ports, &account::SetPlan { account: email, plan }).await?;
    writeln!(out, "{} is on the plan \"{}\" now", account.email, account.plan.as_str())?;
    Ok(())
}

async fn set_policy(ports: &Ports, arguments: SetPolicy, out: &mut impl Write) -> Result<(), AccountError> {
    let require_encryption = arguments.require_encryption == Switch::On;
    let change = account::SetPolicy { account: arguments.email, require_encryption };
    let account = perform(ports, &change).await?;
    let accepts = if account.require_encryption { "encrypted transfers only" } else { "any transfer" };
    writeln!(out, "{} accepts {accepts} now", account.email)?;
    Ok(())
}

async fn new_key(ports: &Ports, arguments: NewKey, out: &mut impl Write) -> Result<(), AccountError> {
    let NewKey { email, name, json } = arguments;
    let name = name.unwrap_or_else(|| NEW_KEY_NAME.to_owned());
    let made = perform(ports, &MakeAccountKey { account: email, name }).await?;
    Ok(if json { output::key_json(&made, out) } else { output::key(&made, out) }?)
}

/// Bad fields as the command line calls them.
fn arguments(invalid: &Invalid) -> AccountError {
    let lines: Vec<String> =
        invalid.0.iter().map(|error| format!("--{} {}", error.field, error.message)).collect();
    AccountError::Arguments(lines.join("\n"))
}

impl From<CreateAccountError> for AccountError {
    fn from(error: CreateAccountError) -> Self {
        match error {
            CreateAccountError::Invalid(invalid) => arguments(&invalid),
            other => Self::Create(other),
        }
    }
}

impl From<SetPlanError> for AccountError {
    fn from(error: SetPlanError) -> Self {
        match error {
            SetPlanError::Invalid(invalid) => arguments(&invalid),
            other => Self::SetPlan(other),
        }
    }
}

impl From<MakeAccountKeyError> for AccountError {
    fn from(error: MakeAccountKeyError) -> Self {
        match error {
            MakeAccountKeyError::Invalid(invalid) => arguments(&invalid),
            other => Self::NewKey(other),
        }
    }
}

#[cfg(test)]
mod tests;
