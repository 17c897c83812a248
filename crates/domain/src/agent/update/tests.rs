use super::*;
use crate::agent::testing::knows_agents;
use crate::mock::{Fixture, Journal, MockTx, id};

fn act(fixture: &Fixture, profile: ProfileInput) -> UpdateAgent {
    UpdateAgent { caller: fixture.account_caller(id(1)), agent: "agent-2".to_owned(), profile }
}

fn named(name: &str) -> ProfileInput {
    ProfileInput { name: Some(name.to_owned()), ..ProfileInput::default() }
}

#[tokio::test]
async fn a_change_is_written_and_audited() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    knows_agents(&mut tx, &[fixture.agent(2, id(1))]);
    journal.allow_all(&mut tx);
    let expected = Agent { name: "Other".to_owned(), ..fixture.agent(2, id(1)) };
    tx.expect_update_agent().withf(move |agent| *agent == expected).times(1).return_once(|_| Ok(()));
    let agent = act(&fixture, named("Other")).perform(&fixture.cx(), &mut tx).await.unwrap();
    assert_eq!(agent.name, "Other");
    assert_eq!(journal.locked(), [id(1)]);
    assert_eq!(journal.audited(), [("agent.update", agent.id.to_string())]);
}

#[tokio::test]
async fn bad_fields_unknown_agents_and_agent_keys_are_refused() {
    let fixture = Fixture::new();
    let refusal = act(&fixture, named("")).perform(&fixture.cx(), &mut MockTx::new()).await;
    assert!(matches!(refusal, Err(UpdateAgentError::Invalid(Invalid(e))) if e[0].field == "name"));

    let (mut tx, journal) = (MockTx::new(), Journal::default());
    knows_agents(&mut tx, &[]);
    journal.allow_locks(&mut tx);
    let refusal = act(&fixture, named("x")).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(UpdateAgentError::Denied(Denied::NotFound("Agent")))));

    // Its own agent included: an agent key reads, it does not manage.
    let caller = fixture.agent_caller(&fixture.agent(2, id(1)));
    let refusal = UpdateAgent { caller, ..act(&fixture, named("x")) };
    let refusal = refusal.perform(&fixture.cx(), &mut MockTx::new()).await;
    assert!(matches!(refusal, Err(UpdateAgentError::Denied(Denied::ScopeMismatch { .. }))));
}
