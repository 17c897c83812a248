use std::path::{Component, Path};

use proptest::prelude::*;

use super::*;

#[test]
fn ordinary_names_pass() {
    for name in ["a", "report.pdf", "Übersicht 2026 (final).txt", "日本語.csv", "...", &"x".repeat(255)] {
        assert!(FileName::try_from(name).is_ok(), "{name:?}");
    }
}

#[test]
fn names_that_could_do_harm_are_refused() {
    for name in [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\0",
        "a\nb",
        "a\u{7f}",
        "a\u{85}",
        "exe\u{202E}fdp",
        "\u{2066}a",
        "\u{200F}a",
        "\u{061C}",
        &"x".repeat(256),
        &"ä".repeat(128),
    ] {
        assert!(FileName::try_from(name).is_err(), "{name:?}");
    }
}

/// Names made of what could do harm, beside arbitrary ones.
fn names() -> impl Strategy<Value = String> {
    let harmful = prop::sample::select(vec!['.', '/', '\\', '\0', '\n', '\u{202E}', '\u{2069}', 'a', 'ä']);
    prop_oneof![
        any::<String>(),
        prop::collection::vec(harmful, 0..6).prop_map(String::from_iter),
        prop::collection::vec(any::<char>(), 60..300).prop_map(String::from_iter),
    ]
}

proptest! {
    #[test]
    fn an_accepted_name_is_one_entry_of_the_folder_that_it_is_joined_to(name in names()) {
        if let Ok(accepted) = FileName::try_from(name.as_str()) {
            prop_assert_eq!(accepted.as_str(), &name);
            prop_assert_eq!(accepted.to_string(), name.clone());
            let folder = Path::new("/srv/files");
            let joined = folder.join(accepted.as_str());
            prop_assert_eq!(joined.parent(), Some(folder));
            prop_assert_eq!(joined.components().next_back(), Some(Component::Normal(name.as_ref())));
            prop_assert!((1..=255).contains(&name.len()));
            prop_assert!(!name.chars().any(char::is_control));
        }
    }

    #[test]
    fn what_has_no_harmful_character_is_accepted(name in "[a-zA-Z0-9äß日 _()+.-]{1,60}") {
        prop_assume!(name != "." && name != "..");
        prop_assert!(FileName::try_from(name.as_str()).is_ok());
    }
}
