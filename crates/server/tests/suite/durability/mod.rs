//! What was answered with success survives a power cut: the order in which the real program writes, syncs, renames,
//! commits and answers, as the system sees it.

mod trace;

use std::path::{Path, PathBuf};
use std::time::Duration;

use agentdrop_domain::account::CreateAccount;
use agentdrop_domain::act;
use agentdrop_server::wiring;
use agentdrop_test_support::app::{Backend, Backing, public_key};
use agentdrop_test_support::process::{TestProcess, command};
use reqwest::multipart::{Form, Part};
use serde_json::json;

use trace::{Call, calls};

const PATIENCE: Duration = Duration::from_secs(60);
/// The calls that are watched.
const WATCHED: &str = "trace=fsync,fdatasync,rename,renameat,renameat2,pwrite64,write,writev,sendto,openat";

/// Uploads one file to the real program, which `strace` watches; the calls from the upload's beginning on.
async fn upload(durability: &str) -> Vec<Call> {
    let mut backing = Backing::of(Backend::Embedded).await;
    for (name, value) in [("DURABILITY", durability), ("SWEEP_SECONDS", "86400")] {
        backing.environment.insert(format!("AGENTDROP_{name}"), value.to_owned());
    }
    let key = account(&backing).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let process = start(&backing, &file);
    let line = process.wait_for_line("listening on  http", PATIENCE).await;
    let url = line.split_whitespace().last().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (slug, seed) in [("one", 1), ("two", 2)] {
        let body = json!({"agent_id": slug, "public_key": public_key(seed)});
        let request = client.post(format!("{url}/v1/agents/register")).bearer_auth(&key).json(&body);
        request.send().await.unwrap().error_for_status().unwrap();
    }
    let part = Part::bytes(vec![7; 1 << 20]).file_name("file.bin");
    let form = Form::new().text("sender", "one").text("recipient", "two").part("files", part);
    let request = client.post(format!("{url}/v1/transfers")).bearer_auth(&key).multipart(form);
    assert_eq!(request.send().await.unwrap().status(), 201);
    let seen = answered(&file).await;
    let greeted = process.stdout().contains("a power cut may lose");
    assert_eq!(greeted, durability == "os", "{}", process.stdout());
    seen
}

async fn account(backing: &Backing) -> String {
    let ports = wiring::open(&backing.config()).await.unwrap().ports;
    let create = CreateAccount { email: "a@example.com".into(), name: "A".into(), plan: None };
    act::perform(&ports, &create).await.unwrap().key.token.reveal().to_owned()
}

fn start(backing: &Backing, trace: &Path) -> TestProcess {
    let mut program = command("strace");
    program.args(["-f", "-y", "-e", WATCHED, "-o"]).arg(trace);
    // Else the program would outlive a watcher that is killed.
    program.args(["setpriv", "--pdeathsig", "KILL", "--", env!("CARGO_BIN_EXE_agentdrop-server"), "serve"]);
    program.envs(&backing.environment);
    TestProcess::spawn(program)
}

/// The calls of the trace, once the answer to the upload is among them.
async fn answered(trace: &PathBuf) -> Vec<Call> {
    let look = async {
        loop {
            let calls = calls(&String::from_utf8_lossy(&std::fs::read(trace).unwrap()));
            if let (Some(stored), Some(answer)) =
                (position(&calls, is_publication), calls.iter().rposition(is_answer))
                && stored < answer
                && calls[answer].ended.is_some()
            {
                return calls;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.expect("the trace shows the upload's answer")
}

fn position(calls: &[Call], is: impl Fn(&Call) -> bool) -> Option<usize> {
    calls.iter().position(is)
}

/// The object is put in its place.
fn is_publication(call: &Call) -> bool {
    call.is_rename() && call.texts().iter().any(|text| text.contains("/.incoming/"))
}

fn is_answer(call: &Call) -> bool {
    call.is_write() && call.texts().first().is_some_and(|text| text.starts_with("HTTP/1.1 201"))
}

fn is_of_log(call: &Call) -> bool {
    call.path().is_some_and(|path| path.ends_with(".sqlite3-wal"))
}

/// The upload's publication and its answer, and what lies between them.
fn upload_in(calls: &[Call]) -> (&Call, &Call, &[Call]) {
    let published = position(calls, is_publication).unwrap();
    let answer = published + position(&calls[published..], is_answer).unwrap();
    (&calls[published], &calls[answer], &calls[published + 1..answer])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_after_file_folder_and_commit_are_synced() {
    let calls = upload("full").await;
    let (published, answer, between) = upload_in(&calls);
    let [written, object] = published.texts()[..] else { panic!("{published:?}") };

    let synced = calls.iter().find(|call| call.is_sync() && call.path() == Some(written));
    let synced = synced.expect("the file is synced under the name that it is written by");
    let bytes: Vec<_> = calls.iter().filter(|call| call.is_write() && call.path() == Some(written)).collect();
    assert!(!bytes.is_empty() && bytes.iter().all(|write| write.is_before(synced)), "first the bytes");
    assert!(synced.is_before(published), "then the file, then its name");

    let folder = Path::new(object).parent().unwrap();
    let named = between.iter().find(|call| call.is_sync() && call.path().map(Path::new) == Some(folder));
    let named = named.expect("the folder is synced after the rename");
    assert!(published.is_before(named));

    let row = between.iter().rfind(|call| call.is_write() && is_of_log(call)).expect("the row is written");
    assert!(named.is_before(row), "the row after the bytes it speaks of");
    let commit = between.iter().find(|call| call.is_sync() && is_of_log(call) && row.is_before(call));
    let commit = commit.expect("the commit is synced");
    assert!(commit.is_before(answer), "the answer comes last");
}

#[tokio::test(flavor = "multi_thread")]
async fn less_durability_leaves_the_syncing_to_the_system() {
    let calls = upload("os").await;
    let (published, answer, between) = upload_in(&calls);
    let of_blobs = |call: &&Call| call.path().is_some_and(|path| path.contains("/blobs"));
    let synced: Vec<_> = calls.iter().filter(|call| call.is_sync()).filter(of_blobs).collect();
    assert!(synced.is_empty(), "{synced:?}");
    assert!(!between.iter().any(Call::is_sync), "{between:?}");
    assert!(between.iter().any(|call| call.is_write() && is_of_log(call)), "the row is written all the same");
    assert!(published.is_before(answer));
}
