//! The three layers of raw values: compiled defaults, the TOML file, the environment. A later layer
//! replaces an earlier one key by key.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::Value;

use super::environment::{Environment, PREFIX};
use super::keys::{self, Key, Kind};

/// The largest configuration or secret file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// The TOML table of plans, which has no environment variables.
const PLANS: &str = "plans";

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Compiled in.
    Default,
    /// The TOML file.
    File(PathBuf),
    /// An environment variable.
    Environment(&'static str),
    /// A file that an environment variable names.
    SecretFile(&'static str, PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "env {name}"),
            Self::SecretFile(name, path) => write!(f, "env {name}, file {}", path.display()),
        }
    }
}

/// A value as it was written, and where.
#[derive(Clone)]
pub struct Raw {
    pub text: String,
    pub source: Source,
}

/// What all layers together say, unchecked but for the names and the TOML types.
pub struct Layers {
    values: BTreeMap<&'static str, Raw>,
    /// The `[plans]` table of the file.
    pub plans: toml::Table,
    pub problems: Vec<String>,
    pub warnings: Vec<String>,
}

impl Layers {
    /// Reads every layer. Problems are collected, so that the rest can still be checked.
    pub fn gather(file: Option<&Path>, environment: &Environment) -> Self {
        let mut layers = Self {
            values: BTreeMap::new(),
            plans: toml::Table::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        for key in keys::ALL {
            if let Some(default) = key.default {
                layers.set(key, default.to_owned(), Source::Default);
            }
        }
        if let Some(path) = file {
            layers.add_file(path);
        }
        layers.add_environment(environment);
        layers
    }

    /// What counts for a key, if anything is set.
    pub fn get(&self, key: &Key) -> Option<&Raw> {
        self.values.get(key.toml)
    }

    /// Whether the operator has set a key.
    pub fn is_set(&self, key: &Key) -> bool {
        self.get(key).is_some_and(|raw| raw.source != Source::Default)
    }

    fn set(&mut self, key: &'static Key, text: String, source: Source) {
        self.values.insert(key.toml, Raw { text, source });
    }

    fn add_file(&mut self, path: &Path) {
        match read_table(path) {
            Ok(mut table) => {
                match table.remove(PLANS) {
                    None => {}
                    Some(Value::Table(plans)) => self.plans = plans,
                    Some(_) => self.problems.push(format!("`{PLANS}` must be a table; see `[plans.NAME]`")),
                }
                self.add_table("", table, path);
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    fn add_table(&mut self, prefix: &str, table: toml::Table, path: &Path) {
        for (name, value) in table {
            let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            match (keys::ALL.iter().find(|key| key.toml == name), value) {
                (None, Value::Table(table)) if !table.is_empty() => self.add_table(&name, table, path),
                (Some(key), value) => self.add_value(key, &value, path),
                (None, _) => self.problems.push(unknown_key(&name, path)),
            }
        }
    }

    fn add_value(&mut self, key: &'static Key, value: &Value, path: &Path) {
        match text_of(key.kind, value) {
            // As in the environment, an empty value is none.
            Some(text) if text.is_empty() => {}
            Some(text) => self.set(key, text, Source::File(path.to_owned())),
            None => self.problems.push(format!(
                "{key} must be {}; {} gives a TOML {}",
                key.allowed,
                path.display(),
                value.type_str()
            )),
        }
    }

    fn add_environment(&mut self, environment: &Environment) {
        for key in keys::ALL {
            let direct = environment.get(key.env);
            let named = key.env_file.and_then(|name| Some((name, environment.get(name)?)));
            match (direct, named) {
                (Some(_), Some((name, _))) => {
                    self.problems.push(format!("{key} is set twice: by {} and by {name}; keep one", key.env));
                }
                (Some(value), None) => match value.to_str() {
                    Some(text) => self.set(key, text.to_owned(), Source::Environment(key.env)),
                    None => self.problems.push(format!("{key} must be {}; it is not Unicode", key.allowed)),
                },
                (None, Some((name, path))) => self.add_secret_file(key, name, Path::new(path)),
                (None, None) => {}
            }
        }
        self.warnings.extend(environment.names().filter_map(unknown_variable));
    }

    fn add_secret_file(&mut self, key: &'static Key, name: &'static str, path: &Path) {
        let text = read_text(path).map(|text| text.trim().to_owned());
        match text {
            Ok(text) if text.is_empty() => {
                self.problems.push(format!("{key}: the file {} named by {name} is empty", path.display()));
            }
            Ok(text) => self.set(key, text, Source::SecretFile(name, path.to_owned())),
            Err(reason) => {
                let path = path.display();
                self.problems.push(format!("{key}: the file {path} named by {name} can't be read: {reason}"));
            }
        }
    }
}

/// A TOML value as it would be written in the environment; `None` if it has the wrong type.
fn text_of(kind: Kind, value: &Value) -> Option<String> {
    match (kind, value) {
        (Kind::Text | Kind::List | Kind::Limit, Value::String(text)) => Some(text.clone()),
        (Kind::Whole | Kind::Limit, Value::Integer(number)) => Some(number.to_string()),
        (Kind::Switch, Value::Boolean(on)) => Some(on.to_string()),
        (Kind::List, Value::Array(items)) => {
            items.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(|items| items.join(","))
        }
        _ => None,
    }
}

fn read_table(path: &Path) -> Result<toml::Table, String> {
    let shown = path.display();
    let text = read_text(path)
        .map_err(|reason| format!("the configuration file {shown} can't be read: {reason}"))?;
    toml::from_str(&text).map_err(|error| {
        // The error's own text quotes the line, which may hold a secret.
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        format!("the configuration file {shown} is not valid TOML, line {line}: {}", error.message())
    })
}

fn read_text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = |text: &mut String| File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(text);
    match read(&mut text) {
        Ok(bytes) if bytes as u64 > MAX_FILE_BYTES => Err("it is larger than 1 MiB".to_owned()),
        Ok(_) => Ok(text),
        Err(error) => Err(error.to_string()),
    }
}

fn unknown_key(name: &str, path: &Path) -> String {
    let path = path.display();
    let group = format!("{name}.");
    if keys::ALL.iter().any(|key| key.toml.starts_with(&group)) {
        return format!("`{name}` in {path} must be a table with keys");
    }
    let hint = nearest(name, keys::ALL.iter().map(|key| key.toml))
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    format!("unknown key `{name}` in {path}{hint}")
}

/// What to say about a variable that is none of the server's; its value is never shown.
fn unknown_variable(name: &str) -> Option<String> {
    let known = |key: &&&Key| key.env == name || key.env_file == Some(name);
    if name.starts_with(keys::TEST_PREFIX) || keys::ALL.iter().any(|key| known(&key)) {
        return None;
    }
    if keys::CLIENT_VARIABLES.contains(&name) {
        return Some(format!("{name} is a setting of AgentDrop clients; the server does not use it"));
    }
    let names = keys::ALL.iter().flat_map(|key| [Some(key.env), key.env_file]).flatten();
    let hint = nearest(name, names).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Some(format!("{name} is no setting of this server (unknown {PREFIX} variable){hint}"))
}

/// The candidate that a typing error could have come from.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 4).max(2))
        .min()
        .map(|(_, candidate)| candidate)
}
