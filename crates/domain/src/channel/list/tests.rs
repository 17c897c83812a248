#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::ChannelStatus;
use super::super::testing::*;
use super::*;
use crate::agent::Agent;
use crate::mock::{Fixture, MockTx, id, slug};

const PAGE: Page = Page { limit: 7, offset: 2 };

/// What the list looks like when `stored` is what the database finds for `of_agent`.
async fn list(caller: Caller, of_agent: Option<AgentId>, stored: &[ChannelView], paired: &[Agent]) -> Listed {
    let mut tx = MockTx::new();
    knows(&mut tx, &[agent(11), agent(12)], paired);
    let (items, total) = (stored.to_vec(), stored.len() as u64);
    tx.expect_channels()
        .withf(move |account, agent, page| (*account, *agent, *page) == (id(ME), of_agent, PAGE))
        .times(1)
        .returning(move |_, _, _| Ok(Slice { items: items.clone(), total }));
    let listed = List { caller, page: PAGE }.answer(&Fixture::new().cx(), &mut tx).await.unwrap();
    listed.items.into_iter().map(|channel| (shown(channel.mine), shown(channel.theirs))).collect()
}

/// Of each channel my side and theirs: the agent, and its slug if that is clear.
type Listed = Vec<(Shown, Shown)>;
type Shown = (AgentId, Option<AgentSlug>);

fn shown(side: ListedSide) -> Shown {
    (side.side.agent, side.slug_is_clear.then_some(side.slug))
}

fn clear(n: u8) -> Shown {
    (id(u128::from(n)), Some(agent(n).slug))
}

fn unclear(n: u8) -> Shown {
    (id(u128::from(n)), None)
}

fn active(x: &Agent, y: &Agent) -> ChannelView {
    view(x, y, ChannelStatus::Active)
}

#[tokio::test]
async fn the_own_side_comes_first_whichever_is_a() {
    let small = Fixture::new().agent(5, id(THEM));
    let stored = [active(&agent(11), &agent(22)), active(&small, &agent(12))];
    let listed = list(by(ME), None, &stored, &[agent(22), small.clone()]).await;
    assert_eq!(listed, [(clear(11), clear(22)), (clear(12), (small.id, Some(small.slug)))]);
}

#[tokio::test]
async fn an_agent_keys_agent_comes_first_and_narrows_the_list() {
    let stored = [active(&agent(11), &agent(12))];
    let listed = list(by_agent(&agent(12)), Some(id(12)), &stored, &[]).await;
    assert_eq!(listed, [(clear(12), clear(11))]);
}

#[tokio::test]
async fn so_does_the_agent_that_an_account_key_names() {
    let named = Caller { named_agent: Some("agent-12".to_owned()), ..by(ME) };
    let listed = list(named, Some(id(12)), &[active(&agent(11), &agent(12))], &[]).await;
    assert_eq!(listed, [(clear(12), clear(11))]);
}

#[tokio::test]
async fn naming_an_agent_that_is_not_there_is_refused() {
    let mut tx = MockTx::new();
    knows(&mut tx, &[agent(11)], &[]);
    let named = Caller { named_agent: Some("nobody".to_owned()), ..by(ME) };
    let refused = List { caller: named, page: PAGE }.answer(&Fixture::new().cx(), &mut tx).await;
    assert!(matches!(refused, Err(ListError::Denied(Denied::NotFound("Agent")))));
}

#[tokio::test]
async fn a_peers_slug_that_a_stranger_bears_too_is_not_clear() {
    let twin = Agent { account_id: id(STRANGER), slug: slug("agent-22"), ..agent(33) };
    let listed = list(by(ME), None, &[active(&agent(11), &agent(22))], &[agent(22), twin]).await;
    assert_eq!(listed, [(clear(11), unclear(22))]);
}

#[tokio::test]
async fn a_peers_slug_that_now_means_only_another_agent_is_not_clear() {
    let twin = Agent { account_id: id(STRANGER), slug: slug("agent-22"), ..agent(33) };
    let listed = list(by(ME), None, &[active(&agent(11), &agent(22))], &[twin]).await;
    assert_eq!(listed, [(clear(11), unclear(22))]);
}

#[tokio::test]
async fn a_peers_slug_that_an_own_agent_bears_is_not_clear_but_the_own_side_is() {
    let peer = Agent { slug: agent(11).slug, ..agent(22) };
    let listed = list(by(ME), None, &[active(&agent(11), &peer)], std::slice::from_ref(&peer)).await;
    assert_eq!(listed, [(clear(11), unclear(22))]);
}

#[tokio::test]
async fn between_own_agents_neither_slug_is_clear_if_a_stranger_bears_it() {
    let twin = Agent { slug: agent(11).slug, ..agent(22) };
    let listed = list(by(ME), None, &[active(&agent(11), &agent(12))], &[twin]).await;
    assert_eq!(listed, [(unclear(11), clear(12))]);
}

#[tokio::test]
async fn each_slug_is_looked_up_once() {
    let mut tx = MockTx::new();
    let stored: Vec<ChannelView> = (0..5).map(|_| active(&agent(11), &agent(22))).collect();
    tx.expect_channels().returning(move |_, _, _| Ok(Slice { items: stored.clone(), total: 5 }));
    tx.expect_paired_agents().times(1).returning(|_, _, _| Ok(Vec::new()));
    tx.expect_agent_by_slug().times(1).returning(|_, _| Ok(None));
    let listed = List { caller: by(ME), page: PAGE }.answer(&Fixture::new().cx(), &mut tx).await.unwrap();
    assert_eq!((listed.items.len(), listed.total), (5, 5));
}
