#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::super::testing::{fields, given};
use super::*;
use crate::mock::id;
use crate::plan::PlanCatalogue;

fn text(of: &str) -> Option<String> {
    Some(of.to_owned())
}

/// The least that a transfer needs.
fn least() -> TransferForm {
    TransferForm { sender: text("agent-11"), recipient: text("agent-22"), ..TransferForm::default() }
}

fn judged(form: TransferForm) -> Result<Draft, Invalid> {
    form.into_draft(FieldErrors::default())
}

/// The fields that the whole form is refused for.
fn refused(form: TransferForm) -> Vec<String> {
    let invalid = judged(form).unwrap_err();
    fields(&invalid).into_iter().map(str::to_owned).collect()
}

#[test]
fn what_is_not_said_is_the_default() {
    let draft = judged(least()).unwrap();
    let expected = Draft {
        sender: "agent-11".to_owned(),
        recipient: "agent-22".to_owned(),
        recipient_account: None,
        mode: Mode::AgentToAgent,
        message: None,
        auto_delete: false,
        max_downloads: 10,
        lifetime_seconds: None,
        encryption: Encryption::PLAIN,
        ivs: None,
    };
    assert_eq!(draft, expected);
}

#[test]
fn what_is_said_is_kept() {
    let form = TransferForm {
        recipient_account: text("them@example.com"),
        mode: Some(Mode::AgentToHuman),
        message: text("hello"),
        auto_delete: Some(true),
        max_downloads: Some(1_000),
        expires_in: text("7d"),
        is_encrypted: Some(false),
        sender_signature: Some(vec![9; 64]),
        ..least()
    };
    let expected = Draft {
        recipient_account: text("them@example.com"),
        mode: Mode::AgentToHuman,
        message: text("hello"),
        auto_delete: true,
        max_downloads: 1_000,
        lifetime_seconds: Some(7 * 86_400),
        encryption: Encryption { layout: EncryptionLayout::Plain, sender_signature: Some(vec![9; 64]) },
        ..judged(least()).unwrap()
    };
    assert_eq!(judged(form).unwrap(), expected);
}

#[test]
fn sender_and_recipient_are_required() {
    assert_eq!(refused(TransferForm::default()), ["sender", "recipient"]);
    assert_eq!(refused(TransferForm { sender: None, ..least() }), ["sender"]);
    // What has not come yet is no error before the end.
    assert!(given(&TransferForm::default()).is_empty());
}

#[test]
fn texts_have_their_lengths_and_no_control_characters() {
    let long = |n: usize| Some("ä".repeat(n));
    let forms = |value: Option<String>| {
        [
            ("sender", 128, TransferForm { sender: value.clone(), ..least() }),
            ("recipient", 128, TransferForm { recipient: value.clone(), ..least() }),
            ("recipient_account", 256, TransferForm { recipient_account: value, ..least() }),
        ]
    };
    for (name, most, _) in forms(None) {
        let with = |value| forms(value).into_iter().find(|form| form.0 == name).unwrap().2;
        assert!(given(&with(long(most))).is_empty(), "{name}");
        for bad in [long(most + 1), text("a\nb"), text("a\0"), text("  ")] {
            assert_eq!(given(&with(bad.clone())), [name], "{bad:?}");
        }
        let invalid = judged(with(long(most + 1))).unwrap_err();
        assert!(invalid.0[0].message.contains(&format!("1 to {most} ")), "{}", invalid.0[0].message);
    }
    assert_eq!(
        given(&TransferForm { sender: text(""), recipient: text(""), ..least() }),
        ["sender", "recipient"]
    );
    // An empty account is none: clients send what a user left open.
    let draft = judged(TransferForm { recipient_account: text(""), ..least() }).unwrap();
    assert_eq!(draft.recipient_account, None);
}

#[test]
fn a_message_has_lines_but_no_other_control_characters() {
    for (message, good) in [("one\ntwo\tthree\r\n", true), ("nul\0", false), ("bell\u{7}", false)] {
        let form = TransferForm { message: text(message), ..least() };
        assert_eq!(form.into_draft(FieldErrors::default()).is_ok(), good, "{message:?}");
    }
}

