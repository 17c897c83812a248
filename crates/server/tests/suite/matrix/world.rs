//! Everybody who calls.

use agentdrop_test_support::app::{Account, Agent, App, Backend};
use serde_json::json;

/// Who calls. The objects are ann's, or between ann and the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// No key at all.
    NoKey,
    /// A key that nobody has.
    BrokenKey,
    /// A key of ann's account that was revoked.
    RevokedKey,
    /// Ann's account key.
    Own,
    /// The key of ann's agent that the object belongs to.
    OwnAgent,
    /// The key of another agent of ann's.
    Sibling,
    /// The key of an account that is connected, with a paired agent.
    Paired,
    /// The key of that agent.
    PairedAgent,
    /// The key of an account that ann has invited.
    PendingConnection,
    /// The key of an account that ann was connected with, with a paired agent.
    RevokedConnection,
    /// The key of a connected account, with an agent that ann has proposed to pair with.
    PendingPairing,
    /// The key of a connected account, with an agent whose pairing was revoked.
    RevokedPairing,
    /// The key of a connected account, with a paired agent that may only receive.
    WrongDirection,
    /// The key of an account that has nothing to do with ann's.
    Stranger,
}

impl Caller {
    /// Everybody, in the order of the table's columns.
    pub const ALL: [Self; 14] = [
        Self::NoKey,
        Self::BrokenKey,
        Self::RevokedKey,
        Self::Own,
        Self::OwnAgent,
        Self::Sibling,
        Self::Paired,
        Self::PairedAgent,
        Self::PendingConnection,
        Self::RevokedConnection,
        Self::PendingPairing,
        Self::RevokedPairing,
        Self::WrongDirection,
        Self::Stranger,
    ];
}

/// Another account, and what is between ann and it.
pub struct Other {
    pub account: Account,
    pub agent: Agent,
    /// The connection with ann; empty for the stranger.
    pub connection: String,
    /// The pairing of the agent with ann's; empty where there never was one.
    pub pairing: String,
    /// A channel of these two; empty where there never was one.
    pub channel: String,
    /// A transfer from ann's agent to this one; empty where there never was one.
    pub transfer: String,
}

/// Everybody, on one server.
pub struct World {
    pub app: App,
    pub ann: Account,
    pub alpha: Agent,
    pub sibling: Agent,
    pub revoked_key: String,
    pub paired: Other,
    pub pending_connection: Other,
    pub revoked_connection: Other,
    pub pending_pairing: Other,
    pub revoked_pairing: Other,
    pub wrong_direction: Other,
    pub stranger: Other,
}

impl World {
    pub async fn build(backend: Backend) -> Self {
        let app = App::start_configured(backend, &[], |config| config.settings.invites_per_hour = None).await;
        let ann = app.account("ann").await;
        let (alpha, sibling) = (app.agent(&ann, "alpha", 1).await, app.agent(&ann, "sibling", 2).await);
        let revoked_key = revoked_key(&app, &ann).await;
        let with = Builder { app: &app, ann: &ann, alpha: &alpha };
        let pending_connection = with.invited("pia", 4).await;
        let revoked_connection = with.exchanging("rex", 5, "both").await;
        let _ = app
            .delete(&format!("/v1/connections/{}", revoked_connection.connection), &ann.key)
            .await
            .expect(200);
        let pending_pairing = with.proposed("pam", 6, "both").await;
        let revoked_pairing = with.exchanging("ray", 7, "both").await;
        let _ = app.delete(&format!("/v1/pairings/{}", revoked_pairing.pairing), &ann.key).await.expect(200);
        let wrong_direction = with.exchanging("wim", 8, "send_only").await;
        let (paired, stranger) = (with.exchanging("bob", 3, "both").await, with.unknown("sid", 9).await);
        Self {
            ann,
            alpha,
            sibling,
            revoked_key,
            paired,
            pending_connection,
            revoked_connection,
            pending_pairing,
            revoked_pairing,
            wrong_direction,
            stranger,
            app,
        }
    }

