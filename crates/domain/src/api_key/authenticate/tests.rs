use super::*;
use crate::api_key::ApiKey;
use crate::api_key::testing::key;
use crate::clock::Timestamp;
use crate::ids::AgentId;
use crate::mock::{Fixture, MockTx, id, slug};

fn token() -> Token {
    Token::new("agd_live_x".to_owned())
}

fn identity(fixture: &Fixture, agent: Option<AgentId>) -> Identity {
    Identity {
        key: ApiKey { last_used_at: Some(fixture.ago(10)), ..key(fixture, 70, agent) },
        account: fixture.account(1),
        agent_slug: agent.map(|_| slug("agent-2")),
    }
}

fn presents(fixture: &Fixture, found: Option<Identity>) -> MockTx {
    let mut tx = MockTx::new();
    let digest = crate::secret::SecretGenerator::digest(fixture, &token());
    tx.expect_identity().withf(move |asked| *asked == digest).times(1).return_once(move |_| Ok(found));
    tx
}

async fn answer(
    fixture: &Fixture,
    tx: &mut MockTx,
    named: Option<&str>,
) -> Result<Authenticated, AuthenticateError> {
    let question = Authenticate { token: token(), named_agent: named.map(str::to_owned) };
    question.answer(&fixture.cx(), tx).await
}

#[tokio::test]
async fn an_account_key_acts_for_its_account() {
    let fixture = Fixture::new();
    let mut tx = presents(&fixture, Some(identity(&fixture, None)));
    let known = answer(&fixture, &mut tx, None).await.unwrap();
    assert_eq!(known.caller.account, id(1));
    assert_eq!(known.caller.credential, Credential::AccountKey(id(70)));
    assert_eq!(known.account, fixture.account(1));
    assert_eq!(known.use_to_record, None);
}

#[tokio::test]
async fn an_unknown_key_and_a_revoked_key_are_told_apart() {
    let fixture = Fixture::new();
    let mut tx = presents(&fixture, None);
    assert!(matches!(answer(&fixture, &mut tx, None).await, Err(AuthenticateError::Unknown)));

    let mut revoked = identity(&fixture, None);
    revoked.key.revoked_at = Some(fixture.ago(5));
    let mut tx = presents(&fixture, Some(revoked));
    assert!(matches!(answer(&fixture, &mut tx, None).await, Err(AuthenticateError::Revoked)));
}

#[tokio::test]
async fn the_key_of_a_deleted_agent_is_as_good_as_revoked() {
    let fixture = Fixture::new();
    let orphan = Identity { agent_slug: None, ..identity(&fixture, Some(id(2))) };
    let mut tx = presents(&fixture, Some(orphan));
    assert!(matches!(answer(&fixture, &mut tx, None).await, Err(AuthenticateError::Revoked)));
}

#[tokio::test]
async fn an_agent_key_may_name_its_own_agent_only() {
    let fixture = Fixture::new();
    let uuid = id::<AgentId>(2).to_string();
    for named in [None, Some("agent-2"), Some(uuid.as_str()), Some("  ")] {
        let mut tx = presents(&fixture, Some(identity(&fixture, Some(id(2)))));
        let known = answer(&fixture, &mut tx, named).await.unwrap();
        assert_eq!(known.caller.bound_agent(), Some(id(2)), "{named:?}");
    }
    let other = id::<AgentId>(3).to_string();
    for named in ["agent-3", "Agent-2", &other] {
        let mut tx = presents(&fixture, Some(identity(&fixture, Some(id(2)))));
        let outcome = answer(&fixture, &mut tx, Some(named)).await;
        let scope = matches!(outcome, Err(AuthenticateError::Denied(Denied::ScopeMismatch { .. })));
        assert!(scope, "{named:?}");
    }
}

#[tokio::test]
async fn a_use_is_due_a_minute_after_the_last_note() {
    let fixture = Fixture::new();
    let due = RecordUse { key: id(70), agent: Some(id(2)) };
    let cases: [(Option<Timestamp>, Option<RecordUse>); 3] =
        [(None, Some(due)), (Some(fixture.ago(60)), Some(due)), (Some(fixture.ago(59)), None)];
    for (last_used_at, expected) in cases {
        let mut found = identity(&fixture, Some(id(2)));
        found.key.last_used_at = last_used_at;
        let mut tx = presents(&fixture, Some(found));
        assert_eq!(answer(&fixture, &mut tx, None).await.unwrap().use_to_record, expected);
    }
}

#[tokio::test]
async fn an_account_key_that_names_an_agent_is_news_of_that_agent() {
    let fixture = Fixture::new();
    let mut tx = presents(&fixture, Some(identity(&fixture, None)));
    let agent = fixture.agent(2, id(1));
    tx.expect_agent_by_slug().return_once(move |_, _| Ok(Some(agent)));
    let known = answer(&fixture, &mut tx, Some("agent-2")).await.unwrap();
    assert_eq!(known.caller.named_agent.as_deref(), Some("agent-2"));
    assert_eq!(known.use_to_record, Some(RecordUse { key: id(70), agent: Some(id(2)) }));
}

#[tokio::test]
async fn an_account_key_may_name_an_agent_that_is_not_there() {
    let fixture = Fixture::new();
    let mut tx = presents(&fixture, Some(identity(&fixture, None)));
    tx.expect_agent_by_slug().return_once(|_, _| Ok(None));
    let known = answer(&fixture, &mut tx, Some("nobody")).await.unwrap();
    assert_eq!(known.use_to_record, None);
}

#[tokio::test]
async fn an_outage_is_not_taken_for_an_unknown_key() {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    tx.expect_identity()
        .return_once(|_| Err(StoreError::Unavailable { contention: false, source: "down".into() }));
    assert!(matches!(answer(&fixture, &mut tx, None).await, Err(AuthenticateError::Store(_))));
}
