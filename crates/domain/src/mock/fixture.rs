use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{TimeDelta, TimeZone, Utc};
use uuid::Uuid;

use crate::account::{Account, Email};
use crate::act::Cx;
use crate::agent::{Agent, AgentKeys, AgentSlug, AgentStatus, AgentType, KeyInspector, PublicKey};
use crate::caller::{Caller, Credential};
use crate::clock::{Clock, Timestamp};
use crate::idempotency::{Hasher, RecordName, Sealer, SealingKey};
use crate::ids::{AccountId, AgentId, ApiKeyId, IdGenerator};
use crate::plan::PlanName;
use crate::secret::{SecretDigest, SecretGenerator, Token, TokenKind};
use crate::settings::Settings;

/// The `n`th id of any kind.
#[must_use]
pub fn id<T: From<Uuid>>(n: u128) -> T {
    T::from(Uuid::from_u128(n))
}

/// A slug that is known to be good.
///
/// # Panics
/// If it is not.
#[must_use]
#[expect(clippy::expect_used, reason = "a test that spells a bad slug is wrong itself")]
pub fn slug(text: &str) -> AgentSlug {
    AgentSlug::try_from(text).expect("a good slug")
}

/// A world in which the time, the next id and the next token are known.
#[derive(Debug)]
pub struct Fixture {
    /// What the clock says.
    pub now: Timestamp,
    /// What the operator decided; the defaults unless a test changes them.
    pub settings: Settings,
    next_id: AtomicU64,
    next_token: AtomicU64,
}

impl Default for Fixture {
    fn default() -> Self {
        Self::new()
    }
}

impl Fixture {
    /// The first id that is drawn here is `id(FIRST_ID)`, the second `id(FIRST_ID + 1)` and so on: far from
    /// the small numbers that tests give to their objects.
    pub const FIRST_ID: u128 = 1_000_000;

    /// Noon of a day, default settings, nothing drawn yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: Utc.timestamp_opt(1_800_000_000, 0).single().unwrap_or_default(),
            settings: Settings::default(),
            next_id: AtomicU64::new(0),
            next_token: AtomicU64::new(0),
        }
    }

    /// What an act is given.
    #[must_use]
    pub fn cx(&self) -> Cx<'_> {
        Cx { now: self.now, ids: self, secrets: self, keys: self, settings: &self.settings }
    }

    /// The moment that lies some seconds before now.
    #[must_use]
    pub fn ago(&self, seconds: i64) -> Timestamp {
        self.now - TimeDelta::seconds(seconds)
    }

    /// The account `id(n)`: `account-n@example.com`, named `Account n`, on the plan `free`.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    #[expect(clippy::expect_used, reason = "both literals are good")]
    pub fn account(&self, n: u128) -> Account {
        Account {
            id: id(n),
            email: Email::try_from(format!("account-{n}@example.com").as_str()).expect("an address"),
            name: format!("Account {n}"),
            plan: PlanName::try_from("free").expect("a plan's name"),
            require_encryption: false,
            created_at: self.ago(86_400),
        }
    }

    /// The agent `id(n)` with the slug `agent-n`: connected, available, its public key `n` repeated.
    #[must_use]
    pub fn agent(&self, n: u8, account: AccountId) -> Agent {
        Agent {
            id: id(u128::from(n)),
            account_id: account,
            slug: slug(&format!("agent-{n}")),
            name: format!("Agent {n}"),
            description: None,
            agent_type: AgentType::Custom,
            webhook_url: None,
            metadata: "{}".to_owned(),
            available_for_connections: true,
            require_encryption: false,
            status: AgentStatus::Connected,
            keys: Some(AgentKeys { public: PublicKey::from_stored([n; 32]), signing: None }),
            key_version: 1,
            last_seen_at: None,
            created_at: self.ago(3_600),
        }
    }

    /// A caller with an account key of that account.
    #[must_use]
    pub fn account_caller(&self, account: AccountId) -> Caller {
        Caller { account, credential: Credential::AccountKey(id(7_000)), named_agent: None }
    }

    /// A caller with an agent key of that agent.
    #[must_use]
    pub fn agent_caller(&self, agent: &Agent) -> Caller {
        let key: ApiKeyId = id(7_001);
        let (bound, slug): (AgentId, AgentSlug) = (agent.id, agent.slug.clone());
        Caller {
            account: agent.account_id,
            credential: Credential::AgentKey { key, agent: bound, slug },
            named_agent: None,
        }
    }
}

impl Clock for Fixture {
    fn now(&self) -> Timestamp {
        self.now
    }
}

impl IdGenerator for Fixture {
    fn uuid(&self) -> Uuid {
        let drawn = self.next_id.fetch_add(1, Ordering::Relaxed);
        Uuid::from_u128(Self::FIRST_ID + u128::from(drawn))
    }
}

/// Tokens are numbered; a digest is the token's own bytes folded to 32.
impl SecretGenerator for Fixture {
    fn token(&self, kind: TokenKind) -> Token {
        let drawn = self.next_token.fetch_add(1, Ordering::Relaxed);
        Token::new(format!("{}{drawn:032}", kind.prefix()))
    }

    fn claim_code(&self) -> String {
        "A3K7WP".to_owned()
    }

    fn digest(&self, token: &Token) -> SecretDigest {
        let mut folded = [0; 32];
        for (at, byte) in token.reveal().bytes().enumerate() {
            folded[at % 32] ^= byte;
        }
        SecretDigest(folded)
    }
}

/// Names and keys are folded texts; what is sealed is readable, between its key and what it is bound to.
impl Sealer for Fixture {
    fn derive(&self, token: &Token, context: &[u8]) -> (RecordName, SealingKey) {
        let text = [token.reveal().as_bytes(), context].concat();
        (RecordName(folded(&text)), SealingKey(folded(&[b"seal", &text[..]].concat())))
    }

    fn seal(&self, key: &SealingKey, bound_to: &[u8], plain: &[u8]) -> Vec<u8> {
        [&key.0, bound_to, plain].concat()
    }

    fn open(&self, key: &SealingKey, bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        sealed.strip_prefix(&key.0)?.strip_prefix(bound_to).map(<[u8]>::to_vec)
    }

    fn hasher(&self) -> Box<dyn Hasher> {
        Box::<Folding>::default()
    }
}

#[derive(Default)]
struct Folding(Vec<u8>);

impl Hasher for Folding {
    fn update(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(self: Box<Self>) -> [u8; 32] {
        folded(&self.0)
    }
}

/// 32 bytes that depend on every byte of the text and its place (four sums in the manner of FNV).
fn folded(text: &[u8]) -> [u8; 32] {
    let mut sums = [0xcbf2_9ce4_8422_2325_u64, 1, 2, 3];
    for byte in text {
        for (n, sum) in (1..).zip(&mut sums) {
            *sum = (*sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(n);
        }
    }
    let mut bytes = [0; 32];
    for (eight, sum) in bytes.chunks_mut(8).zip(sums) {
        eight.copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

/// Only the all-zero point is small here.
impl KeyInspector for Fixture {
    fn is_small_order(&self, point: &[u8; 32]) -> bool {
        *point == [0; 32]
    }
}