#[test]
fn a_message_has_at_most_4096_characters() {
    for (length, allowed) in [(0, true), (4_096, true), (4_097, false)] {
        let form = TransferForm { message: Some("ä".repeat(length)), ..least() };
        assert_eq!(judged(form).is_ok(), allowed, "{length}");
    }
}

#[test]
fn one_to_a_thousand_downloads() {
    for (count, allowed) in [(0, false), (1, true), (1_000, true), (1_001, false), (u32::MAX, false)] {
        let form = TransferForm { max_downloads: Some(count), ..least() };
        assert_eq!(judged(form.clone()).is_ok(), allowed, "{count}");
        assert_eq!(given(&form).is_empty(), allowed, "{count}");
    }
}

#[test]
fn a_lifetime_is_a_number_of_hours_or_days_up_to_a_year() {
    for (asked, seconds) in [
        ("1h", Some(3_600)),
        ("24h", Some(86_400)),
        ("1d", Some(86_400)),
        ("365d", Some(365 * 86_400)),
        ("8760h", Some(365 * 86_400)),
        ("8761h", None),
        ("366d", None),
        ("0h", None),
        ("0d", None),
        ("", None),
        ("h", None),
        ("d", None),
        ("24", None),
        ("24H", None),
        ("24m", None),
        ("-1h", None),
        ("+1h", None),
        ("1.5h", None),
        ("1 h", None),
        (" 1h", None),
        ("1h ", None),
        ("1hh", None),
        ("1d1h", None),
        ("٣h", None),
        ("1ä", None),
        ("18446744073709551615d", None),
        ("18446744073709551616h", None),
    ] {
        assert_eq!(lifetime(asked), seconds, "{asked:?}");
        let form = TransferForm { expires_in: text(asked), ..least() };
        match seconds {
            Some(_) => assert_eq!(judged(form).unwrap().lifetime_seconds, seconds),
            None => assert_eq!(refused(form), ["expires_in"], "{asked:?}"),
        }
    }
}

proptest! {
    #[test]
    fn a_lifetime_never_panics_and_never_lasts_longer_than_a_year(asked in "[0-9]{0,25}[hdms]?|\\PC{0,6}") {
        if let Some(seconds) = lifetime(&asked) {
            prop_assert!((3_600..=MAX_LIFETIME_SECONDS).contains(&seconds));
        }
    }
}

#[test]
fn the_plan_caps_the_lifetime_and_the_default() {
    let plans = PlanCatalogue::default();
    let plan = |name: &str| plans.iter().find(|plan| plan.name.as_str() == name).unwrap();
    let short = Plan { max_retention_seconds: Some(7_200), ..plan("free").clone() };
    let endless = Plan { max_retention_seconds: Some(u64::MAX), ..plan("free").clone() };
    for (plan, asked, expected) in [
        (plan("free"), None, Some(86_400)),
        (plan("free"), Some("24h"), Some(86_400)),
        (plan("free"), Some("25h"), None),
        (plan("builder"), Some("14d"), Some(14 * 86_400)),
        (plan("builder"), Some("15d"), None),
        (plan("enterprise"), None, Some(86_400)),
        (plan("enterprise"), Some("365d"), Some(365 * 86_400)),
        (&short, None, Some(7_200)),
        (&short, Some("3h"), None),
        (&endless, Some("365d"), Some(365 * 86_400)),
    ] {
        let form = TransferForm { expires_in: asked.map(str::to_owned), ..least() };
        assert_eq!(form.check_lifetime(plan).is_ok(), expected.is_some(), "{asked:?}");
        let lifetime = judged(form).unwrap().lifetime_under(plan);
        match expected {
            Some(_) => assert_eq!(lifetime.ok(), expected, "{asked:?}"),
            None => assert_eq!(fields(&lifetime.unwrap_err()), ["expires_in"], "{asked:?}"),
        }
    }
    let refusal = Draft { lifetime_seconds: Some(7_201), ..judged(least()).unwrap() }.lifetime_under(&short);
    assert_eq!(refusal.unwrap_err().0[0].message, "must be at most 2h on the plan free");
}

fn legacy(algorithm: Algorithm) -> TransferForm {
    TransferForm {
        is_encrypted: Some(true),
        encryption_algorithm: Some(algorithm),
        encrypted_key: Some(vec![1; 60]),
        encryption_ivs: Some(vec![vec![2; 12], vec![3; 12]]),
        ..least()
    }
}

