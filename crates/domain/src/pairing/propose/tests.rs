#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, Journal, MockTx, id};

/// What a proposal meets. By default it succeeds.
struct World {
    connection: Option<Connection>,
    agents: Vec<Agent>,
    paired: Option<Pairing>,
}

fn connection(status: ConnectionStatus) -> Connection {
    let fixture = Fixture::new();
    Connection {
        id: id(500),
        inviter: id(OTHER),
        invitee: Some(id(PROPOSER)),
        invited_email: fixture.account(PROPOSER).email,
        message: None,
        status,
        created_at: fixture.ago(60),
        accepted_at: None,
        revoked_at: None,
    }
}

impl Default for World {
    fn default() -> Self {
        Self {
            connection: Some(connection(ConnectionStatus::Active)),
            agents: vec![agent_11(), agent_22()],
            paired: None,
        }
    }
}

impl World {
    fn tx(self) -> (MockTx, Journal) {
        let (mut tx, journal) = (MockTx::new(), Journal::default());
        let Self { connection, agents, paired } = self;
        tx.expect_connection().returning(move |_| Ok(connection.clone()));
        tx.expect_agent().returning(move |id| Ok(agents.iter().find(|agent| agent.id == id).cloned()));
        tx.expect_living_pairing().returning(move |_, _| Ok(paired.clone()));
        tx.expect_account().returning(|_| Ok(Some(Fixture::new().account(PROPOSER))));
        (tx, journal)
    }

    async fn refusal(self, act: Propose) -> ProposeError {
        let (mut tx, journal) = self.tx();
        journal.allow_locks(&mut tx);
        act.perform(&Fixture::new().cx(), &mut tx).await.unwrap_err()
    }
}

fn propose(caller: u128) -> Propose {
    Propose {
        caller: by(caller),
        connection: id(500),
        my_agent: id(11),
        their_agent: id(22),
        permission: Permission::ReceiveOnly,
    }
}

fn counts_up(tx: &mut MockTx, allowed: bool) {
    tx.expect_count_pairing_up()
        .withf(|connection, limit| (*connection, *limit) == (id(500), Some(3)))
        .times(1)
        .returning(move |_, _| Ok(allowed));
}

#[tokio::test]
async fn a_proposal_is_pending_counted_and_told_to_both_in_their_own_view() {
    let (mut tx, journal) = World::default().tx();
    counts_up(&mut tx, true);
    tx.expect_insert_pairing().times(1).returning(|_| Ok(()));
    journal.allow_all(&mut tx);

    let view = propose(PROPOSER).perform(&Fixture::new().cx(), &mut tx).await.unwrap();

    let made = &view.pairing;
    assert_eq!((made.status, made.version), (PairingStatus::Pending, 1));
    assert_eq!(made.proposer, PairingSide { account: id(PROPOSER), agent: id(11) });
    assert_eq!(made.other, PairingSide { account: id(OTHER), agent: id(22) });
    assert_eq!(made.permission, Permission::ReceiveOnly);
    assert_eq!((view.proposer_agent.slug, view.other_agent.slug), (agent_11().slug, agent_22().slug));
    assert_eq!(journal.locked(), [id(OTHER), id(PROPOSER)]);
    assert_eq!(journal.audited(), [("pairing.propose", made.id.to_string())]);
    assert_eq!(journal.told(), both_told(EventName::PairingProposed));
    assert_eq!(fact(&journal, PROPOSER, "permission"), "receive_only");
    assert_eq!(fact(&journal, OTHER, "permission"), "send_only");
    assert_eq!(fact(&journal, OTHER, "my_agent_id"), made.other.agent.to_string());
}

