use super::*;
use crate::api_key::testing::{key, knows_key};
use crate::mock::{Fixture, Journal, MockTx, id};

fn world() -> (Fixture, MockTx, Journal) {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    let agent = fixture.agent(2, id(1));
    tx.expect_agent_by_slug().returning(move |account, slug| {
        Ok(Some(agent.clone()).filter(|agent| agent.account_id == account && agent.slug == *slug))
    });
    (fixture, tx, Journal::default())
}

fn create(fixture: &Fixture, agent: &str) -> CreateAgentKey {
    CreateAgentKey {
        caller: fixture.account_caller(id(1)),
        agent: agent.to_owned(),
        name: "default".to_owned(),
    }
}

fn has_keys(tx: &mut MockTx, total: u64) {
    tx.expect_api_keys()
        .withf(|account, agent, _| *account == id(1) && *agent == Some(id(2)))
        .return_once(move |_, _, _| Ok(Slice { items: Vec::new(), total }));
}

#[tokio::test]
async fn an_agent_key_is_made_for_the_agent_and_audited() {
    let (fixture, mut tx, journal) = world();
    journal.allow_all(&mut tx);
    has_keys(&mut tx, MAX_KEYS_PER_AGENT - 1);
    tx.expect_insert_api_key()
        .withf(|key, _| key.agent_id == Some(id(2)))
        .times(1)
        .return_once(|_, _| Ok(()));
    let made = create(&fixture, "agent-2").perform(&fixture.cx(), &mut tx).await.unwrap();
    assert!(made.key.token.reveal().starts_with("ada_live_"));
    assert_eq!(journal.locked(), [id(1)]);
    assert_eq!(journal.audited(), [("agent_key.create", made.key.key.id.to_string())]);
}

#[tokio::test]
async fn an_agent_has_a_bounded_number_of_keys() {
    let (fixture, mut tx, journal) = world();
    journal.allow_locks(&mut tx);
    has_keys(&mut tx, MAX_KEYS_PER_AGENT);
    let refusal = create(&fixture, "agent-2").perform(&fixture.cx(), &mut tx).await.unwrap_err();
    assert_eq!(refusal.to_string(), "an agent may have 50 keys; revoke one of this agent's keys first");
}

#[tokio::test]
async fn keys_of_an_unknown_agent_are_not_found() {
    let (fixture, mut tx, journal) = world();
    journal.allow_locks(&mut tx);
    let refusal = create(&fixture, "nobody").perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(AgentKeyError::Denied(Denied::NotFound("Agent")))));
}

#[tokio::test]
async fn an_agent_key_manages_no_keys() {
    let fixture = Fixture::new();
    let caller = fixture.agent_caller(&fixture.agent(2, id(1)));
    let agent = "agent-2".to_owned();
    let page = Page { limit: 100, offset: 0 };
    let (cx, mut tx) = (fixture.cx(), MockTx::new());
    let create = CreateAgentKey { caller: caller.clone(), agent: agent.clone(), name: "x".to_owned() };
    let list = ListAgentKeys { caller: caller.clone(), agent: agent.clone(), page };
    let revoke = RevokeAgentKey { caller, agent, key: id(70) };
    for refusal in [
        create.perform(&cx, &mut tx).await.map(drop),
        list.answer(&cx, &mut tx).await.map(drop),
        revoke.perform(&cx, &mut tx).await.map(drop),
    ] {
        assert!(matches!(refusal, Err(AgentKeyError::Denied(Denied::ScopeMismatch { .. }))));
    }
}

#[tokio::test]
async fn a_key_of_the_agent_is_revoked_and_audited() {
    let (fixture, mut tx, journal) = world();
    journal.allow_all(&mut tx);
    knows_key(&mut tx, key(&fixture, 70, Some(id(2))));
    tx.expect_revoke_api_key().withf(|key, _| *key == id(70)).times(1).return_once(|_, _| Ok(true));
    let caller = fixture.account_caller(id(1));
    let act = RevokeAgentKey { caller, agent: "agent-2".to_owned(), key: id(70) };
    assert_eq!(act.perform(&fixture.cx(), &mut tx).await.unwrap(), fixture.now);
    assert_eq!(journal.audited(), [("agent_key.revoke", id::<ApiKeyId>(70).to_string())]);
}

#[tokio::test]
async fn keys_of_others_and_revoked_keys_are_not_found() {
    let fixture = Fixture::new();
    let cases = [(None, true), (Some(id(3)), true), (Some(id(2)), false)];
    for (key_agent, revocable) in cases {
        let (_, mut tx, journal) = world();
        journal.allow_locks(&mut tx);
        knows_key(&mut tx, key(&fixture, 70, key_agent));
        if !revocable {
            tx.expect_revoke_api_key().return_once(|_, _| Ok(false));
        }
        let caller = fixture.account_caller(id(1));
        let act = RevokeAgentKey { caller, agent: "agent-2".to_owned(), key: id(70) };
        let refusal = act.perform(&fixture.cx(), &mut tx).await;
        assert!(matches!(refusal, Err(AgentKeyError::Denied(Denied::NotFound("API key")))), "{key_agent:?}");
    }
}