fn channel() -> TransferForm {
    TransferForm {
        encryption_algorithm: Some(Algorithm::Channel),
        channel_id: Some(id(90)),
        encryption_salt: Some(vec![4; 32]),
        encrypted_key: None,
        ..legacy(Algorithm::Channel)
    }
}

fn opaque() -> TransferForm {
    TransferForm { is_encrypted: Some(true), ..least() }
}

#[test]
fn each_layout_takes_exactly_its_own_fields() {
    for algorithm in [Algorithm::Legacy, Algorithm::LegacyAlias] {
        let draft = judged(legacy(algorithm)).unwrap();
        assert_eq!(draft.encryption.layout, EncryptionLayout::Legacy { algorithm, encrypted_key: [1; 60] });
        assert_eq!(draft.ivs, Some(vec![[2; 12], [3; 12]]));
    }
    let draft = judged(channel()).unwrap();
    assert_eq!(draft.encryption.layout, EncryptionLayout::Channel { channel_id: id(90), salt: [4; 32] });
    assert_eq!(draft.ivs, Some(vec![[2; 12], [3; 12]]));
    let draft = judged(opaque()).unwrap();
    assert_eq!((draft.encryption.layout, draft.ivs), (EncryptionLayout::Opaque, None));
}

/// Sets or clears one field of the material.
type Change = (&'static str, fn(&mut TransferForm, bool));

const MATERIAL: [Change; 4] = [
    ("encrypted_key", |form, there| form.encrypted_key = there.then(|| vec![1; 60])),
    ("encryption_salt", |form, there| form.encryption_salt = there.then(|| vec![4; 32])),
    ("channel_id", |form, there| form.channel_id = there.then(|| id(90))),
    ("encryption_ivs", |form, there| form.encryption_ivs = there.then(|| vec![vec![2; 12]])),
];

#[test]
fn every_missing_and_every_superfluous_field_is_named_in_every_combination() {
    let legacy_fields: &[&str] = &["encrypted_key", "encryption_ivs"];
    let channel_fields: &[&str] = &["encryption_salt", "channel_id", "encryption_ivs"];
    for (form, own) in [
        (least(), &[][..]),
        (TransferForm { is_encrypted: Some(false), ..least() }, &[]),
        (opaque(), &[]),
        (legacy(Algorithm::Legacy), legacy_fields),
        (legacy(Algorithm::LegacyAlias), legacy_fields),
        (channel(), channel_fields),
    ] {
        for combination in 0..16_u8 {
            let mut form = form.clone();
            let mut wrong = Vec::new();
            for (bit, (name, set)) in MATERIAL.iter().enumerate() {
                let there = combination & (1 << bit) != 0;
                set(&mut form, there);
                if there != own.contains(name) {
                    wrong.push(*name);
                }
            }
            let named =
                judged(form.clone()).err().map(|invalid| fields(&invalid).join(" ")).unwrap_or_default();
            assert_eq!(named, wrong.join(" "), "{form:?}");
        }
    }
}

#[test]
fn an_algorithm_needs_is_encrypted() {
    for is_encrypted in [None, Some(false)] {
        let form = TransferForm { is_encrypted, ..legacy(Algorithm::Legacy) };
        assert_eq!(refused(form), ["encryption_algorithm"]);
    }
}

#[test]
fn the_layout_for_people_is_refused() {
    assert_eq!(refused(legacy(Algorithm::AgentToHuman)), ["encryption_algorithm"]);
}

#[test]
fn material_has_exact_lengths() {
    for wrong in [0_usize, 59, 61] {
        let form = TransferForm { encrypted_key: Some(vec![1; wrong]), ..legacy(Algorithm::Legacy) };
        assert_eq!(refused(form), ["encrypted_key"], "{wrong}");
    }
    for wrong in [0_usize, 31, 33] {
        let form = TransferForm { encryption_salt: Some(vec![1; wrong]), ..channel() };
        assert_eq!(refused(form), ["encryption_salt"], "{wrong}");
    }
    for wrong in [0_usize, 63, 65] {
        let form = TransferForm { sender_signature: Some(vec![1; wrong]), ..least() };
        assert_eq!(refused(form), ["sender_signature"], "{wrong}");
    }
    let ivs = Some(vec![vec![2; 12], vec![2; 11], vec![2; 13], Vec::new()]);
    let form = TransferForm { encryption_ivs: ivs, ..legacy(Algorithm::Legacy) };
    assert_eq!(refused(form), ["encryption_ivs[1]", "encryption_ivs[2]", "encryption_ivs[3]"]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let form = TransferForm {
        sender: text(""),
        recipient: None,
        message: Some("x".repeat(5_000)),
        max_downloads: Some(0),
        expires_in: text("soon"),
        encryption_salt: Some(vec![1; 31]),
        ..legacy(Algorithm::Legacy)
    };
    let expected = [
        "sender",
        "message",
        "max_downloads",
        "expires_in",
        "encryption_salt",
        "recipient",
        "encryption_salt",
    ];
    assert_eq!(refused(form), expected);
}

/// What is refused of the form beside the fields that could not be decoded.
fn beside(undecoded: &[&str], form: TransferForm) -> Vec<String> {
    let mut errors = FieldErrors::default();
    for name in undecoded {
        errors.add(*name, "can't be read");
    }
    let invalid = form.into_draft(errors).unwrap_err();
    fields(&invalid)[undecoded.len()..].iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn what_could_not_be_decoded_is_named_once_and_draws_in_nothing_else() {
    let nothing: [&str; 0] = [];
    let form = TransferForm { sender: None, ..least() };
    assert_eq!(beside(&["sender"], form), nothing);
    let form = TransferForm { encrypted_key: None, ..legacy(Algorithm::Legacy) };
    assert_eq!(beside(&["encrypted_key"], form), nothing);
    let form = TransferForm { encryption_algorithm: None, ..channel() };
    assert_eq!(beside(&["encryption_algorithm"], form), nothing);
    let form = TransferForm { is_encrypted: None, ..channel() };
    assert_eq!(beside(&["is_encrypted"], form), nothing);
    let form = TransferForm { max_downloads: Some(0), ..least() };
    assert_eq!(beside(&["mode"], form), ["max_downloads"]);
}

fn names(of: &[&str]) -> Vec<FileName> {
    of.iter().map(|name| FileName::try_from(*name).unwrap()).collect()
}

fn judged_files(names: &[FileName], ivs: Option<usize>) -> Vec<String> {
    let draft = Draft { ivs: ivs.map(|count| vec![[1; 12]; count]), ..judged(least()).unwrap() };
    let names: Vec<&FileName> = names.iter().collect();
    let refused = draft.check_files(&names).err();
    refused.iter().flat_map(|invalid| fields(invalid)).map(str::to_owned).collect()
}

#[test]
fn one_to_a_hundred_files_each_with_a_name_of_its_own() {
    let nothing: [&str; 0] = [];
    let numbered = |count: usize| -> Vec<FileName> {
        (0..count).map(|n| FileName::try_from(n.to_string().as_str()).unwrap()).collect()
    };
    assert_eq!(judged_files(&numbered(0), None), ["files"]);
    assert_eq!(judged_files(&numbered(1), None), nothing);
    assert_eq!(judged_files(&numbered(100), None), nothing);
    assert_eq!(judged_files(&numbered(101), None), ["files"]);
    assert_eq!(
        judged_files(&names(&["a", "b", "a", "A", "b", "a"]), None),
        ["files[2]", "files[4]", "files[5]"]
    );

    let draft = judged(least()).unwrap();
    let twice = names(&["a.txt", "a.txt"]);
    let message = draft.check_files(&[&twice[0], &twice[1]]).unwrap_err().0.remove(0).message;
    assert_eq!(message, "must have a name of its own; there are two \"a.txt\"");
}

#[test]
fn there_is_a_nonce_for_each_file() {
    let two = names(&["a", "b"]);
    for (ivs, refused) in
        [(None, &[][..]), (Some(2), &[]), (Some(1), &["encryption_ivs"]), (Some(3), &["encryption_ivs"])]
    {
        assert_eq!(judged_files(&two, ivs), refused, "{ivs:?}");
    }
    assert_eq!(judged_files(&names(&["a", "a"]), Some(0)), ["files[1]", "encryption_ivs"]);
}
