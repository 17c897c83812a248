use super::*;
use crate::account::Account;
use crate::agent::testing::{knows_accounts, knows_agents, knows_paired, paired, pairing};
use crate::agent::{Agent, PairedAgent};
use crate::mock::{Fixture, MockTx, id};
use crate::pairing::Permission;

/// Account 1 is the caller's, with agents 1 and 2. Accounts 3, 4 and 5 hold an agent "shared" each.
struct World {
    fixture: Fixture,
    tx: MockTx,
    own: Vec<Agent>,
    foreign: Vec<PairedAgent>,
}

impl World {
    fn new() -> Self {
        let fixture = Fixture::new();
        let own = vec![fixture.agent(1, id(1)), fixture.agent(2, id(1))];
        Self { fixture, tx: MockTx::new(), own, foreign: Vec::new() }
    }

    fn shared_of(&self, account: u8) -> Agent {
        Agent { slug: crate::mock::slug("shared"), ..self.fixture.agent(account * 10, id(account.into())) }
    }

    fn account(&self, n: u128, name: &str) -> Account {
        Account { name: name.to_owned(), ..self.fixture.account(n) }
    }

    /// The agent "shared" of an account is paired with an own agent; only the foreign side may send.
    fn pair(&mut self, own: usize, account: u8, name: &str) -> &mut Self {
        let agent = self.shared_of(account);
        let of = self.account(account.into(), name);
        let number = 900 + self.foreign.len() as u128;
        let row = paired(&agent, &of, pairing(number, &self.own[own], &agent, Permission::ReceiveOnly));
        self.foreign.push(row);
        self
    }

    fn own_shared(&mut self) -> &mut Self {
        self.own.push(self.shared_of(1));
        self
    }

    async fn resolve(&mut self, recipient: &str, account: Option<&str>) -> Result<Resolved, ResolveError> {
        let foreign: Vec<Agent> = self.foreign.iter().map(|row| row.agent.clone()).collect();
        knows_agents(&mut self.tx, &[self.own.clone(), foreign].concat());
        let own = self.account(1, "Own");
        knows_accounts(&mut self.tx, &[own]);
        knows_paired(&mut self.tx, self.foreign.clone());
        resolve_recipient(&mut self.tx, id(1), recipient, account).await
    }

    async fn resolved_account(&mut self, recipient: &str, account: Option<&str>) -> AccountId {
        self.resolve(recipient, account).await.unwrap().account.id
    }
}

