#![allow(clippy::unwrap_used)]

use super::*;
use crate::mock::{Fixture, MockTx, id};
use crate::transfer::testing::*;

const PAGE: Page = Page { limit: 20, offset: 40 };

fn read(caller: Caller, agent: Option<&str>) -> ReadInbox {
    ReadInbox { caller, agent: agent.map(str::to_owned), status: TransferStatus::Active, page: PAGE }
}

/// Account 2 has the agents 22 and 23; the inbox of the one that is asked for holds a transfer that has run
/// out just now.
fn world() -> MockTx {
    let mut tx = MockTx::new();
    knows(&mut tx, &[agent(11), agent(22), agent(23)], &[]);
    tx
}

/// The agent whose inbox is shown.
async fn shown(read: &ReadInbox) -> u128 {
    let (fixture, mut tx) = (Fixture::new(), world());
    let now = fixture.now;
    tx.expect_inbox()
        .withf(move |query, page| (query.status, query.now, *page) == (TransferStatus::Active, now, PAGE))
        .times(1)
        .returning(|query, _| {
            let run_out = Transfer { expires_at: query.now, ..transfer(&agent(22)) };
            Ok(Slice { items: vec![run_out], total: u64::try_from(query.agent.uuid().as_u128()).unwrap() })
        });
    let (agent, transfers) = read.answer(&fixture.cx(), &mut tx).await.unwrap();
    assert_eq!(
        agent.id.uuid().as_u128(),
        u128::from(transfers.total),
        "asked for the agent that is answered"
    );
    assert_eq!(transfers.items[0].status, TransferStatus::Expired, "the clock decides");
    transfers.total.into()
}

#[tokio::test]
async fn an_account_key_names_one_of_its_agents() {
    let account = || Fixture::new().account_caller(id(THEM));
    assert_eq!(shown(&read(account(), Some("agent-22"))).await, 22);
    assert_eq!(shown(&read(account(), Some(&agent(23).id.to_string()))).await, 23);
    let in_header = Caller { named_agent: Some("agent-22".to_owned()), ..account() };
    assert_eq!(shown(&read(in_header.clone(), None)).await, 22);
    assert_eq!(shown(&read(in_header, Some("agent-23"))).await, 23, "the parameter goes before the header");
}

#[tokio::test]
async fn an_agent_key_means_its_own_agent() {
    let key = || Fixture::new().agent_caller(&agent(22));
    assert_eq!(shown(&read(key(), None)).await, 22);
    assert_eq!(shown(&read(key(), Some("agent-22"))).await, 22);
}

async fn refused(read: &ReadInbox) -> InboxError {
    read.answer(&Fixture::new().cx(), &mut world()).await.unwrap_err()
}

#[tokio::test]
async fn an_account_key_that_names_no_agent_is_told_to() {
    let refusal = refused(&read(Fixture::new().account_caller(id(THEM)), None)).await;
    assert!(
        matches!(&refusal, InboxError::Invalid(invalid) if fields(invalid) == ["agent_id"]),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn siblings_and_foreign_agents_stay_closed() {
    let key = Fixture::new().agent_caller(&agent(22));
    let refusal = refused(&read(key, Some("agent-23"))).await;
    assert!(matches!(refusal, InboxError::Denied(Denied::Forbidden(_))), "{refusal:?}");
    let foreign = agent(11).id.to_string();
    for named in ["agent-11", foreign.as_str(), "nobody", "", "../keys"] {
        let refusal = refused(&read(Fixture::new().account_caller(id(THEM)), Some(named))).await;
        assert!(matches!(refusal, InboxError::Denied(Denied::NotFound("Agent"))), "{named}: {refusal:?}");
    }
}

#[tokio::test]
async fn an_outage_is_not_an_empty_inbox() {
    let mut tx = world();
    tx.expect_inbox().returning(|_, _| Err(unavailable()));
    let read = read(Fixture::new().agent_caller(&agent(22)), None);
    let outcome = read.answer(&Fixture::new().cx(), &mut tx).await;
    assert!(matches!(outcome, Err(InboxError::Store(StoreError::Unavailable { .. }))));
}
