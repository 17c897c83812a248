#![allow(clippy::unwrap_used)]

use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::storage::{Damage, DamageKind, Orphan, Report};
use serde_json::{Value, json};
use uuid::Uuid;

use super::output;

fn report() -> Report {
    let key = |n: u128| ObjectKey::of_upload(Uuid::from_u128(n).into());
    let mut report = Report { transfers: 1, stored_objects: 2, ..Report::default() };
    report.damaged.found = 200;
    report.damaged.repaired = 1;
    report.damaged.named.push(Damage {
        transfer: Uuid::from_u128(1).into(),
        file: Uuid::from_u128(2).into(),
        object_key: key(3),
        kind: DamageKind::WrongSize { expected: 5, found: 4 },
    });
    report.orphans.found = 1;
    report.orphans.named.push(Orphan { object_key: key(4), size: 9 });
    report
}

#[test]
fn json_is_one_object_on_one_line() {
    let mut out = Vec::new();
    output::json(&report(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), 1);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["clean"], false);
    assert_eq!((&value["damaged"]["found"], &value["damaged"]["repaired"]), (&json!(200), &json!(1)));
    assert_eq!(value["damaged"]["named"][0]["problem"], "wrong-size");
    assert_eq!(value["damaged"]["named"][0]["found_size"], 4);
    assert_eq!(
        value["orphaned"]["named"],
        json!([{"object": "objects/00/00000000-0000-0000-0000-000000000004", "size": 9}])
    );
    assert_eq!(value["unfinished"], json!({"found": 0, "repaired": 0, "named": []}));
}

#[test]
fn people_read_what_is_wrong_and_how_much_of_it() {
    let mut out = Vec::new();
    output::text(&report(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(": 4 bytes, not 5\n"), "{text}");
    assert!(text.contains("200 damaged, 1 repaired (the first 1 are named)\n"), "{text}");
    assert!(text.contains("\n1 orphaned\n"), "{text}");
}
