use super::*;
use crate::api_key::ApiKey;
use crate::api_key::testing::{key, knows_key};
use crate::mock::{Fixture, Journal, MockTx, id};

async fn revoke(fixture: &Fixture, tx: &mut MockTx, n: u128) -> Result<Timestamp, RevokeKeyError> {
    RevokeKey { caller: fixture.account_caller(id(1)), key: id(n) }.perform(&fixture.cx(), tx).await
}

#[tokio::test]
async fn a_revoked_key_is_given_back_and_audited() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_all(&mut tx);
    knows_key(&mut tx, key(&fixture, 70, None));
    let now = fixture.now;
    tx.expect_revoke_api_key()
        .withf(move |key, at| *key == id(70) && *at == now)
        .return_once(|_, _| Ok(true));
    tx.expect_count_down()
        .withf(|account, counter| *account == id(1) && *counter == AccountCounter::ApiKeys)
        .times(1)
        .return_once(|_, _| Ok(()));
    assert_eq!(revoke(&fixture, &mut tx, 70).await.unwrap(), fixture.now);
    assert_eq!(journal.locked(), [id(1)]);
    assert_eq!(journal.audited(), [("api_key.revoke", id::<ApiKeyId>(70).to_string())]);
}

#[tokio::test]
async fn a_key_never_revokes_itself() {
    let fixture = Fixture::new();
    let presented = fixture.account_caller(id(1)).credential.key();
    let act = RevokeKey { caller: fixture.account_caller(id(1)), key: presented };
    let refusal = act.perform(&fixture.cx(), &mut MockTx::new()).await;
    assert!(matches!(refusal, Err(RevokeKeyError::SelfRevoke)));
}

#[tokio::test]
async fn keys_that_are_missing_foreign_or_an_agents_are_not_found() {
    let fixture = Fixture::new();
    let foreign = ApiKey { account_id: id(9), ..key(&fixture, 70, None) };
    for found in [None, Some(foreign), Some(key(&fixture, 70, Some(id(2))))] {
        let (mut tx, journal) = (MockTx::new(), Journal::default());
        journal.allow_locks(&mut tx);
        tx.expect_api_key().return_once(move |_| Ok(found));
        let refusal = revoke(&fixture, &mut tx, 70).await;
        assert!(matches!(refusal, Err(RevokeKeyError::Denied(Denied::NotFound(_)))));
    }
}

#[tokio::test]
async fn a_second_revocation_finds_nothing_and_gives_nothing_back() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_locks(&mut tx);
    knows_key(&mut tx, key(&fixture, 70, None));
    tx.expect_revoke_api_key().return_once(|_, _| Ok(false));
    let refusal = revoke(&fixture, &mut tx, 70).await;
    assert!(matches!(refusal, Err(RevokeKeyError::Denied(Denied::NotFound(_)))));
}

#[tokio::test]
async fn an_agent_key_revokes_nothing() {
    let fixture = Fixture::new();
    let caller = fixture.agent_caller(&fixture.agent(2, id(1)));
    let refusal = RevokeKey { caller, key: id(70) }.perform(&fixture.cx(), &mut MockTx::new()).await;
    assert!(matches!(refusal, Err(RevokeKeyError::Denied(Denied::ScopeMismatch { .. }))));
}
