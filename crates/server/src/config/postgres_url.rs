//! The URL of a Postgres database, printed without what is secret in it.

use std::fmt;

use url::Url;

const MASK: &str = "[redacted]";

/// A `postgres://` or `postgresql://` URL. `Debug` and `Display` leave out the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(Url);

impl PostgresUrl {
    /// Takes a URL of one of the two schemes; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        matches!(url.scheme(), "postgres" | "postgresql").then_some(Self(url))
    }

    /// The whole URL with its password, for the driver.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.0;
        write!(f, "{}://", url.scheme())?;
        if !url.username().is_empty() {
            f.write_str(url.username())?;
            if url.password().is_some() {
                write!(f, ":{MASK}")?;
            }
            f.write_str("@")?;
        }
        f.write_str(url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(url.path())?;
        for (index, (name, value)) in url.query_pairs().enumerate() {
            // libpq takes `password` and `sslpassword` as parameters as well.
            let shown = if name.contains("password") { MASK } else { &*value };
            write!(f, "{}{name}={shown}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_password_is_never_printed_wherever_it_stands() {
        let text = "postgres://drop:hunter2@db:5433/agentdrop?sslmode=require&password=hunter2";
        let url = PostgresUrl::parse(text).unwrap();
        let shown =
            "postgres://drop:[redacted]@db:5433/agentdrop?sslmode=require&password=[redacted]".to_owned();
        assert_eq!((url.to_string(), format!("{url:?}")), (shown.clone(), shown));
        assert_eq!(url.expose(), text);
    }

    #[test]
    fn sockets_and_bare_hosts_are_urls_too() {
        for text in ["postgresql:///agentdrop?host=/run/postgresql", "postgres://db/agentdrop"] {
            assert_eq!(PostgresUrl::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_schemes_and_broken_urls_are_refused() {
        for text in ["mysql://db/x", "sqlite://x.db", "db.sqlite3", "postgres://db:port/x", "postgres", ""] {
            assert!(PostgresUrl::parse(text).is_none(), "{text}");
        }
    }
}
