//! Enumerations and their words on the wire, listed once in each enumeration's `ALL`.

/// The word of a value. Every value is in its enumeration's table; a unit test of each table holds that.
#[must_use]
pub fn word_of<T: PartialEq>(table: &[(T, &'static str)], value: T) -> &'static str {
    table.iter().find(|(entry, _)| *entry == value).map_or("", |(_, word)| word)
}

/// The value of a word.
#[must_use]
pub fn value_of<T: Copy>(table: &[(T, &'static str)], word: &str) -> Option<T> {
    table.iter().find(|(_, entry)| *entry == word).map(|(value, _)| *value)
}

/// `must be one of: …`, for error messages.
#[must_use]
pub fn allowed<T>(table: &[(T, &'static str)]) -> String {
    let words: Vec<&str> = table.iter().map(|(_, word)| *word).collect();
    format!("must be one of: {}", words.join(", "))
}
