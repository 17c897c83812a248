//! The command line: definitions only.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Self-hosted server for end-to-end encrypted file exchange between AI agents.
#[derive(Debug, Parser, PartialEq, Eq)]
#[command(name = "agentdrop-server", version)]
pub struct Cli {
    /// TOML configuration file; `AGENTDROP_…` variables override it
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What to do; without a command the server is started
    #[command(subcommand)]
    command: Option<Command>,
}

impl Cli {
    /// The command; starting the server if none is given.
    #[must_use]
    pub fn into_command(self) -> Command {
        self.command.unwrap_or(Command::Serve)
    }
}

/// What the program can do.
#[derive(Debug, Subcommand, PartialEq, Eq)]
pub enum Command {
    /// Start the server (the default); brings the database up to date first
    Serve,
    /// Bring the database up to date and stop
    Migrate,
    /// Check the configuration and show where each value comes from
    CheckConfig,
    /// Ask the running server whether it is ready (for container health checks)
    Healthcheck,
    /// Try the database, the storage, the public URL, the clock and the disk, and say what to do
    Doctor,
    /// Show a whole encrypted exchange on a server in a temporary folder
    Demo,
    /// Create and manage accounts, also while the server runs
    #[command(subcommand)]
    Account(AccountCommand),
    /// Look after the store of bytes, also while the server runs
    #[command(subcommand)]
    Storage(StorageCommand),
}

/// What can be done with the store of bytes.
#[derive(Debug, Subcommand, PartialEq, Eq)]
pub enum StorageCommand {
    /// Compare rows and bytes in both directions; status 0 only if nothing is missing and nothing orphaned
    Check(CheckStorage),
}

/// Arguments of `storage check`.
#[derive(Debug, Args, PartialEq, Eq)]
pub struct CheckStorage {
    /// Remove what belongs to no row of this database, and delete transfers whose bytes are missing
    #[arg(long)]
    pub repair: bool,
    /// Read every byte and compare the SHA-256
    #[arg(long)]
    pub verify: bool,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What can be done with accounts.
#[derive(Debug, Subcommand, PartialEq, Eq)]
pub enum AccountCommand {
    /// Create an account and show its first API key, once
    Create(CreateAccount),
    /// List all accounts
    List(ListAccounts),
    /// Put an account on another plan
    SetPlan(SetPlan),
    /// Say what an account's transfers must be like
    SetPolicy(SetPolicy),
    /// Make another API key for an account and show it, once
    NewKey(NewKey),
}

/// Arguments of `account create`.
#[derive(Debug, Args, PartialEq, Eq)]
pub struct CreateAccount {
    /// The owner's e-mail address; unique
    #[arg(long)]
    pub email: String,
    /// The display name
    #[arg(long)]
    pub name: String,
    /// The plan; without it the one that `accounts.default_plan` names
    #[arg(long)]
    pub plan: Option<String>,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `account list`.
#[derive(Debug, Args, PartialEq, Eq)]
pub struct ListAccounts {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `account set-plan`.
#[derive(Debug, Args, PartialEq, Eq)]
pub struct SetPlan {
    /// The account's e-mail address
    #[arg(long)]
    pub email: String,
    /// The new plan
    #[arg(long)]
    pub plan: String,
}

/// Arguments of `account set-policy`.
#[derive(Debug, Args, PartialEq, Eq)]
pub struct SetPolicy {
    /// The account's e-mail address
    #[arg(long)]
    pub email: String,
    /// Whether transfers from and to the account must be encrypted by the client
    #[arg(long, value_name = "on|off")]
    pub require_encryption: Switch,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs)]
pub enum Switch {
    On,
    Off,
}

/// Arguments of `account new-key`.
#[derive(Debug, Args, PartialEq, Eq)]
pub struct NewKey {
    /// The account's e-mail address
    #[arg(long)]
    pub email: String,
    /// What the key is for, as lists show it
    #[arg(long)]
    pub name: Option<String>,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_definitions_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_starts_the_server() {
        assert_eq!(parse("agentdrop-server").unwrap().into_command(), Command::Serve);
    }

    #[test]
    fn the_configuration_file_may_stand_before_or_after_the_command() {
        for line in
            ["agentdrop-server --config a.toml check-config", "agentdrop-server check-config --config a.toml"]
        {
            let cli = parse(line).unwrap();
            assert_eq!(cli.config, Some(PathBuf::from("a.toml")));
            assert_eq!(cli.into_command(), Command::CheckConfig);
        }
    }

    #[test]
    fn a_check_of_the_storage_only_looks_unless_told_otherwise() {
        for (line, repair, verify, json) in [
            ("agentdrop-server storage check", false, false, false),
            ("agentdrop-server storage check --repair --json", true, false, true),
            ("agentdrop-server storage check --verify", false, true, false),
        ] {
            let check = CheckStorage { repair, verify, json };
            assert_eq!(parse(line).unwrap().into_command(), Command::Storage(StorageCommand::Check(check)));
        }
    }

    #[test]
    fn account_commands_take_their_arguments() {
        let create = parse("agentdrop-server account create --email a@b.example --name A --json").unwrap();
        assert_eq!(
            create.into_command(),
            Command::Account(AccountCommand::Create(CreateAccount {
                email: "a@b.example".to_owned(),
                name: "A".to_owned(),
                plan: None,
                json: true,
            }))
        );
        let set_plan = parse("agentdrop-server account set-plan --email a@b.example --plan team").unwrap();
        assert_eq!(
            set_plan.into_command(),
            Command::Account(AccountCommand::SetPlan(SetPlan {
                email: "a@b.example".to_owned(),
                plan: "team".to_owned(),
            }))
        );
        let policy = "agentdrop-server account set-policy --email a@b.example --require-encryption";
        assert_eq!(
            parse(&format!("{policy} on")).unwrap().into_command(),
            Command::Account(AccountCommand::SetPolicy(SetPolicy {
                email: "a@b.example".to_owned(),
                require_encryption: Switch::On,
            }))
        );
        assert!(parse(&format!("{policy} maybe")).is_err());
        assert!(parse("agentdrop-server account create --email a@b.example").is_err());
        assert!(parse("agentdrop-server account new-key").is_err());
    }
}
