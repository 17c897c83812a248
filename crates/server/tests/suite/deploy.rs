//! What `deploy/compose.yaml` says, tried without a container engine: the same processes with the same
//! variables; only host names, ports and the folder of secrets are others.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use agentdrop_test_support::app::{migrated_template, public_key};
use agentdrop_test_support::process::{TestProcess, command, run};
use agentdrop_test_support::s3::ExternalS3;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");

/// The plain `environment:` mapping of a service.
fn environment_of(service: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(Path::new(DEPLOY).join("compose.yaml")).unwrap();
    let compose: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    let environment = compose["services"][service]["environment"].clone();
    serde_yaml_ng::from_value(environment).unwrap()
}

/// The secrets that `make-secrets.sh` makes, those of the stores replaced by the ones of this machine's.
async fn secrets(database_url: &str, s3: &ExternalS3) -> TempDir {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("make-secrets.sh");
    std::fs::copy(Path::new(DEPLOY).join("make-secrets.sh"), &script).unwrap();
    succeed(shell(&script)).await;
    for (name, value) in [
        ("database_url", database_url),
        ("s3_access_key_id", &s3.access_key_id),
        ("s3_secret_access_key", &s3.secret_access_key),
    ] {
        let path = folder.path().join("secrets").join(name);
        assert!(path.is_file(), "make-secrets.sh makes no {name}");
        std::fs::write(path, value).unwrap();
    }
    folder
}

/// Runs a command to its good end and gives what it printed.
async fn succeed(command: Command) -> String {
    run(command, PATIENCE).await.expect_success().stdout
}

fn shell(script: &Path) -> Command {
    let mut shell = command("/bin/sh");
    shell.arg(script);
    shell
}

/// Replaces what a container network and Docker secrets would provide.
fn localized(
    environment: BTreeMap<String, String>,
    secrets: &TempDir,
    s3: &ExternalS3,
) -> BTreeMap<String, String> {
    let folder = format!("{}/secrets/", secrets.path().display());
    let replace = |value: String| {
        value.replace("/run/secrets/", &folder).replace("http://s3:9000", s3.endpoint.trim_end_matches('/'))
    };
    environment.into_iter().map(|(name, value)| (name, replace(value))).collect()
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn server(environment: &BTreeMap<String, String>, arguments: &[&str]) -> Command {
    let mut program = command(env!("CARGO_BIN_EXE_agentdrop-server"));
    program.args(arguments).envs(environment);
    program
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real S3 server; run by scripts/test"]
async fn the_processes_of_the_compose_file_exchange_a_file_on_external_s3() {
    let database = migrated_template().await.fresh_database().await;
    let s3 = ExternalS3::from_env();
    let secrets = secrets(database.url(), &s3).await;

    let mut make_bucket = shell(&Path::new(DEPLOY).join("make-bucket.sh"));
    make_bucket.envs(localized(environment_of("bucket"), &secrets, &s3));
    succeed(make_bucket).await;

    let port = free_port();
    let mut environment = localized(environment_of("server"), &secrets, &s3);
    for (name, value) in &mut environment {
        if name == "AGENTDROP_LISTEN" || name == "AGENTDROP_PUBLIC_URL" {
            *value = value.replace("0.0.0.0:8080", &format!("127.0.0.1:{port}"));
            *value = value.replace("localhost:8080", &format!("127.0.0.1:{port}"));
        }
    }
    let checked = succeed(server(&environment, &["check-config"])).await;
    assert!(!checked.contains(&s3.secret_access_key));

    let node = TestProcess::spawn(server(&environment, &["serve"]));
    node.wait_for_line("listening on  http", PATIENCE).await;
    succeed(server(&environment, &["healthcheck"])).await;
    let arguments = ["account", "create", "--email", "a@example.com", "--name", "A", "--json"];
    let created = succeed(server(&environment, &arguments)).await;
    let account: Value = serde_json::from_str(&created).unwrap();
    exchange(&environment["AGENTDROP_PUBLIC_URL"], account["api_key"].as_str().unwrap()).await;
}

async fn exchange(url: &str, key: &str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (slug, seed) in [("one", 1), ("two", 2)] {
        let body = json!({"agent_id": slug, "public_key": public_key(seed)});
        let answer =
            client.post(format!("{url}/v1/agents/register")).bearer_auth(key).json(&body).send().await;
        assert_eq!(answer.unwrap().status(), 201);
    }
    let file = Part::bytes(vec![9; 10 << 20]).file_name("ten.bin");
    let form = Form::new().text("sender", "one").text("recipient", "two").part("files", file);
    let answer = client.post(format!("{url}/v1/transfers")).bearer_auth(key).multipart(form).send().await;
    let sent: Value = answer.unwrap().error_for_status().unwrap().json().await.unwrap();
    let path = format!("{url}/v1/transfers/{}/download", sent["id"].as_str().unwrap());
    let answer = client.get(path).bearer_auth(key).send().await;
    let grant: Value = answer.unwrap().error_for_status().unwrap().json().await.unwrap();
    let fetched = client.get(grant["files"][0]["download_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(fetched.bytes().await.unwrap(), vec![9; 10 << 20]);
}
