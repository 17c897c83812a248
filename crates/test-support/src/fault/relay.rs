//! The connections of a [`FaultProxy`](super::FaultProxy).

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Direction, State, What};

/// How a connection ends.
enum End {
    Cut,
    Reset,
}

/// Relays until it is aborted, and with it all connections.
pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    connections.spawn(connection(client, Arc::clone(&state)));
                }
                // A client that is gone before it was accepted is its own affair.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
}

async fn connection(mut client: TcpStream, state: Arc<State>) {
    let mut up = state.up.subscribe();
    if !*up.borrow_and_update() {
        return reset(&client);
    }
    let Ok(mut server) = TcpStream::connect(state.target).await else { return reset(&client) };
    // Blocks that a pace has made small must not wait for each other.
    for stream in [&client, &server] {
        let _only_slower = stream.set_nodelay(true);
    }
    let end = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::select! {
            end = pump_both(&state, (from_client, to_server), (from_server, to_client)) => end,
            _ = up.wait_for(|up| !up) => End::Reset,
        }
    };
    if matches!(end, End::Reset) {
        reset(&client);
        reset(&server);
    }
}

/// Has the stream end with a reset when it is dropped.
fn reset(stream: &TcpStream) {
    // One that can't be set any more is at its end anyway.
    let _ended = stream.set_zero_linger();
}

type Way<'a> = (ReadHalf<'a>, WriteHalf<'a>);

/// Relays both ways until both have ended, or one of them says how the connection ends.
async fn pump_both(state: &State, to_server: Way<'_>, to_client: Way<'_>) -> End {
    let both = tokio::try_join!(
        pump(state, Direction::ToServer, to_server),
        pump(state, Direction::ToClient, to_client),
    );
    both.map_or_else(|end| end, |_| End::Cut)
}

/// Relays until the sender has ended; the receiver is told.
async fn pump(state: &State, direction: Direction, (mut from, mut to): Way<'_>) -> Result<(), End> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let pace = state.orders().pace;
        let block = pace.block.clamp(1, buffer.len());
        let count = from.read(&mut buffer[..block]).await.map_err(broken)?;
        if count == 0 {
            return to.shutdown().await.map_err(broken);
        }
        if !pace.pause.is_zero() {
            sleep(pace.pause).await;
        }
        let (passing, what) = state.admit(direction, count);
        to.write_all(&buffer[..passing]).await.map_err(broken)?;
        match what {
            None => {}
            Some(What::Cut) => return Err(End::Cut),
            Some(What::Reset) => return Err(End::Reset),
            Some(What::Stall) => std::future::pending().await,
            Some(What::Down) => {
                state.up.send_replace(false);
                return Err(End::Reset);
            }
        }
    }
}

/// One side is gone without a word, so the other is told likewise.
fn broken(_: io::Error) -> End {
    End::Reset
}
