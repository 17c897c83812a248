//! `agentdrop-server`.

use std::io;
use std::process::ExitCode;

use agentdrop_server::check_config::check_config;
use agentdrop_server::cli::{Cli, Command};
use agentdrop_server::commands::account::account;
use agentdrop_server::commands::demo::{self, demo};
use agentdrop_server::commands::doctor::{doctor, doctor_without_configuration};
use agentdrop_server::commands::migrate::migrate;
use agentdrop_server::commands::serve::serve;
use agentdrop_server::commands::storage::storage;
use agentdrop_server::config::{Config, Environment, Loaded};
use agentdrop_server::healthcheck::healthcheck;
use agentdrop_server::{logging, with_causes};
use clap::Parser;

/// The exit status for a configuration that has problems, as for a wrong command line.
const BAD_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment::of_process();
    let file = cli.config.clone();
    let command = cli.into_command();
    if command == Command::CheckConfig {
        let status = check_config(file.as_deref(), &environment, &mut io::stdout(), &mut io::stderr());
        return status.map_or(ExitCode::FAILURE, ExitCode::from);
    }
    // The demo has settings of its own, so that it shows the program at its best whatever is configured here.
    let (file, environment) = match command {
        Command::Demo => (None, demo::environment(&environment)),
        _ => (file, environment),
    };
    let loaded = match Config::load(file.as_deref(), &environment) {
        Ok(loaded) => loaded,
        Err(errors) if command == Command::Doctor => {
            return status(doctor_without_configuration(&errors, &mut io::stdout()).map_err(Into::into));
        }
        Err(errors) => {
            eprintln!("{errors}");
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    status(run(command, &loaded))
}

fn status(result: Result<(), Box<dyn std::error::Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(command: Command, loaded: &Loaded) -> Result<(), Box<dyn std::error::Error>> {
    logging::init(&loaded.config.log)?;
    // The doctor has a line for each.
    if command != Command::Doctor {
        loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    }
    match command {
        Command::Serve => serve(&loaded.config, &mut io::stdout()).await?,
        Command::Account(command) => account(&loaded.config, command, &mut io::stdout()).await?,
        Command::Storage(command) => storage(&loaded.config, command, &mut io::stdout()).await?,
        Command::Migrate => migrate(&loaded.config, &mut io::stdout()).await?,
        Command::Healthcheck => healthcheck(&loaded.config).await?,
        Command::Doctor => doctor(loaded, &mut io::stdout()).await?,
        Command::Demo => demo(&mut io::stdout()).await?,
        Command::CheckConfig => unreachable!("it needs no runtime"),
    }
    Ok(())
}
