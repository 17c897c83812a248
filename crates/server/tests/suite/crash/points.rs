//! The process ends on either side of the commits of every act that moves bytes. Afterwards, when all leases have
//! run out: a transfer lives if and only if its bytes are there, as they were sent; nothing else is in the store;
//! what is counted against the account is what is there; nothing is left to do.

use std::collections::BTreeSet;
use std::sync::Arc;

use agentdrop_domain::act::Ports;
use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::clock::{Clock, Timestamp};
use agentdrop_domain::job::{JobKind, Lane, ensure_sweep, work_once};
use agentdrop_domain::page::Page;
use agentdrop_domain::store::ReadView;
use agentdrop_domain::transfer::{FileState, SentQuery, Transfer, TransferFile, TransferStatus};
use agentdrop_test_support::app::Backend;
use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::multipart::Form;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::{Node, PATIENCE, World, objects, uploads, whole_part};

on_both_backends!(
    at_the_commits_of_an_upload,
    at_the_commits_of_a_refused_upload,
    at_the_commit_of_a_download_call,
    at_the_commits_of_a_delete_and_its_purge,
);

mod prepared;
mod repeated;

/// How much is done at once where there may be much.
const WORKERS: usize = 8;

/// A clock that is so far ahead that every lease and grant has run out, and no transfer has.
struct Ahead(Arc<dyn Clock>);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.0.now() + TimeDelta::hours(1)
    }
}

impl World {
    /// A world whose node is gone.
    async fn without_a_node(backend: Backend) -> Self {
        Self::configured(backend, &[]).await
    }

    /// A world whose node is gone; nodes to come have these settings.
    async fn configured(backend: Backend, settings: &[(&str, &str)]) -> Self {
        let (world, mut node) = Self::on_plan_with(backend, "builder", settings).await;
        node.process.kill9();
        world
    }

    /// A node that will die at the point.
    async fn doomed(&self, point: &str) -> Node {
        Node::start_with(&self.backing, &[("AGENTDROP_FAULT_POINT", point)]).await
    }

    /// Does what there is to do, as a node would later. No node may be running.
    async fn settle(&self) {
        let ports = Ports { clock: Arc::new(Ahead(self.ports.clock.clone())), ..self.ports.clone() };
        ensure_sweep(&ports).await.unwrap();
        loop {
            let mut taken = 0;
            for lane in Lane::ALL {
                for round in join_all((0..WORKERS).map(|_| work_once(&ports, lane))).await {
                    let round = round.unwrap();
                    assert!(round.failures.is_empty(), "{:?}", round.failures);
                    taken += round.taken;
                }
            }
            if taken == 0 {
                return;
            }
        }
    }

    /// Settles, and looks whether everything agrees; so many transfers must be active.
    async fn expect_active(&self, active: usize, after: &str) {
        let transfers = self.expect_agreement(after).await;
        let living = transfers.iter().filter(|it| it.status == TransferStatus::Active).count();
        assert_eq!(living, active, "active transfers after {after}");
    }

    /// Settles, and looks whether everything agrees; the transfers that there are.
    pub(super) async fn expect_agreement(&self, after: &str) -> Vec<Transfer> {
        self.settle().await;
        let mut view = self.ports.database.read().await.unwrap();
        let transfers = self.transfers(&mut *view).await;
        let mut needed = BTreeSet::new();
        for some in transfers.chunks(WORKERS) {
            let looks = some.iter().map(|transfer| self.bytes_of(transfer, after));
            needed.extend(join_all(looks).await.into_iter().flatten());
        }
        let there: BTreeSet<String> = objects(&self.ports).await.into_iter().collect();
        let needed: BTreeSet<String> = needed.iter().map(ToString::to_string).collect();
        assert_eq!(there, needed, "objects after {after}");
        assert_eq!(uploads(&self.ports).await, 0, "uploads after {after}");
        let used = view.usage(self.account).await.unwrap();
        let holding = transfers.iter().filter(|it| !has_ended(it));
        let stored: u64 = holding.map(|it| it.total_size).sum();
        assert_eq!(
            (used.storage_bytes, used.transfers),
            (stored, transfers.len() as u64),
            "quotas after {after}"
        );
        self.expect_no_jobs(after).await;
        transfers
    }

