//! Accounts, agents and what joins them, made through the API.

use agentdrop_protocol::SecretKey;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use super::{Account, Answer, App};

/// A connected agent.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Its UUID.
    pub id: String,
    /// Its slug.
    pub slug: String,
    /// A key that acts as it.
    pub key: String,
    /// The seed of its key pair: see [`Agent::secret`].
    seed: u8,
}

impl Agent {
    /// Its private key, which the server never sees.
    #[must_use]
    pub fn secret(&self) -> SecretKey {
        SecretKey::generate_from([self.seed; 32])
    }
}

/// Two accounts with one agent each.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The one account, which invited and proposed.
    pub a: Account,
    /// Its agent `alpha`.
    pub alpha: Agent,
    /// The other account.
    pub b: Account,
    /// Its agent `beta`.
    pub beta: Agent,
    /// The connection.
    pub connection: String,
    /// The pairing.
    pub pairing: String,
}

/// A base64 X25519 public key; the same for the same seed.
#[must_use]
pub fn public_key(seed: u8) -> String {
    SecretKey::generate_from([seed; 32]).public_key().to_base64()
}

impl App {
    /// Registers a connected agent that is available for connections, and makes a key for it.
    pub async fn agent(&self, account: &Account, slug: &str, seed: u8) -> Agent {
        let body =
            json!({"agent_id": slug, "public_key": public_key(seed), "available_for_connections": true});
        let answer = self.post("/v1/agents/register", &account.key, body).await.expect(201);
        let id = answer.text("id");
        let keys = format!("/v1/agents/{id}/keys");
        let key = self.post(&keys, &account.key, json!({"name": "test"})).await.expect(201).text("api_key");
        Agent { id, slug: slug.to_owned(), key, seed }
    }

    /// Connects two accounts; returns the connection's id.
    pub async fn connect(&self, inviter: &Account, invitee: &Account) -> String {
        let invite = self.post("/v1/connections", &inviter.key, json!({"email": invitee.email})).await;
        let id = invite.expect(201).text("id");
        let accepted = self.post(&format!("/v1/connections/{id}/accept"), &invitee.key, json!({})).await;
        assert_eq!(accepted.expect(200)["status"], "active");
        id
    }

    /// Proposes a pairing; returns its id.
    pub async fn propose(
        &self,
        proposer: &Account,
        connection: &str,
        mine: &Agent,
        theirs: &Agent,
        permission: &str,
    ) -> String {
        let body = json!({"my_agent_id": mine.id, "their_agent_id": theirs.id, "permission": permission});
        let path = format!("/v1/connections/{connection}/pairings");
        self.post(&path, &proposer.key, body).await.expect(201).text("id")
    }

    /// Confirms a pairing.
    pub async fn confirm(&self, other: &Account, pairing: &str) {
        let answer = self.post(&format!("/v1/pairings/{pairing}/confirm"), &other.key, json!({})).await;
        assert_eq!(answer.expect(200)["status"], "active");
    }

    /// Accounts `ann` and `bob`, connected, with paired agents `alpha` and `beta`.
    pub async fn pair(&self) -> Pair {
        self.pair_with("both").await
    }

    /// The same with a permission in `ann`'s view.
    pub async fn pair_with(&self, permission: &str) -> Pair {
        let (a, b) = (self.account("ann").await, self.account("bob").await);
        let alpha = self.agent(&a, "alpha", 1).await;
        let beta = self.agent(&b, "beta", 2).await;
        let connection = self.connect(&a, &b).await;
        let pairing = self.propose(&a, &connection, &alpha, &beta, permission).await;
        self.confirm(&b, &pairing).await;
        Pair { a, alpha, b, beta, connection, pairing }
    }

    /// Sends one plaintext file with further form fields.
    pub async fn send(
        &self,
        key: &str,
        sender: &str,
        recipient: &str,
        content: &[u8],
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut form = Form::new().text("sender", sender.to_owned()).text("recipient", recipient.to_owned());
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        let form = form.part("files", Part::bytes(content.to_vec()).file_name("file.bin"));
        Answer::of(self.request(reqwest::Method::POST, "/v1/transfers", key).multipart(form)).await
    }

    /// Calls download and fetches the bytes of every file.
    pub async fn download(&self, key: &str, transfer: &str) -> Vec<Vec<u8>> {
        let answer = self.get(&format!("/v1/transfers/{transfer}/download"), key).await.expect(200);
        let mut files = Vec::new();
        for file in answer["files"].as_array().into_iter().flatten() {
            let url = file["download_url"].as_str().expect("a URL");
            let response = self.request(reqwest::Method::GET, url, "").send().await.expect("an answer");
            assert_eq!(response.status(), 200);
            files.push(response.bytes().await.expect("the whole file").to_vec());
        }
        files
    }
}
