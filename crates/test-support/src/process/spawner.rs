//! Starts children on a thread that never ends. The kernel's parent-death signal is sent when the *thread*
//! that forked ends, and test threads and runtime threads end before the test process does.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{OnceLock, mpsc};
use std::thread;

struct Order {
    command: Command,
    reply: mpsc::Sender<io::Result<Child>>,
}

pub(super) fn spawn(mut command: Command) -> io::Result<Child> {
    command.process_group(0);
    let (reply, child) = mpsc::channel();
    spawner().send(Order { command, reply }).expect("the spawner lives as long as the process");
    child.recv().expect("the spawner replies")
}

fn spawner() -> &'static mpsc::Sender<Order> {
    static SPAWNER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    SPAWNER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        let thread = thread::Builder::new().name("test-spawner".to_owned());
        thread.spawn(move || inbox.into_iter().for_each(fulfil)).expect("a thread starts");
        orders
    })
}

fn fulfil(Order { mut command, reply }: Order) {
    // The caller waits for this reply.
    let _ = reply.send(command.spawn());
}
