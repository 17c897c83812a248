use super::*;
use crate::agent::ConnectionToken;
use crate::agent::testing::{knows_agents, pairing};
use crate::clock::Timestamp;
use crate::mock::{Fixture, Journal, MockTx, id};
use crate::pairing::{Pairing, Permission};
use crate::secret::SecretGenerator as _;

fn token() -> Token {
    Token::new("agt_x".to_owned())
}

fn act() -> Connect {
    Connect { token: token(), keys: KeysInput { public_key: Some(vec![7; 32]), ..KeysInput::default() } }
}

fn waiting(fixture: &Fixture) -> Agent {
    Agent { status: AgentStatus::Disconnected, keys: None, key_version: 3, ..fixture.agent(2, id(1)) }
}

fn knows_token(fixture: &Fixture, tx: &mut MockTx, expires_at: Timestamp) {
    let digest = fixture.digest(&token());
    let stored = ConnectionToken {
        digest,
        agent_id: id(2),
        account_id: id(1),
        claim_code: "A3K7WP".to_owned(),
        expires_at,
    };
    tx.expect_connection_token()
        .returning(move |asked| Ok(Some(stored.clone()).filter(|_| *asked == digest)));
}

fn knows_pairings(tx: &mut MockTx, pairings: Vec<Pairing>) {
    tx.expect_living_pairings_of_agent().returning(move |_| Ok(pairings.clone()));
}

#[tokio::test]
async fn the_agent_gets_its_key_and_every_paired_account_hears_of_it() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_all(&mut tx);
    knows_token(&fixture, &mut tx, fixture.now + chrono::TimeDelta::seconds(1));
    knows_agents(&mut tx, &[waiting(&fixture)]);
    let (five, nine) = (fixture.agent(50, id(5)), fixture.agent(90, id(9)));
    knows_pairings(
        &mut tx,
        vec![
            pairing(901, &five, &waiting(&fixture), Permission::Both),
            pairing(902, &waiting(&fixture), &nine, Permission::Both),
        ],
    );
    tx.expect_update_agent()
        .withf(|agent| agent.key_version == 4 && agent.keys.is_some())
        .times(1)
        .return_once(|_| Ok(()));
    tx.expect_burn_connection_tokens().withf(|agent| *agent == id(2)).times(1).return_once(|_| Ok(()));
    let agent = act().perform(&fixture.cx(), &mut tx).await.unwrap();
    assert_eq!(agent.status, AgentStatus::Connected);
    assert_eq!(journal.locked(), [id(1), id(5), id(9)]);
    let connected = EventName::AgentConnected;
    assert_eq!(journal.told(), [(id(1), connected), (id(5), connected), (id(9), connected)]);
    assert_eq!(journal.audited(), [("agent.connect", agent.id.to_string())]);
}

#[tokio::test]
async fn unknown_expired_and_used_tokens_are_no_credential() {
    let fixture = Fixture::new();
    let mut unknown = MockTx::new();
    unknown.expect_connection_token().returning(|_| Ok(None));
    let mut expired = MockTx::new();
    knows_token(&fixture, &mut expired, fixture.now);
    let mut orphaned = MockTx::new();
    knows_token(&fixture, &mut orphaned, fixture.now + chrono::TimeDelta::hours(1));
    knows_agents(&mut orphaned, &[]);
    let mut connected = MockTx::new();
    knows_token(&fixture, &mut connected, fixture.now + chrono::TimeDelta::hours(1));
    knows_agents(&mut connected, &[fixture.agent(2, id(1))]);
    for mut tx in [unknown, expired, orphaned, connected] {
        let refusal = act().perform(&fixture.cx(), &mut tx).await;
        assert!(matches!(refusal, Err(ConnectError::BadToken)));
    }
}

#[tokio::test]
async fn a_token_that_is_used_while_this_one_waits_for_the_lock_is_refused() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_locks(&mut tx);
    let digest = fixture.digest(&token());
    let stored = ConnectionToken {
        digest,
        agent_id: id(2),
        account_id: id(1),
        claim_code: "A3K7WP".to_owned(),
        expires_at: fixture.now + chrono::TimeDelta::hours(1),
    };
    tx.expect_connection_token().times(1).return_once(move |_| Ok(Some(stored)));
    tx.expect_connection_token().times(1).return_once(|_| Ok(None));
    knows_agents(&mut tx, &[waiting(&fixture)]);
    knows_pairings(&mut tx, Vec::new());
    let refusal = act().perform(&fixture.cx(), &mut tx).await;
    assert!(matches!(refusal, Err(ConnectError::BadToken)));
}

#[tokio::test]
async fn a_bad_key_leaves_the_token_unspent() {
    let fixture = Fixture::new();
    for public_key in [None, Some(vec![0; 32]), Some(vec![7; 31])] {
        let mut tx = MockTx::new();
        knows_token(&fixture, &mut tx, fixture.now + chrono::TimeDelta::hours(1));
        knows_agents(&mut tx, &[waiting(&fixture)]);
        let connect = Connect { keys: KeysInput { public_key, ..KeysInput::default() }, ..act() };
        let refusal = connect.perform(&fixture.cx(), &mut tx).await;
        assert!(matches!(refusal, Err(ConnectError::Invalid(Invalid(e))) if e[0].field == "public_key"));
    }
}

#[tokio::test]
async fn an_account_that_joins_before_the_lock_makes_the_act_start_anew() {
    let fixture = Fixture::new();
    let (mut tx, journal) = (MockTx::new(), Journal::default());
    journal.allow_locks(&mut tx);
    knows_token(&fixture, &mut tx, fixture.now + chrono::TimeDelta::hours(1));
    knows_agents(&mut tx, &[waiting(&fixture)]);
    let joined = pairing(901, &waiting(&fixture), &fixture.agent(50, id(5)), Permission::Both);
    tx.expect_living_pairings_of_agent().times(1).return_once(|_| Ok(Vec::new()));
    tx.expect_living_pairings_of_agent().times(1).return_once(move |_| Ok(vec![joined]));
    let refusal = act().perform(&fixture.cx(), &mut tx).await.unwrap_err();
    assert!(matches!(refusal, ConnectError::Store(error) if error.is_contention()));
}
