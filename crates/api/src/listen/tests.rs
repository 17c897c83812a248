#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

use std::hash::{DefaultHasher, Hasher};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_server::{Server, ServerHandle};
use actix_web::{App, HttpRequest, HttpResponse, web};
use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

/// What the handlers of a server saw, and how they are held up.
struct Shared {
    handled: AtomicUsize,
    /// Handlers of `/blobs/held` read the body only once there is a permit.
    permits: Semaphore,
}

/// A server that answers every request with what it got.
struct TestServer {
    address: SocketAddr,
    certificate: Option<CertificateDer<'static>>,
    shared: web::Data<Shared>,
    handle: ServerHandle,
}

async fn echo(request: HttpRequest, mut body: web::Payload, shared: web::Data<Shared>) -> HttpResponse {
    shared.handled.fetch_add(1, Ordering::SeqCst);
    if request.path() == "/blobs/held" {
        shared.permits.acquire().await.unwrap().forget();
    }
    let (mut length, mut hash) = (0, DefaultHasher::new());
    while let Some(chunk) = body.next().await {
        let Ok(chunk) = chunk else { return HttpResponse::BadRequest().body("broken off") };
        length += chunk.len();
        hash.write(&chunk);
    }
    let peer = request.peer_addr().unwrap();
    HttpResponse::Ok().body(format!("{} {length} {:x} {peer}", request.method(), hash.finish()))
}

/// What [`echo`] answers to a client that sent this body.
fn echoed(method: &str, body: &[u8], client: &Client) -> String {
    let mut hash = DefaultHasher::new();
    hash.write(body);
    format!("{method} {} {:x} {}", body.len(), hash.finish(), client.address)
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}

fn patience() -> Patience {
    Patience {
        handshake: LIMIT,
        head: LIMIT,
        later_head: LIMIT,
        keep_alive: LIMIT,
        close: Duration::from_secs(1),
    }
}

impl TestServer {
    fn plain() -> Self {
        Self::start(None, patience())
    }

    fn with_tls(patience: Patience) -> Self {
        let generated = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(generated.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![generated.cert.der().clone()], key.into())
            .unwrap();
        Self::start(Some((config, generated.cert.der().clone())), patience)
    }

    fn start(tls: Option<(ServerConfig, CertificateDer<'static>)>, patience: Patience) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (config, certificate) = tls.unzip();
        let shared = web::Data::new(Shared { handled: AtomicUsize::new(0), permits: Semaphore::new(0) });
        let data = shared.clone();
        let builder = Server::build().workers(1).disable_signals().shutdown_timeout(60);
        let listener = Listener { socket, tls: config.map(Arc::new) };
        let app = move || App::new().app_data(data.clone()).default_service(web::to(echo));
        let server = listen(builder, listener, patience, app).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, certificate, shared, handle }
    }

