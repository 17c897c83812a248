//! JSON fields that report what is wrong with them instead of failing the whole body, so that an answer
//! names every bad field at once.

use std::str::FromStr;

use agentdrop_domain::error::FieldErrors;
use agentdrop_domain::words;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// A field of a JSON body. `null` equals absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field<T> {
    /// Not there.
    #[default]
    Absent,
    /// There.
    Given(T),
    /// There, but of another JSON type.
    WrongType,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(Self::Absent);
        }
        Ok(serde_json::from_value(value).map_or(Self::WrongType, Self::Given))
    }
}

impl<T> Field<T> {
    /// The value if there is one; `expected` completes "must be …".
    pub fn optional(self, errors: &mut FieldErrors, name: &str, expected: &str) -> Option<T> {
        match self {
            Self::Absent => None,
            Self::Given(value) => Some(value),
            Self::WrongType => {
                errors.add(name, format!("must be {expected}"));
                None
            }
        }
    }

    /// The value; its absence is noted too.
    pub fn required(self, errors: &mut FieldErrors, name: &str, expected: &str) -> Option<T> {
        if matches!(self, Self::Absent) {
            errors.add(name, format!("is required; must be {expected}"));
            return None;
        }
        self.optional(errors, name, expected)
    }
}

impl Field<String> {
    /// A required text that parses as `T` (an id).
    pub fn required_parsed<T: FromStr>(
        self,
        errors: &mut FieldErrors,
        name: &str,
        expected: &str,
    ) -> Option<T> {
        let text = self.required(errors, name, expected)?;
        parsed(&text, errors, name, expected)
    }

    /// An optional text that parses as `T` (an id).
    pub fn optional_parsed<T: FromStr>(
        self,
        errors: &mut FieldErrors,
        name: &str,
        expected: &str,
    ) -> Option<T> {
        let text = self.optional(errors, name, expected)?;
        parsed(&text, errors, name, expected)
    }

    /// An optional word of an enumeration.
    pub fn optional_word<T: Copy>(
        self,
        errors: &mut FieldErrors,
        name: &str,
        table: &[(T, &'static str)],
    ) -> Option<T> {
        let text = match self {
            Self::Absent => return None,
            Self::Given(text) => text,
            Self::WrongType => String::new(),
        };
        word(&text, errors, name, table)
    }

    /// A required word of an enumeration.
    pub fn required_word<T: Copy>(
        self,
        errors: &mut FieldErrors,
        name: &str,
        table: &[(T, &'static str)],
    ) -> Option<T> {
        if matches!(self, Self::Absent) {
            errors.add(name, format!("is required; {}", words::allowed(table)));
            return None;
        }
        self.optional_word(errors, name, table)
    }

    /// An optional text of at most `max` characters.
    pub fn optional_text(self, errors: &mut FieldErrors, name: &str, max: usize) -> Option<String> {
        let expected = format!("a text of at most {max} characters");
        let text = self.optional(errors, name, &expected)?;
        if text.chars().count() > max {
            errors.add(name, format!("must be {expected}"));
            return None;
        }
        Some(text)
    }
}

fn parsed<T: FromStr>(text: &str, errors: &mut FieldErrors, name: &str, expected: &str) -> Option<T> {
    let value = text.parse().ok();
    if value.is_none() {
        errors.add(name, format!("must be {expected}"));
    }
    value
}

/// The value of a word of an enumeration, noting what is allowed if it is none.
pub fn word<T: Copy>(
    text: &str,
    errors: &mut FieldErrors,
    name: &str,
    table: &[(T, &'static str)],
) -> Option<T> {
    let value = words::value_of(table, text);
    if value.is_none() {
        errors.add(name, words::allowed(table));
    }
    value
}
