//! Child processes of tests (the server binary, Python, curl …) that die with the test.
//!
//! ```no_run
//! use std::time::Duration;
//! use agentdrop_test_support::process::{self, TestProcess};
//!
//! # async fn test() {
//! let mut command = process::command("agentdrop-server");
//! command.arg("serve").env("AGENTDROP_LISTEN", "127.0.0.1:0");
//! let mut server = TestProcess::spawn(command);
//! let line = server.wait_for_line("listening on", Duration::from_secs(10)).await;
//! server.kill9();
//! # }
//! ```

mod output;
mod spawner;

use std::ffi::OsStr;
use std::future::Future;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::{Instant, sleep, timeout};

use crate::environment;
use output::Output;

/// A parent that died before the signal was asked for sends none.
const EXEC_IF_CHILD_OF: &str = r#"[ "$PPID" = "$0" ] && exec "$@""#;
const POLL: Duration = Duration::from_millis(20);

/// A command whose process the kernel kills when the test process dies, kill -9 included. Add arguments,
/// variables and a folder as to any other command.
///
/// # Panics
/// If this is Linux and `setpriv` is missing, on spawning.
#[must_use]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "sh", "-c", EXEC_IF_CHILD_OF]);
    command.arg(std::process::id().to_string()).arg(program);
    command
}

/// A [`command`] of the Python that has the official SDK, named by `AGENTDROP_TEST_PYTHON`.
///
/// # Panics
/// If the variable is not set, with the command that sets it.
#[must_use]
pub fn sdk_python() -> Command {
    command(environment::required("AGENTDROP_TEST_PYTHON", "a Python with the official SDK"))
}

/// Runs `command` to its end and gives what it printed.
///
/// # Panics
/// If it cannot be started or runs for longer than `limit`.
pub async fn run(command: Command, limit: Duration) -> Finished {
    TestProcess::spawn(command).finish(limit).await
}

/// What a process that has ended left behind.
#[derive(Clone, Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// # Panics
    /// If the exit status is not 0, with all output.
    #[must_use]
    pub fn expect_success(self) -> Self {
        assert!(self.status.success(), "{}\nstdout:\n{}\nstderr:\n{}", self.status, self.stdout, self.stderr);
        self
    }
}

/// A running child process and, with it, its process group; killed when dropped. Its output is kept (the
/// last 65,536 lines of each stream) and shown by every failure of the methods below.
pub struct TestProcess {
    child: Child,
    name: String,
    output: Output,
}

impl TestProcess {
    /// Starts `command` (see [`command`]) in a process group of its own. Standard input is empty.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn spawn(mut command: Command) -> Self {
        let name = name_of(&command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawner::spawn(command).unwrap_or_else(|error| panic!("{name}: {error}"));
        let output = Output::capture(&mut child);
        Self { child, name, output }
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Standard output so far, by whole lines.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.output.stdout()
    }

    /// Standard error so far, by whole lines.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.output.stderr()
    }

    /// SIGKILL to the process and its children, as a crash; returns when the process is gone.
    pub fn kill9(&mut self) {
        self.signal(Signal::KILL);
        // It has ended before, or ends by the signal.
        let _ = self.child.wait();
    }

    /// SIGTERM, which asks for an orderly shutdown; await it with [`Self::wait`].
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// SIGHUP, which asks for files to be read again.
    pub fn hang_up(&mut self) {
        self.signal(Signal::HUP);
    }

    fn signal(&mut self, signal: Signal) {
        // An ended, unreaped child keeps its number, so the signal cannot hit a stranger.
        if self.exited().is_none() {
            let group = Pid::from_child(&self.child);
            kill_process_group(group, signal).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        }
    }

    /// The exit status, if the process has ended.
    ///
    /// # Panics
    /// If the system does not tell.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours to wait for")
    }

    /// Waits for the process to end.
    ///
    /// # Panics
    /// If it runs for longer than `limit`.
    pub async fn wait(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.exited() {
                return status;
            }
            self.check(deadline, "to end");
            sleep(POLL).await;
        }
    }

    /// Waits for the process to end and for all of its output.
    ///
    /// # Panics
    /// If that takes longer than `limit`.
    pub async fn finish(mut self, limit: Duration) -> Finished {
        let status = self.wait(limit).await;
        self.within(limit, "to close its output", self.output.closed()).await;
        Finished { status, stdout: self.stdout(), stderr: self.stderr() }
    }

    /// Waits until a line that contains `text` stands on either stream and gives the first such line.
    ///
    /// # Panics
    /// If the output ends without it, or none comes within `limit`.
    pub async fn wait_for_line(&self, text: &str, limit: Duration) -> String {
        let what = format!("to print a line with {text:?}");
        let found = self.within(limit, &what, self.output.line_with(text)).await;
        found.unwrap_or_else(|| self.fail(&what, "its output ended"))
    }

    /// Waits until GET `url` answers 200.
    ///
    /// # Panics
    /// If the process ends before, or that does not happen within `limit`.
    pub async fn wait_for_http_200(&mut self, url: &str, limit: Duration) {
        let what = format!("to answer 200 at {url}");
        let deadline = Instant::now() + limit;
        let client = reqwest::Client::builder().timeout(limit).build().expect("an HTTP client");
        loop {
            let answer = client.get(url).send().await;
            if answer.is_ok_and(|answer| answer.status() == reqwest::StatusCode::OK) {
                return;
            }
            if let Some(status) = self.exited() {
                self.fail(&what, &status.to_string());
            }
            self.check(deadline, &what);
            sleep(POLL).await;
        }
    }

    async fn within<T>(&self, limit: Duration, what: &str, event: impl Future<Output = T>) -> T {
        timeout(limit, event).await.unwrap_or_else(|_| self.fail(what, "out of time"))
    }

    fn check(&self, deadline: Instant, what: &str) {
        if Instant::now() >= deadline {
            self.fail(what, "out of time");
        }
    }

    fn fail(&self, what: &str, why: &str) -> ! {
        panic!(
            "waited for {} {what}: {why}\nstdout:\n{}\nstderr:\n{}",
            self.name,
            self.stdout(),
            self.stderr()
        )
    }
}

/// Program and arguments; not the variables, which hold secrets.
fn name_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

impl Drop for TestProcess {
    fn drop(&mut self) {
        self.kill9();
    }
}
