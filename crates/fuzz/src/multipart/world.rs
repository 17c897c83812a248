//! A server in memory, and one account that sends to itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use agentdrop_adapters::keys::Curve25519;
use agentdrop_adapters::sealer::TokenSealer;
use agentdrop_adapters::secrets::OsSecrets;
use agentdrop_adapters::signer::HmacSigner;
use agentdrop_api::fuzzing::{Refusal, send_form};
use agentdrop_api::http::Auth;
use agentdrop_api::{Api, ApiSettings};
use agentdrop_domain::account::Account;
use agentdrop_domain::act::Ports;
use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::caller::{Caller, Credential};
use agentdrop_domain::idempotency::{Answered, IdempotencyKey, Target, Usage};
use agentdrop_domain::plan::{Plan, PlanCatalogue};
use agentdrop_domain::secret::Token;
use agentdrop_domain::settings::Settings;
use agentdrop_domain::transfer::Transfer;
use bytes::Bytes;
use tokio::runtime::{Builder, Runtime};

use super::people::{Constant, account, agent};
use super::rows::Rows;
use super::store::Objects;
use crate::file::id;

/// The largest file that the plan allows, in bytes: little, so that inputs reach it.
pub const LARGEST_FILE: u64 = 2_000;
/// How often what runs in the background may be given its turn before it must have ended.
const TURNS: usize = 10_000;

/// What is kept after a request.
pub struct Kept {
    /// How many uploads belong to no transfer.
    pub uploads: usize,
    /// The bytes in the store.
    pub objects: BTreeMap<ObjectKey, Vec<u8>>,
    /// The transfers.
    pub transfers: Vec<Transfer>,
    /// Whether the idempotency key stands for a request.
    pub is_key_used: bool,
}

/// A server with its callers, and nothing in it.
pub struct World {
    runtime: Runtime,
    rows: Rows,
    objects: Arc<Objects>,
    api: Api,
    auth: Auth,
}

impl World {
    /// A fresh one: account 1 with the agents `agent-2` and `agent-3`.
    pub fn new() -> Self {
        let account = account();
        let rows = Rows::new(account.clone(), [2, 3].map(|n| agent(n, &account)).to_vec());
        let objects = Arc::new(Objects::default());
        let Ok(runtime) = Builder::new_current_thread().enable_time().build() else { panic!("no runtime") };
        let settings = settings(&account);
        let credential = Credential::AccountKey(id(7));
        let caller = Caller { account: account.id, credential, named_agent: None };
        let api = Api::new(ports(&rows, &objects, settings), api_settings(), runtime.handle().clone());
        Self { runtime, rows, objects, api, auth: Auth { caller, account } }
    }

    /// Sends a form under the one idempotency key, and waits until all that it has begun is done.
    pub fn send(&self, content_type: &[u8], pieces: Vec<Bytes>) -> Result<Answered, Refusal> {
        self.runtime.block_on(async {
            let sending = send_form(&self.api, self.auth.clone(), Some(self.usage()), content_type, pieces);
            let answered = sending.await;
            for _ in 0..TURNS {
                if self.rows.written().uploads.is_empty() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            answered
        })
    }

    /// What is kept.
    pub fn kept(&self) -> Kept {
        let written = self.rows.written();
        Kept {
            uploads: written.uploads.len(),
            objects: self.objects.all().clone(),
            transfers: written.transfers.clone(),
            is_key_used: written.record.is_some(),
        }
    }

    fn usage(&self) -> Usage {
        let Ok(key) = IdempotencyKey::try_from("order 7") else { unreachable!("a good key") };
        let target = Target { method: "POST", path: "/v1/transfers" };
        let token = Token::new("agd_live_0".to_owned());
        Usage::of(&*self.api.ports.sealer, self.auth.caller.credential.key(), &token, target, &key)
    }
}

fn settings(account: &Account) -> Settings {
    let plan = |plan: Plan| Plan { max_file_bytes: Some(LARGEST_FILE), ..plan };
    let Some(plans) =
        PlanCatalogue::new(PlanCatalogue::default_plans().into_iter().map(plan), account.plan.clone())
    else {
        unreachable!("the account's plan is a built-in one")
    };
    Settings { plans, ..Settings::default() }
}

fn ports(rows: &Rows, objects: &Arc<Objects>, settings: Settings) -> Ports {
    let Some(signer) = HmacSigner::new(&["a secret of at least 32 characters"]) else {
        unreachable!("there is a secret")
    };
    let constant = Arc::new(Constant::default());
    Ports {
        database: Arc::new(rows.clone()),
        blobs: objects.clone(),
        direct: None,
        clock: constant.clone(),
        timer: constant.clone(),
        ids: constant,
        secrets: Arc::new(OsSecrets::default()),
        keys: Arc::new(Curve25519),
        signer: Arc::new(signer),
        sealer: Arc::new(TokenSealer::default()),
        settings: Arc::new(settings),
    }
}

fn api_settings() -> ApiSettings {
    ApiSettings {
        public_url: "http://drop.example".to_owned(),
        blob_public_url: "http://drop.example".to_owned(),
        trusted_proxies: Vec::new(),
        auth_failures_per_minute: 0,
        upload_idle_seconds: 60,
    }
}
