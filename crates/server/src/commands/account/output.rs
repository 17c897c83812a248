//! What the commands on accounts write, for people and as JSON.

use std::io::{self, Write};

use agentdrop_domain::account::{Account, CreatedAccount, MadeAccountKey};
use chrono::SecondsFormat;
use serde::Serialize;

/// Exactly what scripts get of a new account.
#[derive(Serialize)]
struct CreatedJson<'a> {
    account_id: String,
    email: &'a str,
    name: &'a str,
    plan: &'a str,
    api_key: &'a str,
}

/// What scripts get of a new key.
#[derive(Serialize)]
struct KeyJson<'a> {
    account_id: String,
    email: &'a str,
    key_id: String,
    key_name: &'a str,
    api_key: &'a str,
}

/// What scripts get of a listed account.
#[derive(Serialize)]
struct AccountJson<'a> {
    account_id: String,
    email: &'a str,
    name: &'a str,
    plan: &'a str,
    created_at: String,
}

pub(super) fn created_json(created: &CreatedAccount, out: &mut impl Write) -> io::Result<()> {
    let CreatedAccount { account, key } = created;
    write_json(
        &CreatedJson {
            account_id: account.id.to_string(),
            email: account.email.as_str(),
            name: &account.name,
            plan: account.plan.as_str(),
            api_key: key.token.reveal(),
        },
        out,
    )
}

pub(super) fn created(created: &CreatedAccount, out: &mut impl Write) -> io::Result<()> {
    let CreatedAccount { account, key } = created;
    writeln!(out, "Account created")?;
    writeln!(out, "  id       {}", account.id)?;
    writeln!(out, "  email    {}", account.email)?;
    writeln!(out, "  name     {}", account.name)?;
    writeln!(out, "  plan     {}", account.plan.as_str())?;
    writeln!(out, "  API key  {}", key.token.reveal())?;
    keep_it(out)
}

pub(super) fn key_json(made: &MadeAccountKey, out: &mut impl Write) -> io::Result<()> {
    write_json(
        &KeyJson {
            account_id: made.account.id.to_string(),
            email: made.account.email.as_str(),
            key_id: made.key.key.id.to_string(),
            key_name: &made.key.key.name,
            api_key: made.key.token.reveal(),
        },
        out,
    )
}

pub(super) fn key(made: &MadeAccountKey, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "API key made for {}", made.account.email)?;
    writeln!(out, "  id       {}", made.key.key.id)?;
    writeln!(out, "  name     {}", made.key.key.name)?;
    writeln!(out, "  API key  {}", made.key.token.reveal())?;
    keep_it(out)
}

fn keep_it(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "The key is shown this once. Clients send it as \"Authorization: Bearer <key>\".")
}

fn write_json(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}

/// A list that is written as it is read, so that any number of accounts takes the same memory.
pub(super) struct AccountList<'a, W: Write> {
    out: &'a mut W,
    json: bool,
    written: u64,
}

impl<'a, W: Write> AccountList<'a, W> {
    pub(super) fn begin(json: bool, out: &'a mut W) -> io::Result<Self> {
        if json {
            write!(out, "{{\"accounts\":[")?;
        } else {
            writeln!(out, "{:36}  {:12}  {:32}  NAME", "ID", "PLAN", "EMAIL")?;
        }
        Ok(Self { out, json, written: 0 })
    }

    pub(super) fn add(&mut self, account: &Account) -> io::Result<()> {
        if self.json {
            self.add_json(account)?;
        } else {
            let (plan, email) = (account.plan.as_str(), account.email.as_str());
            writeln!(self.out, "{:36}  {plan:12}  {email:32}  {}", account.id.to_string(), account.name)?;
        }
        self.written += 1;
        Ok(())
    }

    fn add_json(&mut self, account: &Account) -> io::Result<()> {
        if self.written > 0 {
            write!(self.out, ",")?;
        }
        let row = AccountJson {
            account_id: account.id.to_string(),
            email: account.email.as_str(),
            name: &account.name,
            plan: account.plan.as_str(),
            created_at: account.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        };
        serde_json::to_writer(&mut *self.out, &row)?;
        Ok(())
    }

    pub(super) fn end(self) -> io::Result<()> {
        if self.json { writeln!(self.out, "]}}") } else { Ok(()) }
    }
}
