//! A bad network: a TCP relay that cuts, resets, stalls, slows or goes down when a test says so.
//!
//! ```no_run
//! use agentdrop_test_support::fault::{Direction, Fault, FaultProxy, What};
//!
//! # async fn test() {
//! let proxy = FaultProxy::before("127.0.0.1:5432").await;
//! proxy.arm(Fault { direction: Direction::ToServer, after: 1_000, what: What::Reset });
//! // The connection that carries the thousandth byte from now on is reset; later ones are as good as new.
//! proxy.down();
//! // Nobody gets through until:
//! proxy.up();
//! # }
//! ```

mod relay;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From whoever connects to the server.
    ToServer,
    /// From the server back.
    ToClient,
}

/// What happens to the connection that a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Both sides see its end.
    Cut,
    /// Both sides see a reset.
    Reset,
    /// In the fault's direction nothing passes any more; the connection stays.
    Stall,
    /// Every connection is reset, and new ones too, until [`FaultProxy::up`].
    Down,
}

/// Something that happens once, to the connection that carries a certain byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The way of the bytes that are counted.
    pub direction: Direction,
    /// So many bytes still pass, over all connections together, from when the fault was armed. With 0 the next
    /// byte does not pass.
    pub after: u64,
    /// What happens then.
    pub what: What,
}

/// How bytes pass, in both directions of every connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The most bytes that pass at once.
    pub block: usize,
    /// The wait before each block: a delay where blocks are large, a slow line where they are small.
    pub pause: Duration,
}

impl Pace {
    const FULL: Self = Self { block: 64 << 10, pause: Duration::ZERO };
}

/// A relay to one server, on loopback; it and all its connections end when it is dropped.
pub struct FaultProxy {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// What the relay knows of the faults to make.
struct State {
    target: SocketAddr,
    up: watch::Sender<bool>,
    orders: Mutex<Orders>,
}

struct Orders {
    fault: Option<Fault>,
    pace: Pace,
    struck: u32,
}

impl FaultProxy {
    /// A relay to `host:port`, at first a faultless one.
    ///
    /// # Panics
    /// If the host is unknown, or there is no free port.
    pub async fn before(target: &str) -> Self {
        let mut found = tokio::net::lookup_host(target).await.expect("a host and a port");
        let target = found.next().expect("the host has an address");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let orders = Mutex::new(Orders { fault: None, pace: Pace::FULL, struck: 0 });
        let state = Arc::new(State { target, up: watch::Sender::new(true), orders });
        let accepting = tokio::spawn(relay::accept(listener, Arc::clone(&state)));
        Self { address, state, accepting }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has a fault happen, instead of one that was armed before and has not happened.
    pub fn arm(&self, fault: Fault) {
        self.state.orders().fault = Some(fault);
    }

    /// How many faults have happened.
    #[must_use]
    pub fn struck(&self) -> u32 {
        self.state.orders().struck
    }

    /// Has bytes pass at another pace from now on.
    pub fn set_pace(&self, pace: Pace) {
        self.state.orders().pace = pace;
    }

    /// Has bytes pass as they come again.
    pub fn set_full_pace(&self) {
        self.set_pace(Pace::FULL);
    }

    /// Resets every connection, and each new one, from now on.
    pub fn down(&self) {
        self.state.up.send_replace(false);
    }

    /// Lets new connections through again.
    pub fn up(&self) {
        self.state.up.send_replace(true);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl State {
    /// A test that failed elsewhere keeps no other from its end.
    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of `count` bytes may pass, and what happens then.
    fn admit(&self, direction: Direction, count: usize) -> (usize, Option<What>) {
        let mut orders = self.orders();
        let Some(fault) = orders.fault.as_mut().filter(|fault| fault.direction == direction) else {
            return (count, None);
        };
        let passing = count.min(usize::try_from(fault.after).unwrap_or(usize::MAX));
        if passing < count || passing as u64 == fault.after {
            let what = fault.what;
            orders.fault = None;
            orders.struck += 1;
            return (passing, Some(what));
        }
        fault.after -= passing as u64;
        (passing, None)
    }
}

#[cfg(test)]
mod tests;