    /// The key that a caller presents unless the scene says otherwise.
    pub fn key_of(&self, caller: Caller) -> &str {
        match caller {
            Caller::NoKey => "",
            Caller::BrokenKey => "agd_live_00000000000000000000000000000000",
            Caller::RevokedKey => &self.revoked_key,
            Caller::Own => &self.ann.key,
            Caller::OwnAgent => &self.alpha.key,
            Caller::Sibling => &self.sibling.key,
            Caller::PairedAgent => &self.paired.agent.key,
            _ => self.other(caller).map_or("", |other| &other.account.key),
        }
    }

    /// The account and agent of a caller that is none of ann's.
    pub fn other(&self, caller: Caller) -> Option<&Other> {
        match caller {
            Caller::Paired | Caller::PairedAgent => Some(&self.paired),
            Caller::PendingConnection => Some(&self.pending_connection),
            Caller::RevokedConnection => Some(&self.revoked_connection),
            Caller::PendingPairing => Some(&self.pending_pairing),
            Caller::RevokedPairing => Some(&self.revoked_pairing),
            Caller::WrongDirection => Some(&self.wrong_direction),
            Caller::Stranger => Some(&self.stranger),
            _ => None,
        }
    }

    /// The agent that the caller acts for.
    pub fn agent_of(&self, caller: Caller) -> &Agent {
        match caller {
            Caller::Sibling => &self.sibling,
            _ => self.other(caller).map_or(&self.alpha, |other| &other.agent),
        }
    }

    /// An object that is between ann and the caller, where they have one; else the one with the paired
    /// account.
    pub fn between(&self, caller: Caller, object: impl Fn(&Other) -> &String) -> String {
        let theirs = self.other(caller).map(&object).filter(|id| !id.is_empty());
        theirs.unwrap_or_else(|| object(&self.paired)).clone()
    }
}

async fn revoked_key(app: &App, ann: &Account) -> String {
    let made = app.post("/v1/api-keys", &ann.key, json!({"name": "revoked"})).await.expect(201);
    let _ = app.delete(&format!("/v1/api-keys/{}", made.text("id")), &ann.key).await.expect(200);
    made.text("api_key")
}

struct Builder<'a> {
    app: &'a App,
    ann: &'a Account,
    alpha: &'a Agent,
}

impl Builder<'_> {
    async fn unknown(&self, name: &str, seed: u8) -> Other {
        let account = self.app.account(name).await;
        let agent = self.app.agent(&account, &format!("agent-of-{name}"), seed).await;
        let none = String::new;
        Other { account, agent, connection: none(), pairing: none(), channel: none(), transfer: none() }
    }

    async fn invited(&self, name: &str, seed: u8) -> Other {
        let other = self.unknown(name, seed).await;
        let invite = json!({"email": other.account.email});
        let connection = self.app.post("/v1/connections", &self.ann.key, invite).await.expect(201).text("id");
        Other { connection, ..other }
    }

    async fn proposed(&self, name: &str, seed: u8, permission: &str) -> Other {
        let other = self.unknown(name, seed).await;
        let connection = self.app.connect(self.ann, &other.account).await;
        let pairing = self.app.propose(self.ann, &connection, self.alpha, &other.agent, permission).await;
        Other { connection, pairing, ..other }
    }

    /// Paired, with a channel and a transfer.
    async fn exchanging(&self, name: &str, seed: u8, permission: &str) -> Other {
        let other = self.proposed(name, seed, permission).await;
        self.app.confirm(&other.account, &other.pairing).await;
        let body = json!({"agent_id": self.alpha.id, "target_agent_id": other.agent.id});
        let channel = self.app.post("/v1/channels", &self.ann.key, body).await.expect(201).text("id");
        let body = json!({"agent_id": other.agent.id, "target_agent_id": self.alpha.id});
        let joined = self.app.post("/v1/channels", &other.account.key, body).await.expect(200);
        assert_eq!(joined["status"], "active");
        let sent = self.app.send(
            &self.alpha.key,
            "alpha",
            &other.agent.slug,
            b"hello",
            &[("max_downloads", "1000")],
        );
        Other { channel, transfer: sent.await.expect(201).text("id"), ..other }
    }
}
