use super::*;
use crate::api_key::ApiKey;
use crate::api_key::testing::{key, knows_key};
use crate::mock::{Fixture, MockTx, id};

#[tokio::test]
async fn a_first_use_is_noted_for_key_and_agent() {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    knows_key(&mut tx, key(&fixture, 70, Some(id(2))));
    let agent = fixture.agent(2, id(1));
    tx.expect_agent().return_once(move |_| Ok(Some(agent)));
    let now = fixture.now;
    tx.expect_touch_api_key()
        .withf(move |key, at| *key == id(70) && *at == now)
        .times(1)
        .return_once(|_, _| Ok(()));
    tx.expect_touch_agent()
        .withf(move |agent, at| *agent == id(2) && *at == now)
        .times(1)
        .return_once(|_, _| Ok(()));
    RecordUse { key: id(70), agent: Some(id(2)) }.perform(&fixture.cx(), &mut tx).await.unwrap();
}

#[tokio::test]
async fn a_second_use_within_a_minute_writes_nothing() {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    let fresh = Some(fixture.ago(59));
    knows_key(&mut tx, ApiKey { last_used_at: fresh, ..key(&fixture, 70, Some(id(2))) });
    let agent = crate::agent::Agent { last_seen_at: fresh, ..fixture.agent(2, id(1)) };
    tx.expect_agent().return_once(move |_| Ok(Some(agent)));
    RecordUse { key: id(70), agent: Some(id(2)) }.perform(&fixture.cx(), &mut tx).await.unwrap();
}

#[tokio::test]
async fn what_is_gone_meanwhile_is_not_noted() {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    tx.expect_api_key().return_once(|_| Ok(None));
    tx.expect_agent().return_once(|_| Ok(None));
    RecordUse { key: id(70), agent: Some(id(2)) }.perform(&fixture.cx(), &mut tx).await.unwrap();
}
