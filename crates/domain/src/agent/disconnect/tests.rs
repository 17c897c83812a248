use super::*;
use crate::agent::testing::{channel, knows_agents, pairing};
use crate::channel::ChannelStatus;
use crate::mock::{Fixture, Journal, MockTx, id};
use crate::pairing::Permission;

fn act(caller: Caller) -> Disconnect {
    Disconnect { caller, agent: "agent-2".to_owned() }
}

#[tokio::test]
async fn keys_are_wiped_channels_end_and_paired_accounts_hear_of_it() {
    let fixture = Fixture::new();
    let agent = fixture.agent(2, id(1));
    for caller in [fixture.account_caller(id(1)), fixture.agent_caller(&agent)] {
        let (mut tx, journal) = (MockTx::new(), Journal::default());
        journal.allow_all(&mut tx);
        knows_agents(&mut tx, std::slice::from_ref(&agent));
        let foreign = fixture.agent(90, id(9));
        let pairings = vec![pairing(901, &agent, &foreign, Permission::Both)];
        tx.expect_living_pairings_of_agent().returning(move |_| Ok(pairings.clone()));
        let living = channel(700, &agent, &foreign);
        tx.expect_living_channels_of_agent().return_once(move |_| Ok(vec![living]));
        tx.expect_update_channel()
            .withf(|channel| channel.status == ChannelStatus::Revoked)
            .times(1)
            .return_once(|_| Ok(()));
        let wiped = |agent: &Agent| agent.keys.is_none() && agent.key_version == 1;
        tx.expect_update_agent().withf(wiped).times(1).return_once(|_| Ok(()));
        let left = act(caller).perform(&fixture.cx(), &mut tx).await.unwrap();
        assert_eq!(left.status, AgentStatus::Disconnected);
        assert_eq!(journal.locked(), [id(1), id(9)]);
        let gone = EventName::AgentDisconnected;
        assert_eq!(journal.told(), [(id(1), gone), (id(9), gone)]);
        assert_eq!(journal.audited(), [("agent.disconnect", left.id.to_string())]);
    }
}

#[tokio::test]
async fn an_agent_without_key_has_nothing_to_lose() {
    let fixture = Fixture::new();
    for status in [AgentStatus::Disconnected, AgentStatus::Pending] {
        let (mut tx, journal) = (MockTx::new(), Journal::default());
        journal.allow_locks(&mut tx);
        knows_agents(&mut tx, &[Agent { status, keys: None, ..fixture.agent(2, id(1)) }]);
        tx.expect_living_pairings_of_agent().returning(|_| Ok(Vec::new()));
        let refusal = act(fixture.account_caller(id(1))).perform(&fixture.cx(), &mut tx).await;
        assert!(matches!(refusal, Err(DisconnectError::AlreadyDisconnected)));
    }
}

#[tokio::test]
async fn strangers_find_nothing_and_siblings_are_forbidden() {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    knows_agents(&mut tx, &[fixture.agent(2, id(1)), fixture.agent(3, id(1))]);
    let refusal = act(fixture.account_caller(id(9))).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(DisconnectError::Denied(Denied::NotFound("Agent")))));
    let sibling = fixture.agent_caller(&fixture.agent(3, id(1)));
    let refusal = act(sibling).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(DisconnectError::Denied(Denied::Forbidden(_)))));
}
