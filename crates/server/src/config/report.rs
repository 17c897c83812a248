//! The configuration as `check-config` prints it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::keys::{self, Key};
use super::layers::{Layers, Source};
use super::plans::FIELDS;
use super::{Loaded, Secret};

/// A setting's value as text, and where it comes from. Secrets are redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The setting.
    pub key: &'static Key,
    /// Its value.
    pub value: String,
    /// Where the value comes from.
    pub source: Source,
}

/// Every setting as it counts; `shown` has texts that replace the raw ones.
pub(super) fn effective(layers: &Layers, shown: &BTreeMap<&'static str, String>) -> Vec<Effective> {
    keys::ALL
        .iter()
        .map(|key| {
            let raw = layers.get(key);
            let value = match (shown.get(key.toml), raw) {
                (Some(shown), _) => shown.clone(),
                (None, Some(raw)) if key.is_secret() => Secret::new(raw.text.as_str()).to_string(),
                (None, Some(raw)) => raw.text.clone(),
                (None, None) => format!("({})", key.unset),
            };
            Effective { key, value, source: raw.map_or(Source::Default, |raw| raw.source.clone()) }
        })
        .collect()
}

/// The effective configuration, one setting a line with its source, then the plans, then warnings.
#[must_use]
pub fn report(loaded: &Loaded) -> String {
    let mut text = String::new();
    let width = loaded.effective.iter().map(|setting| setting.key.toml.len()).max().unwrap_or(0);
    for Effective { key, value, source } in &loaded.effective {
        line(&mut text, format_args!("{:width$} = {value}  [{source}]", key.toml));
    }
    for plan in loaded.config.settings.plans.iter() {
        line(&mut text, format_args!("\nplan {}", plan.name.as_str()));
        for field in &FIELDS {
            line(&mut text, format_args!("  {} = {}", field.toml, field.show(plan)));
        }
    }
    if !loaded.warnings.is_empty() {
        text.push('\n');
    }
    for warning in &loaded.warnings {
        line(&mut text, format_args!("warning: {warning}"));
    }
    text
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing into a `String` can't fail.
    let _ = writeln!(text, "{arguments}");
}
