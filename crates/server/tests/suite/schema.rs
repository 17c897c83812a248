//! The OpenAPI document against the server, by schemathesis: whatever fits the document, and much that does not, is
//! answered with a status, a content type and a body that the document names, and never with a 5xx.

use std::time::Duration;

use agentdrop_test_support::app::{App, Backend};
use agentdrop_test_support::process::{command, run};

const PATIENCE: Duration = Duration::from_secs(300);
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance";

async fn keeps_to_its_document(backend: Backend) {
    let app = App::start(backend).await;
    let ann = app.account("ann").await;
    let program = std::env::var("AGENTDROP_TEST_SCHEMATHESIS");
    let folder = tempfile::tempdir().unwrap();
    let mut schemathesis = command(program.expect("AGENTDROP_TEST_SCHEMATHESIS is set by scripts/test"));
    schemathesis.args(["run", &format!("{}/openapi.json", app.url), "--url", &app.url, "--no-color"]);
    schemathesis.args(["--header", &format!("Authorization: Bearer {}", ann.key), "--checks", CHECKS]);
    // It keeps notes where it runs.
    schemathesis.current_dir(folder.path());
    // The same cases each time.
    schemathesis.args([
        "--seed",
        "1",
        "--generation-deterministic",
        "--max-examples",
        "15",
        "--workers",
        "2",
    ]);
    let finished = run(schemathesis, PATIENCE).await.expect_success();
    assert!(finished.stdout.contains("passed"), "{}", finished.stdout);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs schemathesis; run by scripts/test"]
async fn the_embedded_server_keeps_to_its_document() {
    keeps_to_its_document(Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs schemathesis; run by scripts/test"]
async fn the_server_on_postgres_and_s3_keeps_to_its_document() {
    keeps_to_its_document(Backend::PostgresS3).await;
}
