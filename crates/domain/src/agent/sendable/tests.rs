use super::*;
use crate::account::Account;
use crate::agent::testing::{knows_paired, paired, pairing};
use crate::mock::{Fixture, MockTx, id};
use crate::page::Slice;
use crate::pairing::Permission;

fn knows_own(tx: &mut MockTx, agents: Vec<Agent>) {
    tx.expect_agents().returning(move |_, page| {
        let from = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let items = agents.iter().skip(from).take(page.limit as usize).cloned().collect();
        Ok(Slice { items, total: agents.len() as u64 })
    });
}

fn disconnected(agent: Agent) -> Agent {
    Agent { status: AgentStatus::Disconnected, keys: None, ..agent }
}

async fn sendable(caller: Caller, own: Vec<Agent>, rows: Vec<PairedAgent>) -> Vec<(String, Option<String>)> {
    let fixture = Fixture::new();
    let mut tx = MockTx::new();
    knows_own(&mut tx, own);
    knows_paired(&mut tx, rows);
    let listed = ListSendable { caller }.answer(&fixture.cx(), &mut tx).await.unwrap();
    listed.into_iter().map(|row| (row.agent.slug.to_string(), row.account_name)).collect()
}

fn own(slug: &str) -> (String, Option<String>) {
    (slug.to_owned(), None)
}

fn of(slug: &str, account: &Account) -> (String, Option<String>) {
    (slug.to_owned(), Some(account.name.clone()))
}

#[tokio::test]
async fn own_connected_agents_come_first_then_those_that_a_pairing_lets_us_send_to() {
    let f = Fixture::new();
    let (mine, other) = (f.agent(1, id(1)), f.account(9));
    let both = f.agent(91, id(9));
    let they_receive = f.agent(92, id(9));
    let we_receive = f.agent(93, id(9));
    let gone = disconnected(f.agent(94, id(9)));
    let rows = vec![
        paired(&both, &other, pairing(901, &mine, &both, Permission::Both)),
        paired(&they_receive, &other, pairing(902, &they_receive, &mine, Permission::ReceiveOnly)),
        paired(&we_receive, &other, pairing(903, &mine, &we_receive, Permission::ReceiveOnly)),
        paired(&gone, &other, pairing(904, &mine, &gone, Permission::Both)),
    ];
    let agents = vec![mine, disconnected(f.agent(2, id(1)))];
    let listed = sendable(f.account_caller(id(1)), agents, rows).await;
    assert_eq!(listed, [own("agent-1"), of("agent-91", &other), of("agent-92", &other)]);
}

#[tokio::test]
async fn an_agent_that_several_own_agents_reach_comes_once() {
    let f = Fixture::new();
    let (one, two, other) = (f.agent(1, id(1)), f.agent(2, id(1)), f.account(9));
    let foreign = f.agent(91, id(9));
    let rows = vec![
        paired(&foreign, &other, pairing(901, &one, &foreign, Permission::ReceiveOnly)),
        paired(&foreign, &other, pairing(902, &two, &foreign, Permission::Both)),
        paired(&foreign, &other, pairing(903, &foreign, &one, Permission::Both)),
    ];
    let listed = sendable(f.account_caller(id(1)), vec![one, two], rows).await;
    assert_eq!(listed, [own("agent-1"), own("agent-2"), of("agent-91", &other)]);
}

#[tokio::test]
async fn a_pairing_of_an_own_agent_without_key_reaches_nobody() {
    let f = Fixture::new();
    let (mine, other, foreign) = (disconnected(f.agent(1, id(1))), f.account(9), f.agent(91, id(9)));
    let rows = vec![paired(&foreign, &other, pairing(901, &mine, &foreign, Permission::Both))];
    assert_eq!(sendable(f.account_caller(id(1)), vec![mine], rows).await, []);
}

#[tokio::test]
async fn an_agent_key_sees_its_own_agents_pairings_only() {
    let f = Fixture::new();
    let (one, two, other) = (f.agent(1, id(1)), f.agent(2, id(1)), f.account(9));
    let (for_one, for_two) = (f.agent(91, id(9)), f.agent(92, id(9)));
    let rows = vec![
        paired(&for_one, &other, pairing(901, &one, &for_one, Permission::Both)),
        paired(&for_two, &other, pairing(902, &two, &for_two, Permission::Both)),
    ];
    let caller = f.agent_caller(&two);
    let listed = sendable(caller.clone(), vec![one.clone(), two.clone()], rows.clone()).await;
    assert_eq!(listed, [own("agent-1"), own("agent-2"), of("agent-92", &other)]);
    assert_eq!(sendable(caller, vec![one, disconnected(two)], rows).await, []);
}

#[tokio::test]
async fn agents_beyond_the_first_page_are_listed_too() {
    let f = Fixture::new();
    let many = |n: u128| Agent {
        id: id(10_000 + n),
        slug: crate::mock::slug(&format!("a{n}")),
        ..f.agent(1, id(1))
    };
    let agents: Vec<Agent> = (0..250).map(many).collect();
    assert_eq!(sendable(f.account_caller(id(1)), agents, Vec::new()).await.len(), 250);
}
