use super::*;
use crate::agent::testing::knows_agents;
use crate::mock::{Fixture, Journal, MockTx, id};

fn act(fixture: &Fixture) -> IssueConnectionToken {
    IssueConnectionToken { caller: fixture.account_caller(id(1)), agent: "agent-2".to_owned() }
}

fn agent_that_is(fixture: &Fixture, status: AgentStatus) -> Agent {
    Agent { status, keys: None, ..fixture.agent(2, id(1)) }
}

#[tokio::test]
async fn an_agent_without_key_gets_a_token_in_place_of_earlier_ones() {
    let fixture = Fixture::new();
    for status in [AgentStatus::Pending, AgentStatus::Disconnected] {
        let (mut tx, journal) = (MockTx::new(), Journal::default());
        knows_agents(&mut tx, &[agent_that_is(&fixture, status)]);
        journal.allow_all(&mut tx);
        let expires_at = fixture.now + LIFETIME;
        tx.expect_replace_connection_token()
            .withf(move |token| token.agent_id == id(2) && token.expires_at == expires_at)
            .times(1)
            .return_once(|_| Ok(()));
        let (agent, issued) = act(&fixture).perform(&fixture.cx(), &mut tx).await.unwrap();
        assert_eq!(agent.id, id(2));
        assert_eq!(issued.claim_code, "A3K7WP");
        assert_eq!(journal.audited(), [("agent.connection_token", agent.id.to_string())]);
    }
}

#[tokio::test]
async fn a_connected_agent_gets_none() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    knows_agents(&mut tx, &[fixture.agent(2, id(1))]);
    journal.allow_locks(&mut tx);
    let refusal = act(&fixture).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(IssueConnectionTokenError::AlreadyConnected)));
}

#[tokio::test]
async fn foreign_agents_and_agent_keys_are_refused() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    knows_agents(&mut tx, &[fixture.agent(2, id(9))]);
    journal.allow_locks(&mut tx);
    let refusal = act(&fixture).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(IssueConnectionTokenError::Denied(Denied::NotFound("Agent")))));

    let caller = fixture.agent_caller(&fixture.agent(2, id(1)));
    let act = IssueConnectionToken { caller, agent: "agent-2".to_owned() };
    let refusal = act.perform(&fixture.cx(), &mut MockTx::new()).await;
    assert!(matches!(refusal, Err(IssueConnectionTokenError::Denied(Denied::ScopeMismatch { .. }))));
}
