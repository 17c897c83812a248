//! What the tests of agents share.

use crate::account::{Account, AccountCard};
use crate::agent::{Agent, PairedAgent, PublicKey};
use crate::channel::{Channel, ChannelSide, ChannelStatus};
use crate::clock::Timestamp;
use crate::ids::PairingId;
use crate::mock::{Fixture, MockTx, id};
use crate::pairing::{Pairing, PairingSide, PairingStatus, Permission};
use crate::transfer::{Encryption, KeyAt, Mode, Recipient, Sender, Transfer, TransferStatus};

pub(super) const fn side(agent: &Agent) -> PairingSide {
    PairingSide { account: agent.account_id, agent: agent.id }
}

/// An active pairing under the connection `id(800)`; the permission is the proposer's view.
pub(super) fn pairing(n: u128, proposer: &Agent, other: &Agent, permission: Permission) -> Pairing {
    let at: Timestamp = Fixture::new().now;
    Pairing {
        id: id::<PairingId>(n),
        connection_id: id(800),
        proposer: side(proposer),
        other: side(other),
        permission,
        status: PairingStatus::Active,
        version: 2,
        created_at: at,
        confirmed_at: Some(at),
        revoked_at: None,
    }
}

/// A row of [`crate::agent::AgentReads::paired_agents`].
pub(super) fn paired(foreign: &Agent, of: &Account, pairing: Pairing) -> PairedAgent {
    PairedAgent { agent: foreign.clone(), account: AccountCard::from(of), pairing }
}

/// The accounts have these own agents of their slugs and ids, and nothing else.
pub(super) fn knows_agents(tx: &mut MockTx, agents: &[Agent]) {
    let by_slug = agents.to_vec();
    tx.expect_agent_by_slug().returning(move |account, slug| {
        Ok(by_slug.iter().find(|agent| agent.account_id == account && agent.slug == *slug).cloned())
    });
    let by_id = agents.to_vec();
    tx.expect_agent().returning(move |id| Ok(by_id.iter().find(|agent| agent.id == id).cloned()));
}

/// These accounts are there.
pub(super) fn knows_accounts(tx: &mut MockTx, accounts: &[Account]) {
    let accounts = accounts.to_vec();
    tx.expect_account().returning(move |id| Ok(accounts.iter().find(|account| account.id == id).cloned()));
}

/// These agents on other accounts are paired.
pub(super) fn knows_paired(tx: &mut MockTx, rows: Vec<PairedAgent>) {
    tx.expect_paired_agents().returning(move |_, slug, limit| {
        let wanted = rows.iter().filter(|row| slug.as_ref().is_none_or(|slug| *slug == row.agent.slug));
        Ok(wanted.take(limit as usize).cloned().collect())
    });
}

/// An active channel of two connected agents.
pub(super) fn channel(n: u128, x: &Agent, y: &Agent) -> Channel {
    let side = |agent: &Agent| ChannelSide {
        account: agent.account_id,
        agent: agent.id,
        public_key: PublicKey::from_stored([1; 32]),
        key_version: agent.key_version,
    };
    let (a, b) = if x.id < y.id { (x, y) } else { (y, x) };
    Channel {
        id: id(n),
        a: side(a),
        b: side(b),
        status: ChannelStatus::Active,
        requested_by: x.account_id,
        created_at: Fixture::new().now,
        activated_at: None,
        revoked_at: None,
    }
}

/// An active transfer without files.
pub(super) fn transfer(n: u128, from: &Agent, to: &Agent) -> Transfer {
    let fixture = Fixture::new();
    let key = |agent: &Agent| {
        agent.keys.as_ref().map(|keys| KeyAt { public_key: keys.public, version: agent.key_version })
    };
    Transfer {
        id: id(n),
        sender: Sender {
            account: from.account_id,
            account_name: "Sender".to_owned(),
            label: from.slug.to_string(),
            agent: Some(from.id),
            key: key(from),
        },
        recipient: Recipient {
            account: to.account_id,
            label: to.slug.to_string(),
            agent: to.id,
            key: key(to),
        },
        mode: Mode::AgentToAgent,
        status: TransferStatus::Active,
        files: Vec::new(),
        message: None,
        auto_delete: false,
        max_downloads: 10,
        downloads: 0,
        total_size: 0,
        encryption: Encryption::PLAIN,
        created_at: fixture.now,
        expires_at: fixture.now + chrono::TimeDelta::hours(24),
        ended_at: None,
        purged_at: None,
        announced: true,
    }
}
