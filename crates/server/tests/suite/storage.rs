//! `agentdrop-server storage check` as its user calls it, beside a running server.

use std::time::Duration;

use agentdrop_domain::act::{self, Ask, Cx, Ports};
use agentdrop_domain::blob::{ByteSource, ObjectKey, SourceError};
use agentdrop_domain::store::{ReadView, StoreError};
use agentdrop_domain::transfer::{Arrival, Counted, TransferStatus, receive};
use agentdrop_test_support::app::{App, Backend};
use agentdrop_test_support::process::{Finished, command, run};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::api::kept;

const PATIENCE: Duration = Duration::from_secs(60);
/// So short that what was just stored is old enough to be judged a moment later.
const LEASE: (&str, &str) = ("AGENTDROP_UPLOAD_LEASE_SECONDS", "1");

struct World {
    app: App,
    ports: Ports,
}

impl World {
    async fn new(backend: Backend) -> Self {
        // No sweep meanwhile: it does part of the same work.
        let app = App::start_with(backend, &[LEASE, ("AGENTDROP_SWEEP_SECONDS", "86400")]).await;
        let ports = app.running.ports.clone();
        Self { app, ports }
    }

    async fn check(&self, arguments: &[&str]) -> Finished {
        let mut program = command(env!("CARGO_BIN_EXE_agentdrop-server"));
        program.args(["storage", "check"]).args(arguments).envs(self.app.environment());
        run(program, PATIENCE).await
    }

    /// The status and the one object on standard output.
    async fn report(&self, arguments: &[&str]) -> (i32, Value) {
        let finished = self.check(&[&["--json"], arguments].concat()).await;
        let report = serde_json::from_str(&finished.stdout).unwrap_or_else(|e| panic!("{e}: {finished:?}"));
        (finished.status.code().unwrap(), report)
    }

    /// Two transfers; the key of the sender and the ids.
    async fn two_transfers(&self) -> (String, [String; 2]) {
        let account = self.app.account("ann").await;
        let (one, two) = (self.app.agent(&account, "one", 1).await, self.app.agent(&account, "two", 2).await);
        let send = async |content: &[u8]| {
            self.app.send(&account.key, &one.slug, &two.slug, content, &[]).await.expect(201).text("id")
        };
        let sent = [send(b"first").await, send(b"second").await];
        (account.key, sent)
    }

    async fn objects_of(&self, transfer: &str) -> Vec<ObjectKey> {
        act::ask(&self.ports, &ObjectsOf(transfer.parse().unwrap())).await.unwrap().1
    }

    async fn status_of(&self, transfer: &str) -> TransferStatus {
        act::ask(&self.ports, &ObjectsOf(transfer.parse().unwrap())).await.unwrap().0
    }

    async fn put(&self, key: &ObjectKey, bytes: &'static [u8]) {
        kept::put(&*self.ports.blobs, key, bytes).await;
    }

    /// Until everything that was stored before is older than a lease.
    async fn grow_old(&self) {
        tokio::time::sleep(Duration::from_millis(2_100)).await;
    }
}

struct ObjectsOf(agentdrop_domain::ids::TransferId);

#[async_trait]
impl Ask for ObjectsOf {
    type Output = (TransferStatus, Vec<ObjectKey>);
    type Error = StoreError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<Self::Output, StoreError> {
        let transfer = view.transfer(self.0).await?.expect("a transfer");
        Ok((transfer.status, transfer.files.into_iter().map(|file| file.object_key).collect()))
    }
}

/// One block now, the rest when the test says so.
struct Held {
    first: Option<oneshot::Sender<()>>,
    go_on: Option<oneshot::Receiver<()>>,
}

#[async_trait]
impl ByteSource for Held {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        if let Some(first) = self.first.take() {
            let _ = first.send(());
            return Ok(Some(Bytes::from_static(&[1; 1 << 20])));
        }
        if let Some(go_on) = self.go_on.take() {
            let _ = go_on.await;
        }
        Ok(None)
    }
}

async fn what_agrees_is_status_0(backend: Backend) {
    let world = World::new(backend).await;
    let (_, transfers) = world.two_transfers().await;
    let (status, report) = world.report(&["--verify"]).await;
    assert_eq!(status, 0, "{report}");
    assert_eq!((&report["transfers"], &report["expected_bytes"]), (&2.into(), &11.into()));
    assert_eq!(report["stored_objects"], transfers.len());
    let finished = world.check(&[]).await.expect_success();
    assert!(finished.stdout.contains("0 damaged\n0 orphaned\n0 unfinished\n"), "{}", finished.stdout);
}

