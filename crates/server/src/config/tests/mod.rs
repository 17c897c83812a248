#![allow(clippy::unwrap_used, clippy::expect_used)]

mod checks;
mod documentation;
mod layering;
mod names;
mod secrets;

use std::path::PathBuf;

use super::{Config, Effective, Environment, Loaded, report};

/// A configuration file in a folder of its own, and the variables beside it.
pub struct Setup {
    folder: tempfile::TempDir,
    file: Option<PathBuf>,
    variables: Vec<(String, String)>,
}

impl Setup {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), file: None, variables: Vec::new() }
    }

    pub fn toml(mut self, text: &str) -> Self {
        self.file = Some(self.write("agentdrop.toml", text));
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Writes a file beside the configuration and gives its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A variable that names a file with this text.
    pub fn env_file(self, name: &str, text: &str) -> Self {
        let path = self.write(name, text);
        self.env(name, path.to_str().unwrap())
    }

    pub fn load(&self) -> Loaded {
        self.try_load().unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    pub fn config(&self) -> Config {
        self.load().config
    }

    pub fn problems(&self) -> Vec<String> {
        self.try_load().expect_err("the configuration has problems")
    }

    fn try_load(&self) -> Result<Loaded, Vec<String>> {
        let environment = Environment::new(self.variables.iter().cloned());
        Config::load(self.file.as_deref(), &environment).map_err(|errors| errors.problems().to_vec())
    }
}

/// The only problem of a configuration contains each of these parts.
pub fn assert_problem(setup: &Setup, parts: &[&str]) {
    let problems = setup.problems();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    for part in parts {
        assert!(problems[0].contains(part), "`{part}` is not in: {}", problems[0]);
    }
}

pub fn setting<'a>(loaded: &'a Loaded, toml: &str) -> &'a Effective {
    loaded.effective.iter().find(|setting| setting.key.toml == toml).unwrap()
}

/// Everything that anybody could print of a configuration.
pub fn everything_printed(loaded: &Loaded) -> String {
    format!("{}\n{loaded:?}", report(loaded))
}
