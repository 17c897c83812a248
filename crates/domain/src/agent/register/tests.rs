use super::*;
use crate::agent::testing::{knows_accounts, knows_agents};
use crate::mock::{Fixture, Journal, MockTx, id, slug};

fn act(fixture: &Fixture, key: Option<Vec<u8>>) -> Register {
    Register {
        caller: fixture.account_caller(id(1)),
        agent_id: "data-pipeline".to_owned(),
        profile: ProfileInput::default(),
        keys: KeysInput { public_key: key, ..KeysInput::default() },
    }
}

/// A transaction in which account 1 has the agents and room for another one, or not.
fn tx_with(fixture: &Fixture, agents: &[Agent], room: bool) -> MockTx {
    let mut tx = MockTx::new();
    knows_agents(&mut tx, agents);
    knows_accounts(&mut tx, &[fixture.account(1)]);
    tx.expect_count_up()
        .withf(|account, counter, limit| {
            (*account, *counter, *limit) == (id(1), AccountCounter::Agents, Some(2))
        })
        .returning(move |_, _, _| Ok(room));
    tx
}

#[tokio::test]
async fn with_a_key_the_agent_is_connected_at_once_and_its_account_hears_of_it() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (tx_with(&fixture, &[], true), Journal::default());
    journal.allow_all(&mut tx);
    tx.expect_insert_agent().times(1).return_once(|_| Ok(()));
    let made = act(&fixture, Some(vec![7; 32])).perform(&fixture.cx(), &mut tx).await.unwrap();
    assert!(made.token.is_none());
    assert_eq!(made.agent.status, AgentStatus::Connected);
    assert_eq!(made.agent.key_version, 1);
    assert_eq!(made.agent.name, "data-pipeline");
    assert!(!made.agent.available_for_connections);
    assert_eq!(journal.locked(), [id(1)]);
    assert_eq!(journal.told(), [(id(1), EventName::AgentConnected)]);
    assert_eq!(journal.audited(), [("agent.register", made.agent.id.to_string())]);
}

#[tokio::test]
async fn without_a_key_the_agent_waits_for_its_token() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (tx_with(&fixture, &[], true), Journal::default());
    journal.allow_all(&mut tx);
    tx.expect_insert_agent().times(1).return_once(|_| Ok(()));
    tx.expect_replace_connection_token().times(1).return_once(|_| Ok(()));
    let made = act(&fixture, None).perform(&fixture.cx(), &mut tx).await.unwrap();
    assert_eq!((made.agent.status, made.agent.key_version), (AgentStatus::Pending, 0));
    let token = made.token.unwrap();
    assert!(token.token.reveal().starts_with("agt_"));
    assert_eq!(token.expires_at, fixture.now + chrono::TimeDelta::hours(1));
    assert!(journal.events().is_empty());
}

#[tokio::test]
async fn a_taken_slug_is_refused_before_anything_is_counted() {
    let fixture = Fixture::new();
    let taken = Agent { slug: slug("data-pipeline"), ..fixture.agent(2, id(1)) };
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    knows_agents(&mut tx, &[taken]);
    journal.allow_locks(&mut tx);
    let refusal = act(&fixture, None).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(RegisterError::Exists(_))));
}

#[tokio::test]
async fn a_slug_that_is_taken_in_the_race_is_refused_alike() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (tx_with(&fixture, &[], true), Journal::default());
    journal.allow_locks(&mut tx);
    tx.expect_insert_agent().return_once(|_| Err(StoreError::Conflict(UniqueRule::AgentSlug)));
    let refusal = act(&fixture, None).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(RegisterError::Exists(_))));
}

#[tokio::test]
async fn the_plans_limit_refuses_another_agent() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (tx_with(&fixture, &[], false), Journal::default());
    journal.allow_locks(&mut tx);
    let refusal = act(&fixture, None).perform(&fixture.cx(), &mut tx).await.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the plan \"free\" allows 2 agents; delete one, or move to a larger plan"
    );
}

#[tokio::test]
async fn all_bad_fields_are_named_at_once() {
    let fixture = Fixture::new();
    let mut register = act(&fixture, Some(vec![0; 32]));
    register.agent_id = "../keys".to_owned();
    register.profile.agent_type = Some("robot".to_owned());
    let refusal = register.perform(&fixture.cx(), &mut MockTx::new()).await;
    let Err(RegisterError::Invalid(Invalid(errors))) = refusal else { panic!("{refusal:?}") };
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["agent_id", "agent_type", "public_key"]);
}

#[tokio::test]
async fn an_agent_key_registers_nothing() {
    let fixture = Fixture::new();
    let caller = fixture.agent_caller(&fixture.agent(2, id(1)));
    let refusal = Register { caller, ..act(&fixture, None) }.perform(&fixture.cx(), &mut MockTx::new()).await;
    assert!(matches!(refusal, Err(RegisterError::Denied(Denied::ScopeMismatch { .. }))));
}