#[tokio::test]
async fn an_agent_key_can_not_propose() {
    let act = Propose { caller: by_agent_of(PROPOSER), ..propose(PROPOSER) };
    let refused = act.perform(&Fixture::new().cx(), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(ProposeError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_no_connection() {
    let foreign = World::default().refusal(propose(STRANGER)).await;
    let missing = World { connection: None, ..World::default() }.refusal(propose(PROPOSER)).await;
    for refused in [foreign, missing] {
        assert!(matches!(refused, ProposeError::Denied(Denied::NotFound("Connection"))), "{refused:?}");
    }
}

#[tokio::test]
async fn the_connection_must_be_active() {
    for status in [ConnectionStatus::Pending, ConnectionStatus::Revoked] {
        let world = World { connection: Some(connection(status)), ..World::default() };
        assert!(matches!(world.refusal(propose(PROPOSER)).await, ProposeError::ConnectionNotActive));
    }
}

#[tokio::test]
async fn a_connection_revoked_while_waiting_for_the_lock_refuses() {
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    let seen = connection(ConnectionStatus::Active);
    tx.expect_connection().times(1).returning(move |_| Ok(Some(seen.clone())));
    tx.expect_connection().returning(|_| Ok(Some(connection(ConnectionStatus::Revoked))));
    journal.allow_locks(&mut tx);
    let refused = propose(PROPOSER).perform(&Fixture::new().cx(), &mut tx).await;
    assert!(matches!(refused, Err(ProposeError::ConnectionNotActive)));
}

#[tokio::test]
async fn my_agent_must_be_mine() {
    for agents in [vec![agent_22()], vec![Agent { account_id: id(STRANGER), ..agent_11() }, agent_22()]] {
        let refused = World { agents, ..World::default() }.refusal(propose(PROPOSER)).await;
        assert!(matches!(refused, ProposeError::MyAgentNotFound));
    }
}

#[tokio::test]
async fn their_agent_must_be_the_connected_accounts_and_a_strangers_looks_missing() {
    for agents in [vec![agent_11()], vec![agent_11(), Agent { account_id: id(STRANGER), ..agent_22() }]] {
        let refused = World { agents, ..World::default() }.refusal(propose(PROPOSER)).await;
        assert!(matches!(refused, ProposeError::TheirAgentNotFound));
    }
}

#[tokio::test]
async fn an_own_agent_is_not_theirs() {
    let act = Propose { their_agent: id(11), ..propose(PROPOSER) };
    assert!(matches!(World::default().refusal(act).await, ProposeError::TheirAgentNotFound));
}

#[tokio::test]
async fn my_agent_needs_a_key() {
    let agents = vec![Agent { keys: None, ..agent_11() }, agent_22()];
    let refused = World { agents, ..World::default() }.refusal(propose(PROPOSER)).await;
    assert!(matches!(refused, ProposeError::MyAgentNotConnected));
}

#[tokio::test]
async fn of_an_agent_that_is_not_available_nothing_else_is_learnt() {
    let hidden = Agent { available_for_connections: false, ..agent_22() };
    for theirs in [hidden.clone(), Agent { keys: None, ..hidden }] {
        for paired in [None, Some(pairing(PairingStatus::Active))] {
            let world = World { agents: vec![agent_11(), theirs.clone()], paired, ..World::default() };
            assert!(matches!(world.refusal(propose(PROPOSER)).await, ProposeError::AgentNotAvailable));
        }
    }
}

#[tokio::test]
async fn my_own_agent_need_not_be_available() {
    let mine = Agent { available_for_connections: false, ..agent_11() };
    let (mut tx, journal) = World { agents: vec![mine, agent_22()], ..World::default() }.tx();
    counts_up(&mut tx, true);
    tx.expect_insert_pairing().returning(|_| Ok(()));
    journal.allow_all(&mut tx);
    propose(PROPOSER).perform(&Fixture::new().cx(), &mut tx).await.unwrap();
}

#[tokio::test]
async fn their_agent_needs_a_key() {
    let agents = vec![agent_11(), Agent { keys: None, ..agent_22() }];
    let refused = World { agents, ..World::default() }.refusal(propose(PROPOSER)).await;
    assert!(matches!(refused, ProposeError::TheirAgentNotConnected));
}

#[tokio::test]
async fn a_living_pairing_refuses_another() {
    for status in [PairingStatus::Pending, PairingStatus::Active] {
        let world = World { paired: Some(pairing(status)), ..World::default() };
        assert!(matches!(world.refusal(propose(PROPOSER)).await, ProposeError::PairingExists));
    }
}

#[tokio::test]
async fn a_race_that_the_database_decides_is_refused_like_the_rest() {
    let (mut tx, journal) = World::default().tx();
    journal.allow_locks(&mut tx);
    counts_up(&mut tx, true);
    tx.expect_insert_pairing().returning(|_| Err(StoreError::Conflict(UniqueRule::PairingPair)));
    let refused = propose(PROPOSER).perform(&Fixture::new().cx(), &mut tx).await;
    assert!(matches!(refused, Err(ProposeError::PairingExists)));
}

#[tokio::test]
async fn the_proposers_plan_refuses() {
    let (mut tx, journal) = World::default().tx();
    journal.allow_locks(&mut tx);
    counts_up(&mut tx, false);
    let refused = propose(PROPOSER).perform(&Fixture::new().cx(), &mut tx).await;
    let Err(ProposeError::PlanLimit { plan, limit }) = refused else { panic!("{refused:?}") };
    assert_eq!((plan.as_str(), limit), ("free", 3));
}

/// Everything is wrong at once, then one thing after the other is put right: the answers come in the
/// documented order.
#[tokio::test]
async fn the_checks_come_in_the_documented_order() {
    let keyless = |agent: Agent| Agent { keys: None, ..agent };
    let hidden = |agent: Agent| Agent { available_for_connections: false, ..agent };
    let active = || Some(connection(ConnectionStatus::Active));
    let exists = || Some(pairing(PairingStatus::Pending));
    let worst_22 = || keyless(hidden(agent_22()));
    let steps = [
        (None, vec![], "Connection not found"),
        (Some(connection(ConnectionStatus::Pending)), vec![], "the connection is not active"),
        (active(), vec![], "my_agent_id names no agent"),
        (active(), vec![keyless(agent_11())], "their_agent_id names no agent"),
        (active(), vec![keyless(agent_11()), worst_22()], "your agent has no public key"),
        (active(), vec![agent_11(), worst_22()], "their agent is not available"),
        (active(), vec![agent_11(), keyless(agent_22())], "their agent has no public key"),
        (active(), vec![agent_11(), agent_22()], "a pending or active pairing already exists"),
    ];
    for (connection, agents, message) in steps {
        let refused = World { connection, agents, paired: exists() }.refusal(propose(PROPOSER)).await;
        assert!(refused.to_string().starts_with(message), "{refused}");
    }
}
