//! The official Python SDK, unchanged, end to end.

use std::time::Duration;

use agentdrop_test_support::app::{App, Backend};
use agentdrop_test_support::process::{run, sdk_python};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/sdk/exchange.py");
const PATIENCE: Duration = Duration::from_secs(240);

async fn exchange_with_the_sdk(app: &App) {
    let mut command = sdk_python();
    command.arg(SCRIPT).env("AGENTDROP_TEST_URL", &app.url);
    for name in ["ann", "bob", "cat"] {
        let account = app.account(name).await;
        command.env(format!("AGENTDROP_TEST_KEY_{}", name.to_uppercase()), account.key);
    }
    let finished = run(command, PATIENCE).await.expect_success();
    assert!(finished.stdout.contains("scenarios passed"), "{}", finished.stdout);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official SDK; run by scripts/test"]
async fn the_sdk_exchanges_files_on_the_embedded_backends() {
    exchange_with_the_sdk(&App::start(Backend::Embedded).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official SDK; run by scripts/test"]
async fn the_sdk_exchanges_files_on_postgres_and_s3() {
    exchange_with_the_sdk(&App::start(Backend::PostgresS3).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official SDK and an S3 server; run by scripts/test"]
async fn the_sdk_exchanges_files_on_postgres_and_a_real_s3_server() {
    exchange_with_the_sdk(&App::start(Backend::PostgresExternalS3).await).await;
}
