#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use agentdrop_test_support::process::{self, TestProcess};

const LIMIT: Duration = Duration::from_secs(20);

fn shell(script: &str) -> std::process::Command {
    let mut command = process::command("sh");
    command.args(["-c", script]);
    command
}

#[tokio::test]
async fn a_finished_process_leaves_its_status_and_both_streams() {
    let finished = process::run(shell("echo out; echo err >&2; exit 3"), LIMIT).await;
    assert_eq!(finished.status.code(), Some(3));
    assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("out\n", "err\n"));
}

#[tokio::test]
async fn a_line_is_found_on_either_stream() {
    let process = TestProcess::spawn(shell("echo first; echo listening on 1 >&2; exec sleep 600"));
    assert_eq!(process.wait_for_line("listening", LIMIT).await, "listening on 1");
    assert_eq!(process.wait_for_line("first", LIMIT).await, "first");
}

#[tokio::test]
#[should_panic(expected = "its output ended")]
async fn a_line_that_cannot_come_any_more_is_not_waited_for() {
    TestProcess::spawn(shell("echo something else")).wait_for_line("ready", Duration::from_secs(600)).await;
}

#[tokio::test]
#[should_panic(expected = "out of time")]
async fn a_wait_is_bounded() {
    TestProcess::spawn(shell("exec sleep 600")).wait_for_line("ready", Duration::from_millis(50)).await;
}

#[tokio::test]
async fn kill9_ends_children_of_the_child_too() {
    let mut process = TestProcess::spawn(shell("sleep 600 & echo child $!; wait"));
    let child = process.wait_for_line("child ", LIMIT).await.replace("child ", "");
    process.kill9();
    assert!(!process.exited().unwrap().success());
    wait_for_end(&child).await;
}

#[tokio::test]
async fn terminate_asks() {
    let mut process =
        TestProcess::spawn(shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"));
    process.wait_for_line("ready", LIMIT).await;
    process.terminate();
    assert_eq!(process.wait(LIMIT).await.code(), Some(7));
}

#[tokio::test]
async fn a_child_outlives_the_thread_that_asked_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let ended = folder.path().join("thread-ended");
    let script =
        format!("echo started; until test -e '{}'; do sleep 0.01; done; echo survived", ended.display());
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let process = TestProcess::spawn(shell(&script));
        runtime.block_on(process.wait_for_line("started", LIMIT));
        process
    });
    let process = thread.join().unwrap();
    std::fs::write(ended, "").unwrap();
    process.wait_for_line("survived", LIMIT).await;
}

/// Plays both parts: the parent kills a second process that runs this same test.
#[tokio::test]
async fn a_killed_test_process_takes_its_children_along() {
    const SECOND: &str = "AGENTDROP_TEST_SECOND_PROCESS";
    if std::env::var_os(SECOND).is_some() {
        let child = TestProcess::spawn(shell("exec sleep 600"));
        println!("grandchild {}", child.id());
        return std::future::pending().await;
    }
    let mut command = process::command(std::env::current_exe().unwrap());
    command
        .args(["--exact", "a_killed_test_process_takes_its_children_along", "--nocapture"])
        .env(SECOND, "1");
    let mut second = TestProcess::spawn(command);
    let line = second.wait_for_line("grandchild ", LIMIT).await;
    let grandchild = line.split("grandchild ").nth(1).unwrap();
    second.kill9();
    wait_for_end(grandchild).await;
}

#[tokio::test]
#[ignore = "needs the official Python SDK; run by scripts/test"]
async fn the_python_of_the_tests_has_the_official_sdk() {
    let mut command = process::sdk_python();
    command.args([
        "-c",
        "from importlib.metadata import version; import agentdrop; print(version('agentdrop'))",
    ]);
    assert_eq!(process::run(command, LIMIT).await.expect_success().stdout, "0.3.5\n");
}

#[tokio::test]
async fn http_200_is_waited_for() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/healthz", socket.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for status in ["503 Service Unavailable", "200 OK"] {
            let (mut stream, _) = socket.accept().unwrap();
            let _request = stream.read(&mut [0; 4096]).unwrap();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        }
    });
    TestProcess::spawn(shell("exec sleep 600")).wait_for_http_200(&url, LIMIT).await;
    server.join().unwrap();
}

#[tokio::test]
#[should_panic(expected = "exit status: 1")]
async fn http_200_of_an_ended_process_is_not_waited_for() {
    let url = {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", socket.local_addr().unwrap())
    };
    TestProcess::spawn(shell("exit 1")).wait_for_http_200(&url, Duration::from_secs(600)).await;
}

/// Until the kernel has delivered the signal; a zombie whose parent has not looked yet counts as ended.
async fn wait_for_end(id: &str) {
    let status = std::path::Path::new("/proc").join(id).join("stat");
    let ended = async {
        while std::fs::read_to_string(&status).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, ended).await.expect("the process ends");
}
