//! Rows to test with. Every id, name and time follows from the numbers a test gives, so that a test reads
//! back exactly what it wrote.

use agentdrop_domain::account::{Account, Email};
use agentdrop_domain::agent::{Agent, AgentKeys, AgentSlug, AgentStatus, AgentType, PublicKey};
use agentdrop_domain::api_key::ApiKey;
use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::channel::{Channel, ChannelSide, ChannelStatus};
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::connection::{Connection, ConnectionStatus};
use agentdrop_domain::event::{Event, EventName};
use agentdrop_domain::ids::UploadId;
use agentdrop_domain::job::{Job, JobKind};
use agentdrop_domain::page::Page;
use agentdrop_domain::pairing::{Pairing, PairingSide, PairingStatus, Permission};
use agentdrop_domain::plan::PlanName;
use agentdrop_domain::secret::SecretDigest;
use agentdrop_domain::transfer::{
    Encryption, FileName, Grant, KeyAt, Mode, Recipient, Sender, Transfer, TransferFile, TransferStatus,
    Upload,
};
use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

/// The id with that number.
pub fn id<T: From<Uuid>>(n: u64) -> T {
    // Both halves, so that no order of bytes is right by accident.
    T::from(Uuid::from_u64_pair(n, !n))
}

/// So many seconds into the test's time, with all the microseconds a database keeps.
pub fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap() + TimeDelta::seconds(seconds)
}

pub const ALL: Page = Page { limit: 100, offset: 0 };

pub fn page(limit: u32, offset: u64) -> Page {
    Page { limit, offset }
}

pub fn email(n: u64) -> Email {
    Email::try_from(format!("account{n}@example.com").as_str()).unwrap()
}

pub fn account(n: u64) -> Account {
    Account {
        id: id(n),
        email: email(n),
        name: format!("Account {n} Ünïcødé"),
        plan: PlanName::try_from("free").unwrap(),
        require_encryption: false,
        created_at: at(n as i64),
    }
}

pub fn slug(text: &str) -> AgentSlug {
    AgentSlug::try_from(text).unwrap()
}

pub fn bytes<const N: usize>(n: u64) -> [u8; N] {
    std::array::from_fn(|i| (n as usize + i) as u8)
}

pub fn public_key(n: u64) -> PublicKey {
    PublicKey::from_stored(bytes(n))
}

/// A connected agent.
pub fn agent(n: u64, account: u64) -> Agent {
    Agent {
        id: id(n),
        account_id: id(account),
        slug: slug(&format!("agent-{n}")),
        name: format!("Agent {n}"),
        description: None,
        agent_type: AgentType::Custom,
        webhook_url: None,
        metadata: "{}".to_owned(),
        available_for_connections: true,
        require_encryption: false,
        status: AgentStatus::Connected,
        keys: Some(AgentKeys { public: public_key(n), signing: None }),
        key_version: 1,
        last_seen_at: None,
        created_at: at(n as i64),
    }
}

pub fn api_key(n: u64, account: u64, agent: Option<u64>) -> ApiKey {
    ApiKey {
        id: id(n),
        account_id: id(account),
        agent_id: agent.map(id),
        name: format!("Key {n}"),
        prefix: format!("agd_live_{n:04}"),
        last_used_at: None,
        transfer_count: 0,
        created_at: at(n as i64),
        revoked_at: None,
    }
}

pub fn digest(n: u64) -> SecretDigest {
    SecretDigest(bytes(n))
}

/// An active connection.
pub fn connection(n: u64, inviter: u64, invitee: u64) -> Connection {
    Connection {
        id: id(n),
        inviter: id(inviter),
        invitee: Some(id(invitee)),
        invited_email: email(invitee),
        message: None,
        status: ConnectionStatus::Active,
        created_at: at(n as i64),
        accepted_at: Some(at(n as i64 + 1)),
        revoked_at: None,
    }
}

/// An invite to an address with which nobody has signed up.
pub fn invite(n: u64, inviter: u64, invited_email: Email) -> Connection {
    Connection {
        invitee: None,
        invited_email,
        status: ConnectionStatus::Pending,
        accepted_at: None,
        ..connection(n, inviter, inviter)
    }
}

