//! The official Python SDK, unchanged, end to end.

use std::process::Command;
use std::time::Duration;

use agentdrop_test_support::app::{App, Backend, Backing};
use agentdrop_test_support::fault::{Direction, Fault, FaultProxy, What};
use agentdrop_test_support::process::{run, sdk_python};

use crate::api::kept;

const EXCHANGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/sdk/exchange.py");
const LARGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/sdk/large.py");
const PATIENCE: Duration = Duration::from_secs(600);

/// What the script printed last; the SDK tells about itself before.
async fn last_line(script: Command) -> String {
    let finished = run(script, PATIENCE).await.expect_success();
    finished.stdout.trim_end().lines().last().unwrap_or_default().to_owned()
}

async fn exchange_with_the_sdk(backend: Backend) {
    exchange(&App::start(backend).await, "").await;
}

/// Plays all scenarios but those named.
async fn exchange(app: &App, skipped: &str) {
    let mut script = sdk_python();
    script.arg(EXCHANGE).env("AGENTDROP_TEST_URL", &app.url).env("AGENTDROP_TEST_SKIP", skipped);
    for name in ["ann", "bob", "cat"] {
        let account = app.account(name).await;
        script.env(format!("AGENTDROP_TEST_KEY_{}", name.to_uppercase()), account.key);
    }
    let last = last_line(script).await;
    assert!(last.ends_with("scenarios passed"), "{last}");
}

/// What became of a file of that many MiB, which the SDK is to send in that way.
async fn sent_large(app: &App, mib: u32, way: &str, variables: &[(&str, &str)]) -> String {
    let mut script = sdk_python();
    script.arg(LARGE).env("AGENTDROP_TEST_URL", &app.url).envs(variables.iter().copied());
    script.env("AGENTDROP_TEST_KEY_ANN", app.account("ann").await.key);
    script.env("AGENTDROP_TEST_MIB", mib.to_string()).env("AGENTDROP_TEST_WAY", way);
    last_line(script).await
}

/// What became of a file that the SDK sends with both a length and chunks.
pub async fn sent_with_two_framings(app: &App, variables: &[(&str, &str)]) -> String {
    sent_large(app, 51, "presigned", variables).await
}

/// From 500 MiB on the SDK sends parts.
async fn send_parts_with_the_sdk(backend: Backend) {
    let app = App::start(backend).await;
    assert_eq!(sent_large(&app, 501, "multipart", &[]).await, "arrived");
}

macro_rules! on_backends {
    ($reason:literal: $($backend:ident as $exchange:ident, $parts:ident;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = $reason]
        async fn $exchange() {
            exchange_with_the_sdk(Backend::$backend).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        #[ignore = $reason]
        async fn $parts() {
            send_parts_with_the_sdk(Backend::$backend).await;
        }
    )+};
}

on_backends! {
    "needs the official SDK; run by scripts/test":
    Embedded as the_sdk_exchanges_files_on_the_embedded_backends, the_sdk_sends_parts_on_the_embedded_backends;
    PostgresS3 as the_sdk_exchanges_files_on_postgres_and_s3, the_sdk_sends_parts_on_postgres_and_s3;
}

on_backends! {
    "needs the official SDK and an S3 server; run by scripts/test":
    PostgresExternalS3 as the_sdk_exchanges_files_on_postgres_and_external_s3,
        the_sdk_sends_parts_on_postgres_and_external_s3;
}

/// Bytes go from the SDK to the store and back, the server sees none of them. With what the SDK sends in one piece to
/// a URL, from 50 to 500 MiB with two framings, the server alone can help.
async fn directly() -> App {
    App::start_with(Backend::PostgresExternalS3, &[("AGENTDROP_DELIVERY", "direct")]).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official SDK and an S3 server; run by scripts/test"]
async fn the_sdk_exchanges_files_by_direct_delivery_from_external_s3() {
    exchange(&directly().await, "files_of_the_presigned_path").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official SDK and an S3 server; run by scripts/test"]
async fn the_sdk_sends_parts_by_direct_delivery_to_external_s3() {
    assert_eq!(sent_large(&directly().await, 501, "multipart", &[]).await, "arrived");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official SDK and an S3 server; run by scripts/test"]
async fn two_framings_are_refused_by_external_s3_itself() {
    let outcome = sent_with_two_framings(&directly().await, &[]).await;
    assert!(outcome.starts_with("refused"), "{outcome}");
}

/// A server whose store goes away in the middle of the third part.
async fn interrupted() -> (App, FaultProxy) {
    let mut backing = Backing::of(Backend::PostgresS3).await;
    let proxy = backing.store_through_proxy().await;
    let app = App::start_on(backing, |config| config.settings.sweep_seconds = 1).await;
    proxy.arm(Fault { direction: Direction::ToServer, after: 120 << 20, what: What::Down });
    (app, proxy)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official SDK; run by scripts/test"]
async fn the_sdk_sends_a_part_again_that_the_store_did_not_take() {
    let (app, proxy) = interrupted().await;
    let for_a_moment = async {
        while proxy.struck() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        proxy.up();
    };
    // What struck nothing, or comes to nothing, fails here rather than waits.
    let both = async { tokio::join!(sent_large(&app, 501, "multipart", &[]), for_a_moment) };
    let (outcome, ()) = tokio::time::timeout(PATIENCE, both).await.unwrap();
    assert_eq!(outcome, "arrived");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official SDK; run by scripts/test"]
async fn what_the_sdk_gives_up_leaves_nothing() {
    let (app, proxy) = interrupted().await;
    assert_eq!(sent_large(&app, 501, "multipart", &[]).await, "refused 503");
    proxy.up();
    kept::expect_left_within(PATIENCE, &app, 0, 0).await;
}
