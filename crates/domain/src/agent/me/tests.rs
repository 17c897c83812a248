use super::*;
use crate::account::Usage;
use crate::agent::testing::{knows_accounts, knows_agents, knows_paired, paired, pairing};
use crate::mock::{Fixture, MockTx, id, slug};
use crate::page::Slice;
use crate::pairing::Permission;

fn world(fixture: &Fixture) -> MockTx {
    let mut tx = MockTx::new();
    knows_agents(&mut tx, &[fixture.agent(2, id(1)), fixture.agent(3, id(1))]);
    knows_accounts(&mut tx, &[fixture.account(1)]);
    let (two, three, other) = (fixture.agent(2, id(1)), fixture.agent(3, id(1)), fixture.account(9));
    let (z, a) = (fixture.agent(92, id(9)), fixture.agent(91, id(9)));
    let rows = vec![
        paired(&z, &other, pairing(901, &two, &z, Permission::Both)),
        paired(&a, &other, pairing(902, &a, &two, Permission::Both)),
        paired(
            &fixture.agent(93, id(9)),
            &other,
            pairing(903, &three, &fixture.agent(93, id(9)), Permission::Both),
        ),
    ];
    knows_paired(&mut tx, rows);
    tx.expect_connections().returning(|_, filter, _| {
        let total = match (filter.status, filter.incoming) {
            (ConnectionStatus::Active, None) => 4,
            (ConnectionStatus::Pending, Some(true)) => 2,
            (ConnectionStatus::Pending, Some(false)) => 1,
            other => panic!("{other:?}"),
        };
        Ok(Slice { items: Vec::new(), total })
    });
    let month_start = Some(QuotaMonth::at(fixture.account(1).created_at, fixture.now).start);
    tx.expect_usage().returning(move |_| Ok(Usage { storage_bytes: 12, transfers: 3, month_start }));
    tx.expect_inbox()
        .withf(|query, page| query.status == TransferStatus::Active && page.limit == 5)
        .returning(|_, _| Ok(Slice { items: Vec::new(), total: 7 }));
    tx
}

async fn me(fixture: &Fixture, tx: &mut MockTx, caller: Caller) -> Result<StartupProfile, MeError> {
    Me { caller }.answer(&fixture.cx(), tx).await
}

#[tokio::test]
async fn the_profile_is_that_of_the_agent_keys_agent() {
    let fixture = Fixture::new();
    let caller = fixture.agent_caller(&fixture.agent(2, id(1)));
    let profile = me(&fixture, &mut world(&fixture), caller).await.unwrap();
    assert_eq!(profile.agent.id, id(2));
    assert_eq!(profile.agent.last_seen_at, Some(fixture.now));
    assert_eq!(profile.paired_agents, [slug("agent-91"), slug("agent-92")]);
    assert_eq!(profile.unread_transfers, 7);
    let news = RecordUse { key: id(7_001), agent: Some(id(2)) };
    assert_eq!(profile.use_to_record, Some(news));
    assert_eq!(profile.plan.name.as_str(), "free");
    let counts = ConnectionCounts { active: 4, pending_incoming: 2, pending_outgoing: 1 };
    assert_eq!(profile.connections, counts);
    let month_ends = QuotaMonth::at(profile.account.created_at, fixture.now).end;
    assert_eq!(profile.usage, PlanUsage { storage_bytes: 12, transfers: 3, month_ends });
}

#[tokio::test]
async fn an_account_key_chooses_by_header_or_takes_the_first_connected_agent() {
    let fixture = Fixture::new();
    let named = Caller { named_agent: Some("agent-3".to_owned()), ..fixture.account_caller(id(1)) };
    let profile = me(&fixture, &mut world(&fixture), named).await.unwrap();
    assert_eq!(profile.agent.id, id(3));
    assert_eq!(profile.paired_agents, [slug("agent-93")]);

    let mut tx = world(&fixture);
    let first = fixture.agent(2, id(1));
    tx.expect_first_connected_agent().return_once(move |_| Ok(Some(first)));
    let profile = me(&fixture, &mut tx, fixture.account_caller(id(1))).await.unwrap();
    assert_eq!(profile.agent.id, id(2));
}

#[tokio::test]
async fn without_an_agent_there_is_no_profile() {
    let fixture = Fixture::new();
    let named = Caller { named_agent: Some("nobody".to_owned()), ..fixture.account_caller(id(1)) };
    let refusal = me(&fixture, &mut world(&fixture), named).await;
    assert!(matches!(refusal, Err(MeError::Denied(Denied::NotFound("Agent")))));

    let mut tx = world(&fixture);
    tx.expect_first_connected_agent().return_once(|_| Ok(None));
    let refusal = me(&fixture, &mut tx, fixture.account_caller(id(1))).await;
    assert!(matches!(refusal, Err(MeError::NoConnectedAgent)));
}