/// An agent and its account, by their numbers.
#[derive(Clone, Copy)]
pub struct Side {
    pub account: u64,
    pub agent: u64,
}

pub fn side(account: u64, agent: u64) -> Side {
    Side { account, agent }
}

/// A pending pairing.
pub fn pairing(n: u64, connection: u64, proposer: Side, other: Side) -> Pairing {
    let side = |side: Side| PairingSide { account: id(side.account), agent: id(side.agent) };
    Pairing {
        id: id(n),
        connection_id: id(connection),
        proposer: side(proposer),
        other: side(other),
        permission: Permission::SendOnly,
        status: PairingStatus::Pending,
        version: 1,
        created_at: at(n as i64),
        confirmed_at: None,
        revoked_at: None,
    }
}

/// A pending channel.
pub fn channel(n: u64, x: Side, y: Side) -> Channel {
    let (a, b) = if x.agent < y.agent { (x, y) } else { (y, x) };
    let side = |side: Side| ChannelSide {
        account: id(side.account),
        agent: id(side.agent),
        public_key: public_key(side.agent),
        key_version: 1,
    };
    Channel {
        id: id(n),
        a: side(a),
        b: side(b),
        status: ChannelStatus::Pending,
        requested_by: id(x.account),
        created_at: at(n as i64),
        activated_at: None,
        revoked_at: None,
    }
}

pub fn file(n: u64) -> TransferFile {
    TransferFile {
        id: id(n),
        name: FileName::try_from(format!("file {n} 日本.txt").as_str()).unwrap(),
        size: n,
        content_type: "text/plain".to_owned(),
        object_key: object_key(n),
        sha256: Some(bytes(n)),
        parts: 0,
        encryption_iv: None,
    }
}

pub fn object_key(n: u64) -> ObjectKey {
    ObjectKey::of_upload(id::<UploadId>(n))
}

/// An active transfer of one file that lives for an hour and may be downloaded ten times.
pub fn transfer(n: u64, from: Side, to: Side) -> Transfer {
    Transfer {
        id: id(n),
        sender: Sender {
            account: id(from.account),
            account_name: format!("Account {}", from.account),
            label: format!("agent-{}", from.agent),
            agent: Some(id(from.agent)),
            key: Some(KeyAt { public_key: public_key(from.agent), version: 1 }),
        },
        recipient: Recipient {
            account: id(to.account),
            label: format!("agent-{}", to.agent),
            agent: id(to.agent),
            key: Some(KeyAt { public_key: public_key(to.agent), version: 1 }),
        },
        mode: Mode::AgentToAgent,
        status: TransferStatus::Active,
        files: vec![file(n)],
        message: None,
        auto_delete: false,
        max_downloads: 10,
        downloads: 0,
        total_size: n,
        encryption: Encryption::PLAIN,
        created_at: at(n as i64),
        expires_at: at(n as i64 + 3_600),
        ended_at: None,
        purged_at: None,
        announced: true,
    }
}

pub fn grant(n: u64, transfer: u64, key: u64) -> Grant {
    Grant {
        id: id(n),
        transfer_id: id(transfer),
        key_id: id(key),
        created_at: at(n as i64),
        expires_at: at(n as i64 + 900),
        streaming_until: None,
        revoked_at: None,
    }
}

pub fn upload(n: u64, account: u64) -> Upload {
    Upload {
        id: id(n),
        account_id: id(account),
        piece: None,
        object_key: object_key(n),
        reserved_bytes: 1 << 40,
        created_at: at(n as i64),
        lease_until: at(n as i64 + 60),
        reaping: false,
    }
}

/// A job of its own key, due `run_at` seconds into the test's time.
pub fn job(n: u64, run_at: i64) -> Job {
    Job { id: id(n), kind: JobKind::PurgeTransfer(id(n)), run_at: at(run_at), attempts: 0 }
}

pub fn event(account: u64, subject: impl ToString) -> Event {
    Event {
        account: id(account),
        name: EventName::PairingProposed,
        subject: subject.to_string(),
        facts: Vec::new(),
        at: at(0),
    }
}
