//! A Postgres cluster of this test process alone, made from the machine's binaries.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const SUPERVISOR: &str = include_str!("supervise.sh");
const START_TIMEOUT: Duration = Duration::from_secs(90);
const PORT_CANDIDATES: usize = 5;

const NO_BINARIES: &str = "no Postgres for the tests: TEST_DATABASE_URL is not set, and neither \
    /usr/lib/postgresql/*/bin nor PATH has initdb and postgres. Install them (apt-get install postgresql), \
    or run scripts/test, which does, or set TEST_DATABASE_URL to a server where databases may be created";

/// A running cluster. It stops, and its folder goes away, when this process ends or drops it.
pub(super) struct Cluster {
    /// Its standard input is the pipe whose end tells the supervisor to stop.
    _supervisor: Child,
    /// Connects as superuser to the database `postgres`.
    pub(super) admin_url: String,
}

impl Cluster {
    /// # Panics
    /// If the binaries are missing or the cluster does not start.
    pub(super) fn start() -> Self {
        let bin = find_binaries().expect(NO_BINARIES);
        let mut supervisor = Command::new("/bin/sh")
            .args(["-c", SUPERVISOR, "supervise.sh"])
            .arg(&bin)
            .arg(unprivileged_user())
            .args(free_ports().iter().map(u16::to_string))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A Ctrl-C goes to the whole group: the supervisor must outlive it to clean up.
            .process_group(0)
            .spawn()
            .expect("/bin/sh starts");
        let admin_url = match await_answer(&mut supervisor) {
            Ok(url) => url,
            Err(why) => panic!("Postgres from {} did not start:\n{why}", bin.display()),
        };
        Self { _supervisor: supervisor, admin_url }
    }
}

/// The admin URL, or what the supervisor said instead.
fn await_answer(supervisor: &mut Child) -> Result<String, String> {
    let mut output = BufReader::new(supervisor.stdout.take().expect("stdout is piped"));
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut answer = String::new();
        let mut read = output.read_line(&mut answer);
        if !answer.starts_with("ready ") {
            read = output.read_to_string(&mut answer);
        }
        // The receiver is gone if the answer comes too late.
        let _ = sender.send(read.map(|_| answer));
    });
    let answer = receiver
        .recv_timeout(START_TIMEOUT)
        .map_err(|_| format!("no answer within {} s", START_TIMEOUT.as_secs()))?
        .map_err(|error| error.to_string())?;
    match answer.split_whitespace().collect::<Vec<_>>()[..] {
        ["ready", port, password] => Ok(format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres")),
        _ => Err(answer),
    }
}

/// The folder that has both `initdb` and `postgres`: Debian's newest version, else one on the PATH.
fn find_binaries() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    debian_folders()
        .into_iter()
        .chain(std::env::split_paths(&on_path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// `/usr/lib/postgresql/<version>/bin`, newest version first.
fn debian_folders() -> Vec<PathBuf> {
    let Ok(versions) = fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// Whom to run Postgres as, which refuses to be root; empty where this process is not root.
fn unprivileged_user() -> &'static str {
    if !is_root() {
        return "";
    }
    let users = fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
    if users.lines().any(|line| line.starts_with("postgres:")) { "postgres" } else { "nobody" }
}

fn is_root() -> bool {
    // `/proc/self` belongs to the process's effective user; elsewhere than on Linux tests run unprivileged.
    fs::metadata(Path::new("/proc/self")).is_ok_and(|process| process.uid() == 0)
}

/// Ports free a moment ago. Several, since another process may take one before Postgres does.
fn free_ports() -> Vec<u16> {
    let sockets: Vec<TcpListener> = (0..PORT_CANDIDATES)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port"))
        .collect();
    sockets.iter().map(|socket| socket.local_addr().expect("a bound socket has an address").port()).collect()
}
