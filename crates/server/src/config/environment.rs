//! The environment as the configuration sees it: handed in, so that tests never touch the process's own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// What every environment variable of the server begins with.
pub const PREFIX: &str = "AGENTDROP_";

/// The variables that begin with [`PREFIX`]. An empty value counts as not set, which is how Compose files
/// and unit files leave a variable out.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))))
    }

    /// These variables; others than `AGENTDROP_…` and empty ones are left out.
    pub fn new<N: Into<String>, V: Into<OsString>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty())
                .collect(),
        )
    }

    /// The value of a variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str)
    }

    /// The names of all variables, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_variables_with_a_value_are_seen() {
        let environment =
            Environment::new([("AGENTDROP_LOG", "debug"), ("AGENTDROP_LISTEN", ""), ("HOME", "/")]);
        assert_eq!(environment.names().collect::<Vec<_>>(), ["AGENTDROP_LOG"]);
        assert_eq!(environment.get("AGENTDROP_LISTEN"), None);
    }
}