    async fn transfers(&self, view: &mut dyn ReadView) -> Vec<Transfer> {
        let now = self.ports.clock.now();
        let query = SentQuery { account: self.account, agent: None, status: None, mode: None, now };
        let mut transfers = Vec::new();
        loop {
            let page = Page { limit: Page::MAX_LIMIT, offset: transfers.len() as u64 };
            let sent = view.sent_transfers(&query, page).await.unwrap();
            transfers.extend(sent.items);
            if transfers.len() as u64 == sent.total {
                return transfers;
            }
        }
    }

    /// The objects that a transfer needs; they must be what was sent.
    async fn bytes_of(&self, transfer: &Transfer, after: &str) -> Vec<ObjectKey> {
        let mut view = self.ports.database.read().await.unwrap();
        let prepared = view.prepared(transfer.id).await.unwrap();
        if has_ended(transfer) {
            assert!(transfer.purged_at.is_some() && prepared.is_none(), "after {after}: {transfer:?}");
            return Vec::new();
        }
        let mut needed = Vec::new();
        for file in &transfer.files {
            let state = prepared.as_ref().and_then(|it| it.file(file.id)).map(|it| it.state);
            let parts = view.file_parts(file.id).await.unwrap();
            // Whether the store itself has put a file together, the row may not know yet.
            let unknown = prepared.as_ref().is_some_and(|it| it.direct) && state == Some(FileState::Awaited);
            let whole = match unknown {
                true => self.ports.blobs.head(&file.object_key).await.unwrap().is_some(),
                false => state.is_none_or(|state| state == FileState::Arrived),
            };
            let keys: Vec<_> = match file.parts {
                0 if whole => vec![file.object_key.clone()],
                _ => parts.into_iter().map(|part| part.object_key).collect(),
            };
            if whole {
                self.expect_bytes(file, &keys, after).await;
            }
            needed.extend(keys);
        }
        needed
    }

    async fn expect_bytes(&self, file: &TransferFile, keys: &[ObjectKey], after: &str) {
        let mut size = 0;
        for key in keys {
            size +=
                self.ports.blobs.head(key).await.unwrap().unwrap_or_else(|| panic!("no {key} after {after}"));
        }
        assert_eq!(size, file.size, "after {after}");
        // Nobody hashes what clients put into the store by themselves.
        let is_hashed = self.ports.direct.is_none();
        let sha256 = self.ports.blobs.sha256(keys).await.unwrap();
        assert_eq!(is_hashed.then_some(sha256), file.sha256, "after {after}");
    }

    async fn expect_no_jobs(&self, after: &str) {
        let far = self.ports.clock.now() + TimeDelta::days(3_650);
        let mut tx = self.ports.database.begin().await.unwrap();
        let mut jobs = Vec::new();
        for lane in Lane::ALL {
            jobs.extend(tx.lease_jobs(lane, far, far, 100).await.unwrap());
        }
        tx.rollback().await.unwrap();
        let kinds: Vec<_> = jobs.iter().map(|job| job.kind).collect();
        assert_eq!(kinds, [JobKind::Sweep], "jobs after {after}");
    }
}

fn has_ended(transfer: &Transfer) -> bool {
    !matches!(transfer.status, TransferStatus::Active | TransferStatus::Pending)
}

impl Node {
    /// Waits until it has ended by itself, in no orderly way.
    async fn expect_death(mut self, point: &str) {
        let status = self.process.wait(PATIENCE).await;
        assert!(!status.success() && status.code().is_none(), "{point}: {status}");
    }

