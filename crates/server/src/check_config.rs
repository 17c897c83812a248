//! `agentdrop-server check-config`: is the configuration sound, and where does each value come from?

use std::io::{self, Write};
use std::path::Path;

use crate::config::{Config, Environment, report};

/// The configuration is sound.
const SOUND: u8 = 0;
/// The configuration has problems.
const PROBLEMS: u8 = 2;

/// Prints the effective configuration to `out` or what is wrong with it to `err`; the exit status.
///
/// # Errors
/// If the output can't be written.
pub fn check_config(
    file: Option<&Path>,
    environment: &Environment,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<u8> {
    match Config::load(file, environment) {
        Ok(loaded) => {
            out.write_all(report(&loaded).as_bytes())?;
            Ok(SOUND)
        }
        Err(errors) => {
            writeln!(err, "{errors}")?;
            Ok(PROBLEMS)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn run(environment: &[(&str, &str)]) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let environment = Environment::new(environment.iter().copied());
        let status = check_config(None, &environment, &mut out, &mut err).unwrap();
        (status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn a_sound_configuration_is_printed_with_its_sources() {
        let (status, out, err) = run(&[("AGENTDROP_LOG", "debug")]);
        assert_eq!((status, err.as_str()), (0, ""));
        assert!(
            out.lines()
                .any(|line| line.starts_with("log ") && line.ends_with("= debug  [env AGENTDROP_LOG]"))
        );
        assert!(out.lines().any(|line| line.starts_with("listen ") && line.ends_with("[default]")));
    }

    #[test]
    fn problems_go_to_standard_error_with_status_2() {
        let (status, out, err) = run(&[("AGENTDROP_LISTEN", "here"), ("AGENTDROP_WORKERS", "0")]);
        assert_eq!((status, out.as_str()), (2, ""));
        assert!(err.starts_with("2 problems in the configuration:\n"), "{err}");
    }
}
