use std::io::ErrorKind;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::*;

const LONG: Duration = Duration::from_secs(10);
/// Long enough that something would have come.
const SHORT: Duration = Duration::from_millis(200);

/// A server that sends everything back.
async fn echo() -> FaultProxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = FaultProxy::before(&listener.local_addr().unwrap().to_string()).await;
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    proxy
}

async fn client_of(proxy: &FaultProxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

/// Everything that comes until the end, and how it ends.
async fn rest(stream: &mut TcpStream) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut received = Vec::new();
    let end = timeout(LONG, stream.read_to_end(&mut received)).await.expect("an end in time");
    (received, end.map(|_| ()).map_err(|error| error.kind()))
}

/// Sends all and ends; what comes back, and how it ends.
async fn exchange(proxy: &FaultProxy, sent: &[u8]) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut client = client_of(proxy).await;
    // A reset may come while it is written.
    let _ = client.write_all(sent).await;
    let _ = client.shutdown().await;
    rest(&mut client).await
}

fn content() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n % 251) as u8).collect()
}

#[tokio::test]
async fn without_a_fault_everything_passes_both_ways() {
    let proxy = echo().await;
    assert_eq!(exchange(&proxy, &content()).await, (content(), Ok(())));
    assert_eq!(proxy.struck(), 0);
}

#[tokio::test]
async fn a_cut_lets_exactly_so_many_bytes_pass_and_happens_once() {
    let proxy = echo().await;
    for after in [0, 1, 65_535, 65_536, 65_537, 299_999] {
        proxy.arm(Fault { direction: Direction::ToClient, after, what: What::Cut });
        let (received, _) = exchange(&proxy, &content()).await;
        assert_eq!(received, content()[..usize::try_from(after).unwrap()], "{after}");
        assert_eq!(exchange(&proxy, b"hello").await, (b"hello".to_vec(), Ok(())), "after {after}");
    }
    assert_eq!(proxy.struck(), 6);
}

#[tokio::test]
async fn bytes_to_the_server_are_counted_over_all_connections() {
    let proxy = echo().await;
    proxy.arm(Fault { direction: Direction::ToServer, after: 8, what: What::Reset });
    assert_eq!(exchange(&proxy, b"hello").await.0, b"hello");
    assert_eq!(exchange(&proxy, b"world").await.1, Err(ErrorKind::ConnectionReset));
    assert_eq!((exchange(&proxy, b"again").await.0, proxy.struck()), (b"again".to_vec(), 1));
}

#[tokio::test]
async fn a_stalled_connection_stays_and_others_pass() {
    let proxy = echo().await;
    proxy.arm(Fault { direction: Direction::ToClient, after: 2, what: What::Stall });
    let mut stalled = client_of(&proxy).await;
    stalled.write_all(b"hello").await.unwrap();
    let mut two = [0; 2];
    timeout(LONG, stalled.read_exact(&mut two)).await.unwrap().unwrap();
    assert_eq!(&two, b"he");
    assert!(timeout(SHORT, stalled.read_u8()).await.is_err());
    assert_eq!(exchange(&proxy, b"hello").await.0, b"hello");
    proxy.down();
    assert_eq!(rest(&mut stalled).await, (Vec::new(), Err(ErrorKind::ConnectionReset)));
}

#[tokio::test]
async fn down_ends_every_connection_until_it_is_up_again() {
    let proxy = echo().await;
    let mut open = client_of(&proxy).await;
    open.write_all(b"x").await.unwrap();
    assert_eq!(open.read_u8().await.unwrap(), b'x');
    proxy.down();
    assert_eq!(rest(&mut open).await.1, Err(ErrorKind::ConnectionReset));
    assert!(exchange(&proxy, b"hello").await.1.is_err());
    proxy.up();
    assert_eq!(exchange(&proxy, b"hello").await, (b"hello".to_vec(), Ok(())));

    proxy.arm(Fault { direction: Direction::ToServer, after: 3, what: What::Down });
    for _ in 0..2 {
        assert!(exchange(&proxy, b"hello").await.1.is_err());
    }
    proxy.up();
    assert_eq!(exchange(&proxy, b"hello").await.0, b"hello");
}

#[tokio::test]
async fn a_pace_slows_both_ways() {
    let proxy = echo().await;
    proxy.set_pace(Pace { block: 2, pause: Duration::from_millis(10) });
    let began = Instant::now();
    assert_eq!(exchange(&proxy, b"0123456789").await, (b"0123456789".to_vec(), Ok(())));
    assert!(began.elapsed() >= Duration::from_millis(60), "{:?}", began.elapsed());
    proxy.set_full_pace();
    assert_eq!(exchange(&proxy, &content()).await.0, content());
}

#[tokio::test]
async fn a_server_that_is_not_there_resets() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = FaultProxy::before(&nobody.to_string()).await;
    assert!(exchange(&proxy, b"hello").await.1.is_err());
}
