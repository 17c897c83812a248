use agentdrop_domain::audit::AuditEntry;
use agentdrop_domain::event::{Event, EventName};
use agentdrop_domain::ids::AccountId;
use agentdrop_domain::store::Database;

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{account, at, event, id};

async fn with_accounts(db: &TestDb) {
    commit!(db, |tx| for n in 1..=3 {
        tx.insert_account(&account(n)).await.unwrap();
    });
}

/// The numbers and subjects of an account's events, in order.
async fn log(db: &TestDb, account: u64) -> Vec<(i64, String)> {
    let events = db.events().await.into_iter();
    let own = events.filter(|event| event.account::<AccountId>() == id(account));
    own.map(|event| (event.seq, event.subject)).collect()
}

pub async fn events_are_numbered_per_account(db: &TestDb) {
    with_accounts(db).await;
    let facts = vec![("agent", "a \"quoted\" ünïcødé".to_owned()), ("reason", String::new())];
    let full = Event { name: EventName::TransferCreated, facts, ..event(1, "tr_1") };
    commit!(db, |tx| {
        tx.append_events(&[event(2, "first of 2"), full]).await.unwrap();
        tx.append_events(&[event(1, "second"), event(2, "second of 2"), event(1, "third")]).await.unwrap();
        tx.append_events(&[]).await.unwrap();
    });
    let numbered = |subjects: &[&str]| -> Vec<(i64, String)> {
        (1..).zip(subjects.iter().map(|subject| (*subject).to_owned())).collect()
    };
    assert_eq!(log(db, 1).await, numbered(&["tr_1", "second", "third"]));
    assert_eq!(log(db, 2).await, numbered(&["first of 2", "second of 2"]));
    assert_eq!(log(db, 3).await, []);

    let stored = db.events().await.remove(0);
    let facts: serde_json::Value = serde_json::from_str(&stored.facts).unwrap();
    assert_eq!(facts, serde_json::json!({"agent": "a \"quoted\" ünïcødé", "reason": ""}));
    assert_eq!(stored.name, "transfer.created");
    assert!(stored.at.starts_with("2027-01-15 08:00:00.123456+00"), "{}", stored.at);
    assert!(db.begin().await.append_events(&[event(9, "nobody's")]).await.is_err());
}

pub async fn an_undone_event_leaves_no_gap(db: &TestDb) {
    with_accounts(db).await;
    let mut tx = db.begin().await;
    tx.append_events(&[event(1, "undone")]).await.unwrap();
    tx.rollback().await.unwrap();
    commit!(db, |tx| tx.append_events(&[event(1, "done")]).await.unwrap());
    assert_eq!(log(db, 1).await, [(1, "done".to_owned())]);
}

pub async fn a_reader_by_number_skips_nothing(db: &TestDb) {
    const WRITERS: u64 = 48;
    with_accounts(db).await;
    let database = db.database.clone();
    let writing = in_parallel(WRITERS, move |n| {
        let database = database.clone();
        async move {
            let mut tx = database.begin().await.unwrap();
            // Some transactions begin early and commit late.
            let both = [event(2, n), event(1, n)];
            tx.append_events(if n % 2 == 0 { &both } else { &both[1..] }).await.unwrap();
            tokio::task::yield_now().await;
            let entry = entry(n);
            tx.append_audit(&entry).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    let reading = async {
        let mut last = 0;
        while last < WRITERS as i64 {
            for (seq, _) in log(db, 1).await.into_iter().filter(move |(seq, _)| *seq > last) {
                assert_eq!(seq, last + 1, "a reader that goes on from here would skip one");
                last = seq;
            }
        }
    };
    tokio::join!(writing, reading);
    assert_eq!(log(db, 1).await.len() as u64, WRITERS);
    let numbers: Vec<i64> = log(db, 2).await.into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(numbers, (1..=WRITERS as i64 / 2).collect::<Vec<_>>());
}

fn entry(n: u64) -> AuditEntry {
    AuditEntry {
        id: id(n),
        at: at(n as i64),
        account: Some(id(1)),
        key: Some(id(2)),
        act: "pairing.confirm",
        subject: format!("subject {n}"),
    }
}

pub async fn the_audit_log_keeps_who_did_what(db: &TestDb) {
    commit!(db, |tx| {
        tx.append_audit(&entry(1)).await.unwrap();
        let by_operator = AuditEntry { account: None, key: None, act: "account.create", ..entry(2) };
        tx.append_audit(&by_operator).await.unwrap();
    });
    let hyphenless: Vec<String> =
        db.audit().await.into_iter().map(|line| line.replace('-', "").to_lowercase()).collect();
    let (account, key): (AccountId, AccountId) = (id(1), id(2));
    let (account, key) = (account.uuid().simple(), key.uuid().simple());
    assert_eq!(
        hyphenless,
        [format!("pairing.confirm subject 1 {account} {key}"), "account.create subject 2  ".to_owned()]
    );
}
