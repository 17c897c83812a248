//! What the tests of channels share: account 1 has the agents 11 and 12, account 2 has agent 22; account 3 is
//! a stranger.

#![allow(clippy::unwrap_used)]

use crate::account::AccountCard;
use crate::agent::{Agent, PairedAgent};
use crate::caller::Caller;
use crate::channel::{Channel, ChannelSide, ChannelStatus, ChannelView};
use crate::mock::{Fixture, MockTx, id};
use crate::pairing::{Pairing, PairingSide, PairingStatus, Permission};

pub(super) const ME: u128 = 1;
pub(super) const THEM: u128 = 2;
pub(super) const STRANGER: u128 = 3;

pub(super) fn by(n: u128) -> Caller {
    Fixture::new().account_caller(id(n))
}

pub(super) fn by_agent(agent: &Agent) -> Caller {
    Fixture::new().agent_caller(agent)
}

/// The agent `id(n)`: 11 and 12 are mine, 22 and 23 are theirs.
pub(super) fn agent(n: u8) -> Agent {
    Fixture::new().agent(n, id(if n < 20 { ME } else { THEM }))
}

/// The channel `id(90)` of two agents, asked for by the first, in that status.
pub(super) fn channel(first: &Agent, second: &Agent, status: ChannelStatus) -> Channel {
    let side = |agent| ChannelSide::of(agent).unwrap();
    Channel { status, ..Channel::open(id(90), side(first), side(second), Fixture::new().ago(5)) }
}

pub(super) fn view(x: &Agent, y: &Agent, status: ChannelStatus) -> ChannelView {
    let channel = channel(x, y, status);
    let slug_of = |side: ChannelSide| if side.agent == x.id { x.slug.clone() } else { y.slug.clone() };
    ChannelView { a_slug: slug_of(channel.a), b_slug: slug_of(channel.b), channel }
}

/// The pairing of two agents in that status.
pub(super) fn pairing(mine: &Agent, theirs: &Agent, status: PairingStatus) -> Pairing {
    let side = |agent: &Agent| PairingSide { account: agent.account_id, agent: agent.id };
    Pairing {
        id: id(600),
        connection_id: id(500),
        proposer: side(mine),
        other: side(theirs),
        permission: Permission::ReceiveOnly,
        status,
        version: 1,
        created_at: Fixture::new().ago(60),
        confirmed_at: None,
        revoked_at: None,
    }
}

/// These agents and their accounts are there; the foreign ones in `paired` can be reached from account 1
/// through its agent 11.
pub(super) fn knows(tx: &mut MockTx, agents: &[Agent], paired: &[Agent]) {
    let of_id = agents.to_vec();
    tx.expect_agent().returning(move |id| Ok(of_id.iter().find(|agent| agent.id == id).cloned()));
    let of_slug = agents.to_vec();
    tx.expect_agent_by_slug().returning(move |account, slug| {
        Ok(of_slug.iter().find(|agent| agent.account_id == account && agent.slug == *slug).cloned())
    });
    tx.expect_account().returning(|of| Ok(Some(Fixture::new().account(of.uuid().as_u128()))));
    let paired: Vec<PairedAgent> = paired.iter().map(reached).collect();
    tx.expect_paired_agents().returning(move |_, slug, _| {
        let wanted = paired.iter().filter(|row| slug.as_ref().is_none_or(|slug| row.agent.slug == *slug));
        Ok(wanted.cloned().collect())
    });
}

fn reached(agent: &Agent) -> PairedAgent {
    PairedAgent {
        agent: agent.clone(),
        account: AccountCard::from(&Fixture::new().account(agent.account_id.uuid().as_u128())),
        pairing: pairing(&self::agent(11), agent, PairingStatus::Active),
    }
}
