use super::*;
use crate::agent::testing::{channel, knows_agents, pairing, transfer};
use crate::mock::{Fixture, Journal, MockTx, id};
use crate::pairing::{PairingStatus, Permission};

fn act(fixture: &Fixture) -> DeleteAgent {
    DeleteAgent { caller: fixture.account_caller(id(1)), agent: "agent-2".to_owned() }
}

/// What is written when agent 2, whatever else it has, goes.
fn goes_for_good(tx: &mut MockTx) {
    tx.expect_revoke_keys_of_agent().withf(|agent, _| *agent == id(2)).times(1).return_once(|_, _| Ok(()));
    tx.expect_burn_connection_tokens().withf(|agent| *agent == id(2)).times(1).return_once(|_| Ok(()));
    tx.expect_delete_agent().withf(|agent, _| *agent == id(2)).times(1).return_once(|_, _| Ok(()));
    tx.expect_count_down()
        .withf(|account, counter| *account == id(1) && *counter == AccountCounter::Agents)
        .times(1)
        .return_once(|_, _| Ok(()));
}

#[tokio::test]
async fn pairings_channels_keys_and_waiting_transfers_end_with_the_agent() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_all(&mut tx);
    goes_for_good(&mut tx);
    let agent = fixture.agent(2, id(1));
    knows_agents(&mut tx, std::slice::from_ref(&agent));

    let foreign = fixture.agent(90, id(9));
    let paired = vec![pairing(901, &foreign, &agent, Permission::Both)];
    tx.expect_living_pairings_of_agent().returning(move |_| Ok(paired.clone()));
    let revoked = |pairing: &crate::pairing::Pairing| pairing.status == PairingStatus::Revoked;
    tx.expect_update_pairing().withf(revoked).times(1).return_once(|_| Ok(()));
    tx.expect_count_pairings_down().withf(|_, by| *by == 1).times(1).return_once(|_, _| Ok(()));

    let across = channel(700, &agent, &foreign);
    tx.expect_living_channel().return_once(move |_, _| Ok(Some(across)));
    let within = channel(701, &agent, &fixture.agent(3, id(1)));
    tx.expect_living_channels_of_agent().return_once(move |_| Ok(vec![within]));
    tx.expect_update_channel().times(2).returning(|_| Ok(()));

    // From an account that is paired no more.
    let waiting = transfer(600, &fixture.agent(50, id(5)), &agent);
    tx.expect_active_transfers_to_agent().returning(|_| Ok(vec![id(600)]));
    tx.expect_transfer().returning(move |_| Ok(Some(waiting.clone())));
    let deleted = |_: &TransferId, status: &TransferStatus, _: &crate::clock::Timestamp| {
        *status == TransferStatus::Deleted
    };
    tx.expect_end_transfer().withf(deleted).times(1).return_once(|_, _, _| Ok(true));
    tx.expect_revoke_grants().times(1).return_once(|_, _| Ok(()));
    tx.expect_enqueue().times(1).return_once(|_| Ok(()));

    act(&fixture).perform(&fixture.cx(), &mut tx).await.unwrap();
    assert_eq!(journal.locked(), [id(1), id(5), id(9)]);
    assert_eq!(journal.audited(), [("agent.delete", agent.id.to_string())]);
    let told = journal.told();
    for expected in [
        (id(1), EventName::PairingRevoked),
        (id(9), EventName::PairingRevoked),
        (id(1), EventName::AgentDisconnected),
        (id(9), EventName::AgentDisconnected),
        (id(5), EventName::TransferDeleted),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
}

fn has_nothing(tx: &mut MockTx) {
    tx.expect_living_pairings_of_agent().returning(|_| Ok(Vec::new()));
    tx.expect_active_transfers_to_agent().returning(|_| Ok(Vec::new()));
    tx.expect_living_channels_of_agent().returning(|_| Ok(Vec::new()));
}

#[tokio::test]
async fn an_agent_that_never_connected_goes_unnoticed_but_audited() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_all(&mut tx);
    goes_for_good(&mut tx);
    has_nothing(&mut tx);
    let pending = Agent { status: AgentStatus::Pending, keys: None, ..fixture.agent(2, id(1)) };
    knows_agents(&mut tx, &[pending]);
    act(&fixture).perform(&fixture.cx(), &mut tx).await.unwrap();
    assert_eq!(journal.told(), []);
    assert_eq!(journal.audited().len(), 1);
}

#[tokio::test]
async fn an_agent_that_is_deleted_in_the_race_is_not_counted_twice() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_locks(&mut tx);
    has_nothing(&mut tx);
    let agent = fixture.agent(2, id(1));
    tx.expect_agent_by_slug().return_once(move |_, _| Ok(Some(agent)));
    tx.expect_agent().return_once(|_| Ok(None));
    let refusal = act(&fixture).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(DeleteAgentError::Denied(Denied::NotFound("Agent")))));
}

#[tokio::test]
async fn a_sender_that_turns_up_before_the_lock_makes_the_act_start_anew() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_locks(&mut tx);
    knows_agents(&mut tx, &[fixture.agent(2, id(1))]);
    tx.expect_living_pairings_of_agent().returning(|_| Ok(Vec::new()));
    tx.expect_active_transfers_to_agent().times(1).return_once(|_| Ok(Vec::new()));
    tx.expect_active_transfers_to_agent().times(1).return_once(|_| Ok(vec![id(600)]));
    let waiting = transfer(600, &fixture.agent(50, id(5)), &fixture.agent(2, id(1)));
    tx.expect_transfer().returning(move |_| Ok(Some(waiting.clone())));
    let refusal = act(&fixture).perform(&fixture.cx(), &mut tx).await.unwrap_err();
    assert!(matches!(refusal, DeleteAgentError::Store(error) if error.is_contention()));
}

#[tokio::test]
async fn foreign_agents_and_agent_keys_are_refused() {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    knows_agents(&mut tx, &[fixture.agent(2, id(9))]);
    let refusal = act(&fixture).perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(DeleteAgentError::Denied(Denied::NotFound("Agent")))));

    let caller = fixture.agent_caller(&fixture.agent(2, id(1)));
    let refusal = DeleteAgent { caller, ..act(&fixture) }.perform(&fixture.cx(), &mut MockTx::new()).await;
    assert!(matches!(refusal, Err(DeleteAgentError::Denied(Denied::ScopeMismatch { .. }))));
}
