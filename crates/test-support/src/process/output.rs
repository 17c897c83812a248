//! What a child prints, line by line, as it comes.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::thread;

use tokio::sync::watch;

/// Lines kept of each stream; the oldest go first.
const KEPT_LINES: usize = 65_536;

#[derive(Default)]
struct Stream {
    lines: VecDeque<String>,
    closed: bool,
}

/// Both output streams of one child.
pub(super) struct Output {
    stdout: watch::Receiver<Stream>,
    stderr: watch::Receiver<Stream>,
}

impl Output {
    /// Takes over the child's piped streams.
    pub(super) fn capture(child: &mut Child) -> Self {
        Self {
            stdout: follow(child.stdout.take().expect("stdout is piped")),
            stderr: follow(child.stderr.take().expect("stderr is piped")),
        }
    }

    pub(super) fn stdout(&self) -> String {
        text(&self.stdout)
    }

    pub(super) fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// Both streams have ended.
    pub(super) async fn closed(&self) {
        for stream in [&self.stdout, &self.stderr] {
            until(stream, |stream| stream.closed.then_some(())).await;
        }
    }

    /// The first line with `text` in it; `None` if both streams end without.
    pub(super) async fn line_with(&self, text: &str) -> Option<String> {
        let (mut stdout, mut stderr) =
            (Box::pin(line_of(&self.stdout, text)), Box::pin(line_of(&self.stderr, text)));
        tokio::select! {
            Some(line) = &mut stdout => Some(line),
            Some(line) = &mut stderr => Some(line),
            else => None,
        }
    }
}

async fn line_of(stream: &watch::Receiver<Stream>, text: &str) -> Option<String> {
    until(stream, |stream| {
        let line = stream.lines.iter().find(|line| line.contains(text)).cloned();
        if line.is_some() || stream.closed { Some(line) } else { None }
    })
    .await
}

/// Waits until `look` finds what it looks for.
async fn until<T>(stream: &watch::Receiver<Stream>, look: impl Fn(&Stream) -> Option<T>) -> T {
    let mut stream = stream.clone();
    loop {
        if let Some(found) = look(&stream.borrow_and_update()) {
            return found;
        }
        stream.changed().await.expect("a stream is closed before its reader ends");
    }
}

fn text(stream: &watch::Receiver<Stream>) -> String {
    stream.borrow().lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Reads `source` on a thread of its own, so that a full pipe never stops the child.
fn follow(source: impl Read + Send + 'static) -> watch::Receiver<Stream> {
    let (stream, receiver) = watch::channel(Stream::default());
    thread::Builder::new()
        .name("test-output".to_owned())
        .spawn(move || {
            for line in BufReader::new(source).split(b'\n') {
                let Ok(line) = line else { break };
                stream.send_modify(|stream| stream.push(String::from_utf8_lossy(&line).into_owned()));
            }
            stream.send_modify(|stream| stream.closed = true);
        })
        .expect("a thread starts");
    receiver
}

impl Stream {
    fn push(&mut self, line: String) {
        if self.lines.len() == KEPT_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}