async fn a_lost_object_is_found_and_its_transfer_deleted(backend: Backend) {
    let world = World::new(backend).await;
    let (key, [lost, kept]) = world.two_transfers().await;
    let object = world.objects_of(&lost).await.remove(0);
    world.ports.blobs.delete(&object).await.unwrap();
    let (status, report) = world.report(&[]).await;
    assert_eq!((status, &report["clean"], &report["damaged"]["found"]), (1, &false.into(), &1.into()));
    let named = &report["damaged"]["named"][0];
    assert_eq!((&named["transfer"], &named["problem"]), (&lost.as_str().into(), &"missing".into()));
    assert_eq!(world.status_of(&lost).await, TransferStatus::Active, "looking changes nothing");
    let (status, report) = world.report(&["--repair"]).await;
    assert_eq!((status, &report["damaged"]["repaired"]), (0, &1.into()), "{report}");
    assert_eq!(world.status_of(&lost).await, TransferStatus::Deleted);
    assert_eq!(world.app.download(&key, &kept).await, [b"second"]);
    assert_eq!(world.report(&[]).await.0, 0);
}

async fn other_bytes_are_found_when_they_are_read(backend: Backend) {
    let world = World::new(backend).await;
    let (_, [first, _]) = world.two_transfers().await;
    let object = world.objects_of(&first).await.remove(0);
    world.put(&object, b"fIrst").await;
    assert_eq!(world.report(&[]).await.0, 0);
    let (status, report) = world.report(&["--verify"]).await;
    assert_eq!((status, &report["damaged"]["named"][0]["problem"]), (1, &"corrupt".into()));
    world.put(&object, b"longer").await;
    let (status, report) = world.report(&[]).await;
    assert_eq!((status, &report["damaged"]["named"][0]["problem"]), (1, &"wrong-size".into()));
}

async fn a_stray_object_is_found_and_removed(backend: Backend) {
    let world = World::new(backend).await;
    let (key, [first, _]) = world.two_transfers().await;
    let stray = ObjectKey::of_upload(Uuid::from_u128(7).into());
    world.put(&stray, b"stray").await;
    world.grow_old().await;
    let (status, report) = world.report(&[]).await;
    assert_eq!((status, &report["orphaned"]["named"][0]["object"]), (1, &stray.as_str().into()));
    let (status, report) = world.report(&["--repair"]).await;
    assert_eq!((status, &report["orphaned"]["repaired"]), (0, &1.into()), "{report}");
    assert_eq!(world.ports.blobs.head(&stray).await.unwrap(), None);
    assert_eq!(world.app.download(&key, &first).await, [b"first"]);
    assert_eq!(world.report(&[]).await.1["stored_objects"], 2);
}

async fn a_running_upload_is_never_touched(backend: Backend) {
    let world = World::new(backend).await;
    let account = world.app.account("ann").await;
    let (began, begun) = oneshot::channel();
    let (go_on, held) = oneshot::channel();
    let ports = world.ports.clone();
    let account = account.id.parse().unwrap();
    let running = tokio::spawn(async move {
        let mut body = Held { first: Some(began), go_on: Some(held) };
        receive(&ports, arrival(account), &mut body).await
    });
    begun.await.unwrap();
    world.grow_old().await;
    let (status, report) = world.report(&["--repair"]).await;
    assert_eq!(
        (status, &report["unfinished"]["found"], &report["orphaned"]["found"]),
        (0, &0.into(), &0.into())
    );
    go_on.send(()).unwrap();
    let received = running.await.unwrap().unwrap();
    // Stored, and not yet a transfer's.
    world.grow_old().await;
    assert_eq!(world.report(&["--repair"]).await.0, 0);
    let stored = world.ports.blobs.head(&received.object_key).await.unwrap();
    assert_eq!(stored, Some(1 << 20));
}

fn arrival(account: agentdrop_domain::ids::AccountId) -> Arrival<'static> {
    Arrival { account, piece: None, held: &[], counted: Counted::Elsewhere, size: None, limit: None }
}

async fn an_outage_is_no_finding(backend: Backend) {
    let world = World::new(backend).await;
    let mut program = command(env!("CARGO_BIN_EXE_agentdrop-server"));
    program.args(["storage", "check", "--json"]).envs(world.app.environment());
    let (database, store) = (("AGENTDROP_DATABASE_URL", "postgres://u@127.0.0.1:1/x"), "http://127.0.0.1:1");
    if backend == Backend::Embedded {
        program.env(database.0, database.1);
    } else {
        program.env("AGENTDROP_S3_ENDPOINT", store);
    }
    let finished = run(program, PATIENCE).await;
    assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(1), ""));
    assert!(finished.stderr.contains("error: "), "{}", finished.stderr);
}

macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            use super::Backend;

            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                super::$name(Backend::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres_s3() {
                super::$name(Backend::PostgresS3).await;
            }
        }
    )*};
}

on_both! {
    what_agrees_is_status_0
    a_lost_object_is_found_and_its_transfer_deleted
    other_bytes_are_found_when_they_are_read
    a_stray_object_is_found_and_removed
    a_running_upload_is_never_touched
    an_outage_is_no_finding
}