    async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let own = stream.local_addr().unwrap();
        let Some(certificate) = self.certificate.clone() else { return Client::new(stream, own) };
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        Client::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap(), own)
    }

    /// Waits until so many handlers were called.
    async fn are_handled(&self, count: usize) {
        while self.shared.handled.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    }

    /// Sends these bytes on a connection of their own; the answers' statuses until the server ends it.
    async fn outcome(&self, bytes: &[u8]) -> Vec<u16> {
        let mut client = self.connect().await;
        client.send(bytes).await;
        client.until_end().await.into_iter().map(|answer| answer.0).collect()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Asked, not awaited.
        drop(self.handle.stop(false));
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

struct Client {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
    address: SocketAddr,
}

/// Status, head in lower case, body.
type Answer = (u16, String, String);

impl Client {
    fn new(stream: impl Stream + 'static, address: SocketAddr) -> Self {
        Self { stream: Box::new(stream), received: Vec::new(), address }
    }

    async fn send(&mut self, bytes: &[u8]) {
        timeout(LIMIT, self.stream.write_all(bytes)).await.expect("the bytes are taken").unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Whether more came before the connection's end. A reset is an end as well: the server leaves unread
    /// what follows a body.
    async fn more(&mut self) -> bool {
        let read =
            timeout(LIMIT, self.stream.read_buf(&mut self.received)).await.expect("an answer or the end");
        read.is_ok_and(|read| read > 0)
    }

    fn complete(&mut self) -> Option<Answer> {
        let end = self.received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8(self.received[..end].to_vec()).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        let whole = end + length.parse::<usize>().unwrap();
        let body = String::from_utf8(self.received.get(end..whole)?.to_vec()).unwrap();
        self.received.drain(..whole);
        Some((head[9..12].parse().unwrap(), head, body))
    }

    async fn answer(&mut self) -> Answer {
        loop {
            if let Some(answer) = self.complete() {
                return answer;
            }
            assert!(self.more().await, "the connection ended before the answer");
        }
    }

    async fn until_end(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        loop {
            while let Some(answer) = self.complete() {
                answers.push(answer);
            }
            if !self.more().await {
                return answers;
            }
        }
    }
}

fn upload(path: &str, framing: &str) -> Vec<u8> {
    format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n{framing}\r\n").into_bytes()
}

fn odd(path: &str, length: usize) -> Vec<u8> {
    upload(path, &format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"))
}

const LARGE: usize = 3 << 20;

async fn takes_an_upload_with_both_framings(server: &TestServer) {
    let mut client = server.connect().await;
    client.send(&odd("/blobs/f", LARGE)).await;
    client.send(&bytes(LARGE)).await;
    let (status, head, body) = client.answer().await;
    assert_eq!((status, body), (200, echoed("PUT", &bytes(LARGE), &client)));
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    assert!(client.until_end().await.is_empty());
}

async fn takes_ordinary_requests(server: &TestServer) {
    let mut client = server.connect().await;
    let get = b"GET /blobs/f HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.send(&get.repeat(2)).await;
    for _ in 0..2 {
        assert_eq!(client.answer().await.2, echoed("GET", b"", &client));
    }
    client.send(&upload("/blobs/f", &format!("Content-Length: {LARGE}\r\n"))).await;
    client.send(&bytes(LARGE)).await;
    assert_eq!(client.answer().await.2, echoed("PUT", &bytes(LARGE), &client));
    client.send(&upload("/blobs/f", "Transfer-Encoding: chunked\r\n")).await;
    client.send(b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n").await;
    assert_eq!(client.answer().await.2, echoed("PUT", b"hello", &client));
    client.send(get).await;
    assert_eq!(client.answer().await.0, 200);
}

#[actix_web::test]
async fn uploads_with_both_framings_are_taken() {
    takes_an_upload_with_both_framings(&TestServer::plain()).await;
}

#[actix_web::test]
async fn uploads_with_both_framings_are_taken_within_tls() {
    takes_an_upload_with_both_framings(&TestServer::with_tls(patience())).await;
}

#[actix_web::test]
async fn ordinary_requests_keep_their_connection_and_may_be_pipelined() {
    takes_ordinary_requests(&TestServer::plain()).await;
}

#[actix_web::test]
async fn ordinary_requests_keep_their_connection_and_may_be_pipelined_within_tls() {
    takes_ordinary_requests(&TestServer::with_tls(patience())).await;
}

#[actix_web::test]
async fn a_handler_that_is_slower_than_the_client_gets_the_whole_body() {
    let server = TestServer::plain();
    let mut client = server.connect().await;
    // More than the parser hands on at once, less than what it reads ahead.
    let length = 200 << 10;
    client.send(&[odd("/blobs/held", length), bytes(length)].concat()).await;
    server.are_handled(1).await;
    server.shared.permits.add_permits(1);
    assert_eq!(client.answer().await.2, echoed("PUT", &bytes(length), &client));
}

#[actix_web::test]
async fn what_follows_such_an_upload_is_never_a_request() {
    let server = TestServer::plain();
    let smuggled = b"GET /blobs/second HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let bytes = [&odd("/blobs/f", 5)[..], b"hello", smuggled].concat();
    assert_eq!(server.outcome(&bytes).await, [200]);
    // Whatever a proxy would have taken the chunks to be.
    let bytes = [&odd("/blobs/f", 5)[..], b"0\r\n\r\n", smuggled].concat();
    assert_eq!(server.outcome(&bytes).await, [200]);
    assert_eq!(server.shared.handled.load(Ordering::SeqCst), 2);
}

#[actix_web::test]
async fn a_body_that_breaks_off_is_an_error_for_the_handler() {
    let server = TestServer::plain();
    let mut client = server.connect().await;
    client.send(&[&odd("/blobs/f", 9)[..], b"hello"].concat()).await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.answer().await.2, "broken off");
}

#[actix_web::test]
async fn the_parser_refuses_every_other_shape() {
    let server = TestServer::plain();
    for framing in [
        "Content-Length: 5\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked, chunked\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: +5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n",
    ] {
        let bytes = [&upload("/blobs/f", framing)[..], b"hello"].concat();
        assert_eq!(server.outcome(&bytes).await, [400], "{framing}");
    }
    let bytes = [&odd("/v1/transfers", 5)[..], b"hello"].concat();
    assert_eq!(server.outcome(&bytes).await, [400]);
    assert_eq!(server.shared.handled.load(Ordering::SeqCst), 0);
}

#[actix_web::test]
async fn only_the_first_request_of_a_connection_may_have_both_framings() {
    let server = TestServer::plain();
    let first = b"GET /blobs/f HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let bytes = [&first[..], &odd("/blobs/f", 5), b"hello"].concat();
    assert_eq!(server.outcome(&bytes).await, [200, 400]);
    assert_eq!(server.shared.handled.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn who_expects_100_continue_gets_it() {
    let server = TestServer::plain();
    let mut client = server.connect().await;
    let framing = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n";
    client.send(&upload("/blobs/f", framing)).await;
    assert_eq!(client.answer().await.0, 100);
    client.send(b"hello").await;
    assert_eq!(client.answer().await.2, echoed("PUT", b"hello", &client));
}

#[actix_web::test]
async fn a_head_that_is_held_back_is_waited_for_no_longer_than_others() {
    let server = TestServer::start(None, Patience { head: Duration::from_millis(200), ..patience() });
    for head in ["PUT /bl", "PUT /blobs/f HTTP/1.1\r\nHost: a\r\n", "GET /blobs/f HTTP/1.1\r\n"] {
        assert_eq!(server.outcome(head.as_bytes()).await, [408], "{head}");
    }
    assert_eq!(server.shared.handled.load(Ordering::SeqCst), 0);
}

#[actix_web::test]
async fn no_later_head_is_waited_for_any_longer() {
    let server = TestServer::start(None, Patience { later_head: Duration::from_millis(100), ..patience() });
    let get = b"GET /blobs/f HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for later in [1, 3] {
        let mut client = server.connect().await;
        for _ in 0..later {
            client.send(get).await;
            assert_eq!(client.answer().await.0, 200);
        }
        client.send(b"GET /blo").await;
        assert!(client.until_end().await.is_empty());
    }
}

#[actix_web::test]
async fn a_request_that_runs_may_take_longer_than_a_head() {
    let server = TestServer::start(None, Patience { later_head: Duration::from_millis(100), ..patience() });
    let mut client = server.connect().await;
    let get = b"GET /blobs/f HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.send(get).await;
    assert_eq!(client.answer().await.0, 200);
    // Its body is slow, and a next one is already begun.
    client.send(&upload("/blobs/held", "Content-Length: 10\r\n")).await;
    client.send(b"hello").await;
    server.are_handled(2).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.send(b"hello").await;
    client.send(&get[..9]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.shared.permits.add_permits(1);
    assert_eq!(client.answer().await.2, echoed("PUT", b"hellohello", &client));
    client.send(&get[9..]).await;
    assert_eq!(client.answer().await.0, 200);
    // Nothing has begun: the connection stays.
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.send(get).await;
    assert_eq!(client.answer().await.0, 200);
}

#[actix_web::test]
async fn a_handshake_that_does_not_come_is_not_waited_for() {
    let server = TestServer::with_tls(Patience { handshake: Duration::from_millis(200), ..patience() });
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let read = timeout(LIMIT, silent.read(&mut [0; 64])).await.expect("the connection ends");
    assert_eq!(read.unwrap_or(0), 0);
    takes_an_upload_with_both_framings(&server).await;
}

#[actix_web::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let server = TestServer::plain();
    let mut idle = server.connect().await;
    idle.send(b"GET /blobs/f HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(idle.answer().await.0, 200);
    timeout(LIMIT / 2, server.handle.stop(true)).await.expect("it ends before the connection would");
    assert!(idle.until_end().await.is_empty());
}

#[actix_web::test]
async fn a_running_request_is_finished_before_the_end() {
    let server = TestServer::plain();
    let mut client = server.connect().await;
    client.send(&odd("/blobs/held", 5)).await;
    client.send(b"hello").await;
    server.are_handled(1).await;
    let stopping = tokio::spawn(server.handle.stop(true));
    server.shared.permits.add_permits(1);
    assert_eq!(client.answer().await.0, 200);
    timeout(LIMIT, stopping).await.expect("it ends").unwrap();
}
