use super::*;
use crate::agent::testing::{knows_accounts, knows_agents, knows_paired};
use crate::mock::{Fixture, MockTx, id};

async fn resolve(caller: Caller, fixture: &Fixture, agent: &str) -> Result<Resolved, ResolveAgentError> {
    let mut tx = MockTx::new();
    knows_agents(&mut tx, &[fixture.agent(2, id(1)), fixture.agent(3, id(1))]);
    knows_accounts(&mut tx, &[fixture.account(1)]);
    knows_paired(&mut tx, Vec::new());
    let question = ResolveAgent { caller, agent: agent.to_owned(), account: None };
    question.answer(&fixture.cx(), &mut tx).await
}

#[tokio::test]
async fn account_keys_and_agent_keys_resolve_own_agents() {
    let fixture = Fixture::new();
    for caller in [fixture.account_caller(id(1)), fixture.agent_caller(&fixture.agent(2, id(1)))] {
        let found = resolve(caller, &fixture, "agent-3").await.unwrap();
        assert_eq!(found.agent.id, id(3));
    }
}

#[tokio::test]
async fn nothing_and_nobody_are_refused_differently() {
    let fixture = Fixture::new();
    let caller = fixture.account_caller(id(1));
    let refusal = resolve(caller.clone(), &fixture, "").await;
    assert!(matches!(refusal, Err(ResolveAgentError::Invalid(Invalid(e))) if e[0].field == "agent_id"));
    let refusal = resolve(caller, &fixture, "nobody").await;
    assert!(matches!(refusal, Err(ResolveAgentError::Resolve(ResolveError::NoCandidate))));
}
