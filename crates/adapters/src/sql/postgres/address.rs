use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use url::form_urlencoded;

use crate::sql::OpenError;

/// What a connection URL says.
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) tls: TlsWish,
}

/// How the URL wants the connection encrypted. Certificates are verified in every mode that uses them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TlsWish {
    pub(super) mode: SslMode,
    /// PEM file of further certificate authorities.
    pub(super) root_certificates: Option<PathBuf>,
}

const FORM: &str = "expected postgres://user:password@host:port/database, with percent-encoding for any of \
    : / ? # [ ] @ % in user and password";
const MODES: &str = "sslmode must be one of: disable, prefer, require, verify-ca, verify-full";

impl FromStr for Address {
    type Err = OpenError;

    /// The driver's own refusals are not handed on: they quote the text, and the password may be in it.
    fn from_str(url: &str) -> Result<Self, OpenError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut tls = TlsWish { mode: SslMode::Prefer, root_certificates: None };
        let mut rest = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "sslmode" => tls.mode = mode(&value)?,
                "sslrootcert" => tls.root_certificates = Some(PathBuf::from(&*value)),
                _ => drop(rest.append_pair(&name, &value)),
            }
        }
        // The driver does not read '+' as a space.
        let rest = rest.finish().replace('+', "%20");
        let mut config: Config = format!("{base}?{rest}").parse().map_err(|_| OpenError::BadUrl(FORM))?;
        config.ssl_mode(tls.mode);
        Ok(Self { config, tls })
    }
}

fn mode(word: &str) -> Result<SslMode, OpenError> {
    match word {
        "disable" => Ok(SslMode::Disable),
        "allow" | "prefer" => Ok(SslMode::Prefer),
        "require" | "verify-ca" | "verify-full" => Ok(SslMode::Require),
        _ => Err(OpenError::BadUrl(MODES)),
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    fn address(url: &str) -> Address {
        url.parse().unwrap()
    }

    #[test]
    fn the_modes_of_libpq_are_understood() {
        for (query, mode) in [
            ("", SslMode::Prefer),
            ("?sslmode=disable", SslMode::Disable),
            ("?sslmode=prefer", SslMode::Prefer),
            ("?sslmode=require", SslMode::Require),
            ("?sslmode=verify-ca", SslMode::Require),
            ("?sslmode=verify-full", SslMode::Require),
        ] {
            let address = address(&format!("postgres://u:p@db/x{query}"));
            assert_eq!((address.tls.mode, address.config.get_ssl_mode()), (mode, mode), "{query}");
        }
    }

    #[test]
    fn own_parameters_are_taken_out_and_others_handed_on() {
        let address = address(
            "postgres://u:p%40ss@db:5433/x?sslrootcert=%2Fetc%2Fmy%20ca.pem&connect_timeout=7&options=-c%20a%3Db",
        );
        assert_eq!(address.tls.root_certificates, Some(PathBuf::from("/etc/my ca.pem")));
        assert_eq!(address.config.get_hosts(), [Host::Tcp("db".to_owned())]);
        assert_eq!(address.config.get_ports(), [5433]);
        assert_eq!(address.config.get_password(), Some(&b"p@ss"[..]));
        assert_eq!(address.config.get_options(), Some("-c a=b"));
    }

    #[test]
    fn a_refusal_never_quotes_the_password() {
        for url in [
            "postgres://u:hunter2?x@db/y",
            "postgres://u:hunter2@db:port/y",
            "postgres://u:hunter2@db/y?sslmode=hunter2",
            "postgres://u:hunter2@db/y?nonsense=hunter2",
        ] {
            let Err(refusal) = url.parse::<Address>() else { panic!("{url} was accepted") };
            let said = format!("{refusal} {refusal:?}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
