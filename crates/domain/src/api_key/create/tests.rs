use super::*;
use crate::mock::{Fixture, Journal, MockTx, id};

fn act(fixture: &Fixture, name: &str) -> CreateKey {
    CreateKey { caller: fixture.account_caller(id(1)), name: name.to_owned() }
}

fn account_one(fixture: &Fixture, tx: &mut MockTx) {
    let account = fixture.account(1);
    tx.expect_account().return_once(move |_| Ok(Some(account)));
}

#[tokio::test]
async fn a_key_is_counted_stored_by_digest_and_audited() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_all(&mut tx);
    account_one(&fixture, &mut tx);
    tx.expect_count_up()
        .withf(|account, counter, limit| {
            (*account, *counter, *limit) == (id(1), AccountCounter::ApiKeys, Some(2))
        })
        .times(1)
        .return_once(|_, _, _| Ok(true));
    tx.expect_insert_api_key()
        .withf(|key, digest| key.agent_id.is_none() && key.name == "ci" && digest.0 != [0; 32])
        .times(1)
        .return_once(|_, _| Ok(()));
    let made = act(&fixture, " ci ").perform(&fixture.cx(), &mut tx).await.unwrap();
    assert!(made.token.reveal().starts_with("agd_live_"));
    assert_eq!(made.key.prefix, made.token.prefix());
    assert_eq!(made.key.account_id, id(1));
    assert_eq!(journal.locked(), [id(1)]);
    assert_eq!(journal.audited(), [("api_key.create", made.key.id.to_string())]);
    assert!(journal.events().is_empty());
}

#[tokio::test]
async fn the_plans_limit_refuses_another_key() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_locks(&mut tx);
    account_one(&fixture, &mut tx);
    tx.expect_count_up().return_once(|_, _, _| Ok(false));
    let refusal = act(&fixture, "ci").perform(&fixture.cx(), &mut tx).await.unwrap_err();
    assert!(matches!(refusal, CreateKeyError::LimitReached(_)));
    assert_eq!(
        refusal.to_string(),
        "the plan \"free\" allows 2 account keys; revoke one, or move to a larger plan"
    );
}

#[tokio::test]
async fn agent_keys_and_bad_names_are_refused_before_anything_is_touched() {
    let fixture = Fixture::new();
    let caller = fixture.agent_caller(&fixture.agent(2, id(1)));
    let refusal =
        CreateKey { caller, name: "ci".to_owned() }.perform(&fixture.cx(), &mut MockTx::new()).await;
    assert!(matches!(refusal, Err(CreateKeyError::Denied(Denied::ScopeMismatch { .. }))));
    let refusal = act(&fixture, " ").perform(&fixture.cx(), &mut MockTx::new()).await;
    assert!(matches!(refusal, Err(CreateKeyError::Invalid(Invalid(fields))) if fields[0].field == "name"));
}
