//! What `strace -f -y` writes, as calls that began and ended at a place in the order of all.

use std::collections::HashMap;

/// A system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Its arguments as strace shows them; file descriptors come with their paths.
    pub arguments: String,
    /// The line at which it began.
    pub began: usize,
    /// The line at which it ended; `None` if it had not when the trace did.
    pub ended: Option<usize>,
}

impl Call {
    /// Whether the call syncs a file, or a folder.
    pub fn is_sync(&self) -> bool {
        matches!(self.name.as_str(), "fsync" | "fdatasync")
    }

    /// Whether it writes, to a file or a socket.
    pub fn is_write(&self) -> bool {
        matches!(self.name.as_str(), "write" | "writev" | "pwrite64" | "sendto")
    }

    /// Whether it moves a file.
    pub fn is_rename(&self) -> bool {
        matches!(self.name.as_str(), "rename" | "renameat" | "renameat2")
    }

    /// The path of its first file descriptor.
    pub fn path(&self) -> Option<&str> {
        let (descriptor, rest) = self.arguments.split_once('<')?;
        let is_descriptor = !descriptor.is_empty() && descriptor.bytes().all(|b| b.is_ascii_digit());
        is_descriptor.then(|| rest.split_once('>').map(|(path, _)| path))?
    }

    /// The texts among its arguments.
    pub fn texts(&self) -> Vec<&str> {
        self.arguments.split('"').skip(1).step_by(2).collect()
    }

    /// Whether it was over before the other began.
    pub fn is_before(&self, other: &Self) -> bool {
        self.ended.is_some_and(|ended| ended < other.began)
    }
}

/// All calls of a trace, in the order in which they began. A line that is not whole yet is passed over.
pub fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    // The call that a thread has not come back from.
    let mut running: HashMap<&str, usize> = HashMap::new();
    for (at, line) in trace.split_inclusive('\n').enumerate() {
        let Some((thread, text)) = line.strip_suffix('\n').and_then(|line| line.split_once(' ')) else {
            continue;
        };
        let text = text.trim_start();
        if let Some(rest) = text.strip_prefix("<... ") {
            if let Some(call) = running.remove(thread) {
                let arguments = rest.split_once("resumed>").map_or("", |(_, rest)| rest);
                calls[call].arguments.push_str(before_result(arguments));
                calls[call].ended = Some(at);
            }
            continue;
        }
        // Signals and exits have no parentheses.
        let Some((name, rest)) = text.split_once('(') else { continue };
        if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            continue;
        }
        let (arguments, ended) = match rest.strip_suffix(" <unfinished ...>") {
            Some(arguments) => (arguments, None),
            None => (before_result(rest), Some(at)),
        };
        if ended.is_none() {
            running.insert(thread, calls.len());
        }
        calls.push(Call { name: name.to_owned(), arguments: arguments.to_owned(), began: at, ended });
    }
    calls
}

/// What stands before `) = 0`.
fn before_result(text: &str) -> &str {
    text.rsplit_once(" = ").map_or(text, |(before, _)| before).trim_end().trim_end_matches(')')
}

#[test]
fn a_call_on_one_line_is_read() {
    let trace = concat!(
        "802   fsync(17</data/with (odd) name>) = 0\n",
        "7 rename(\"/a/.incoming/x\", \"/a/objects/x\") = 0\n",
        "8 sendto(24<socket:[885]>, \"HTTP/1.1 200 OK\\r\\na = b\"..., 208, MSG_NOSIGNAL, NULL, 0) = 208\n",
    );
    let calls = calls(trace);
    assert_eq!(calls.len(), 3);
    assert!(calls[0].is_sync() && calls[1].is_rename() && calls[2].is_write());
    assert_eq!(calls[0].path(), Some("/data/with (odd) name"));
    assert_eq!((calls[1].path(), calls[1].texts()), (None, vec!["/a/.incoming/x", "/a/objects/x"]));
    assert_eq!(calls[2].path(), Some("socket:[885]"));
    assert!(calls[2].texts()[0].starts_with("HTTP/1.1 200"));
    assert!(calls[0].is_before(&calls[1]) && !calls[1].is_before(&calls[0]));
}

#[test]
fn a_call_that_another_thread_cuts_in_two_ends_where_it_is_resumed() {
    let trace = concat!(
        "1 fsync(3</a> <unfinished ...>\n",
        "2 fdatasync(4</b> <unfinished ...>\n",
        "1 <... fsync resumed>)              = 0\n",
        "3 rename(\"/c\",  <unfinished ...>\n",
        "2 <... fdatasync resumed>)          = -1 EIO (Input/output error)\n",
        "3 <... rename resumed>\"/d\")        = 0\n",
    );
    let calls = calls(trace);
    let spans: Vec<_> = calls.iter().map(|call| (call.began, call.ended)).collect();
    assert_eq!(spans, [(0, Some(2)), (1, Some(4)), (3, Some(5))]);
    assert_eq!((calls[0].path(), calls[1].path()), (Some("/a"), Some("/b")));
    assert_eq!(calls[2].texts(), ["/c", "/d"]);
    assert!(calls[0].is_before(&calls[2]) && !calls[1].is_before(&calls[2]));
}

#[test]
fn what_is_no_call_is_passed_over() {
    let trace = concat!(
        "1 --- SIGCHLD {si_signo=SIGCHLD} ---\n",
        "1 +++ exited with 0 +++\n",
        "strace: Process 5 attached\n",
        "2 <... write resumed>) = 5\n",
        "3 fsync(3</never> <unfinished ...>\n",
        "4 fsync(9</half",
    );
    let calls = calls(trace);
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].path(), calls[0].ended), (Some("/never"), None));
    assert!(!calls[0].is_before(&calls[0]));
}