fn ambiguous_accounts(outcome: Result<Resolved, ResolveError>) -> Vec<AccountId> {
    match outcome {
        Err(ResolveError::Ambiguous(candidates)) => candidates.iter().map(|c| c.account_id).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_own_agent_is_found_by_slug_and_by_uuid() {
    for recipient in ["agent-2", &id::<AgentId>(2).to_string()] {
        let found = World::new().resolve(recipient, None).await.unwrap();
        assert!(found.own);
        assert_eq!((found.agent.id, found.account.id), (id(2), id(1)));
    }
}

#[tokio::test]
async fn what_nobody_knows_has_no_candidate() {
    for recipient in ["nobody", "", "..", "a/b", &id::<AgentId>(99).to_string()] {
        let outcome = World::new().resolve(recipient, None).await;
        assert!(matches!(outcome, Err(ResolveError::NoCandidate)), "{recipient:?}");
    }
}

#[tokio::test]
async fn a_foreign_agent_without_pairing_is_no_candidate_even_by_uuid() {
    let mut world = World::new();
    let stranger = world.fixture.agent(77, id(7));
    knows_agents(&mut world.tx, &[stranger]);
    let outcome = world.resolve(&id::<AgentId>(77).to_string(), None).await;
    assert!(matches!(outcome, Err(ResolveError::NoCandidate)));
}

#[tokio::test]
async fn the_only_candidate_is_meant_whatever_account_is_named() {
    for account in [None, Some("Elsewhere"), Some("nobody@example.com"), Some(" ")] {
        let found = World::new().pair(0, 3, "Three").resolve("shared", account).await.unwrap();
        assert_eq!((found.account.id, found.own), (id(3), false), "{account:?}");
    }
}

#[tokio::test]
async fn an_agent_that_is_paired_with_two_own_agents_is_one_candidate() {
    let found = World::new().pair(0, 3, "Three").pair(1, 3, "Three").resolve("shared", None).await;
    assert_eq!(found.unwrap().agent.id, id(30));
}

#[tokio::test]
async fn several_candidates_are_ambiguous_and_shown_with_masked_addresses_in_order() {
    let outcome = World::new().pair(0, 4, "Four").pair(1, 3, "Three").resolve("shared", None).await;
    let Err(ResolveError::Ambiguous(candidates)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(candidates[0].account_id, id(3));
    assert_eq!(candidates[0].account_name, "Three");
    assert_eq!(candidates[0].email_masked, "ac*******@example.com");
    assert_eq!(candidates[1].account_id, id(4));
}

#[tokio::test]
async fn an_account_is_named_by_uuid_email_or_display_name() {
    let uuid = id::<AccountId>(4).to_string();
    for account in [uuid.as_str(), "account-4@example.com", " Account-4@EXAMPLE.com ", "four", "FOUR"] {
        let mut world = World::new();
        world.pair(0, 3, "Three").pair(0, 4, "Four");
        assert_eq!(world.resolved_account("shared", Some(account)).await, id(4), "{account:?}");
    }
}

#[tokio::test]
async fn a_uuid_or_email_beats_a_display_name_that_imitates_it() {
    let uuid = id::<AccountId>(4).to_string();
    for named in [uuid.as_str(), "account-4@example.com"] {
        let mut world = World::new();
        world.pair(0, 3, named).pair(0, 4, "Four");
        assert_eq!(world.resolved_account("shared", Some(named)).await, id(4));
    }
}

#[tokio::test]
async fn a_display_name_that_two_accounts_share_stays_ambiguous() {
    let mut world = World::new();
    world.pair(0, 3, "Twin").pair(0, 4, "Twin").pair(0, 5, "Five");
    assert_eq!(ambiguous_accounts(world.resolve("shared", Some("Twin")).await), [id(3), id(4), id(5)]);
    let mut world = World::new();
    world.pair(0, 3, "Three").pair(0, 4, "Four");
    assert_eq!(ambiguous_accounts(world.resolve("shared", Some("Elsewhere")).await), [id(3), id(4)]);
}

#[tokio::test]
async fn an_own_agent_wins_unless_another_candidates_account_is_named() {
    for account in [None, Some("Elsewhere"), Some("Own")] {
        let mut world = World::new();
        world.own_shared().pair(0, 3, "Three");
        assert_eq!(world.resolved_account("shared", account).await, id(1), "{account:?}");
    }
    let mut world = World::new();
    world.own_shared().pair(0, 3, "Three");
    assert_eq!(world.resolved_account("shared", Some("three")).await, id(3));
}

#[tokio::test]
async fn a_foreign_account_named_like_the_own_one_is_never_chosen_by_name() {
    let mut world = World::new();
    world.own_shared().pair(0, 3, "Own");
    assert_eq!(ambiguous_accounts(world.resolve("shared", Some("own")).await), [id(1), id(3)]);
}

#[tokio::test]
async fn a_uuid_names_one_of_several_candidates() {
    let mut world = World::new();
    world.pair(0, 3, "Three").pair(0, 4, "Four");
    assert_eq!(world.resolved_account(&id::<AgentId>(40).to_string(), None).await, id(4));
}

#[tokio::test]
async fn an_outage_is_not_taken_for_absence() {
    let mut tx = MockTx::new();
    tx.expect_paired_agents()
        .returning(|_, _, _| Err(StoreError::Unavailable { contention: false, source: "down".into() }));
    let outcome = resolve_recipient(&mut tx, id(1), "shared", None).await;
    assert!(matches!(outcome, Err(ResolveError::Store(StoreError::Unavailable { .. }))));
}