    /// A request to a path, or to a signed URL of another node or the store, on a connection of its own.
    fn request(&self, method: Method, path: &str, key: &str) -> RequestBuilder {
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let path = path.find("/blobs/").map_or(path, |at| &path[at..]);
        if path.starts_with("http") {
            return client.request(method, path);
        }
        client.request(method, format!("{}{path}", self.url)).bearer_auth(key)
    }

    /// Sends a file of three bytes; its transfer's id.
    async fn sent(&self, key: &str) -> String {
        let form = Form::new().text("max_downloads", "1").part("files", whole_part("a.bin", 3));
        let answer = self.upload(key, form).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
    }
}

/// Large enough that storage is counted before they have come whole.
fn two_files() -> Form {
    Form::new().part("files", whole_part("a.bin", 3 << 20)).part("files", whole_part("b.bin", 10))
}

async fn at_the_commits_of_an_upload(backend: Backend) {
    let world = World::without_a_node(backend).await;
    for (point, active) in [
        ("BeginUpload:before", 0),
        ("BeginUpload:after", 0),
        ("BeginUpload:before@2", 0),
        ("BeginUpload:after@2", 0),
        ("CreateTransfer:before", 0),
        ("CreateTransfer:after", 1),
    ] {
        let node = world.doomed(point).await;
        let lost = node.upload(&world.key, two_files()).send().await;
        assert!(lost.is_err(), "{point}: {lost:?}");
        node.expect_death(point).await;
        world.expect_active(active, point).await;
    }
}

async fn at_the_commits_of_a_refused_upload(backend: Backend) {
    let world = World::without_a_node(backend).await;
    for point in ["TakeUpload:before", "TakeUpload:after", "ForgetUpload:before", "ForgetUpload:after"] {
        let node = world.doomed(point).await;
        // Without a recipient, which shows only when its bytes have come.
        let request = node.request(Method::POST, "/v1/transfers", &world.key).multipart(two_files());
        // What was received is removed in the background: the answer may come before.
        if let Ok(answer) = request.send().await {
            assert_eq!(answer.status(), 400, "{point}");
        }
        node.expect_death(point).await;
        world.expect_active(0, point).await;
    }
}

async fn at_the_commit_of_a_download_call(backend: Backend) {
    let world = World::without_a_node(backend).await;
    for (point, counted) in [("Download:before", false), ("Download:after", true)] {
        let node = world.doomed(point).await;
        let id = node.sent(&world.key).await;
        let path = format!("/v1/transfers/{id}/download");
        assert!(node.request(Method::GET, &path, &world.key).send().await.is_err(), "{point}");
        node.expect_death(point).await;
        // A call whose answer was lost counts; one that did not happen does not.
        let mut node = Node::start(&world.backing).await;
        let again = node.request(Method::GET, &path, &world.key).send().await.unwrap();
        assert_eq!(again.status(), if counted { StatusCode::GONE } else { StatusCode::OK }, "{point}");
        node.process.kill9();
        world.expect_active(0, point).await;
    }
}

async fn at_the_commits_of_a_delete_and_its_purge(backend: Backend) {
    let world = World::without_a_node(backend).await;
    let mut active = 0;
    for point in [
        "DeleteTransfer:before",
        "DeleteTransfer:after",
        "MarkPurged:before",
        "MarkPurged:after",
        "Finish:before",
        "Finish:after",
    ] {
        let node = world.doomed(point).await;
        let id = node.sent(&world.key).await;
        let deleted = node.request(Method::DELETE, &format!("/v1/transfers/{id}"), &world.key).send().await;
        // Later points lie in the background, before or after the answer.
        assert!(deleted.is_err() || !point.starts_with("Delete"), "{point}");
        node.expect_death(point).await;
        active += usize::from(point == "DeleteTransfer:before");
        world.expect_active(active, point).await;
    }
}
