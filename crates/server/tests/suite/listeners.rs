//! The listeners: TLS of the server's own, the one for signed URLs alone, and why it stands beside nginx.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use agentdrop_test_support::app::{App, Backend};
use agentdrop_test_support::process::{TestProcess, command, run};
use reqwest::Method;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::sdk::sent_with_two_framings;

const PATIENCE: Duration = Duration::from_secs(60);
const NGINX_CONF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/nginx.conf");

fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A server with a listener for signed URLs, and that listener's URL.
async fn with_blob_listener() -> (App, String) {
    let address = free_address();
    let url = format!("http://{address}");
    let variables =
        [("AGENTDROP_BLOB_LISTEN", address.to_string()), ("AGENTDROP_BLOB_PUBLIC_URL", url.clone())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    (App::start_with(Backend::Embedded, &variables).await, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_urls_lead_to_their_listener_which_answers_nothing_else() {
    let (app, blobs) = with_blob_listener().await;
    let pair = app.pair().await;
    let id = app.send(&pair.a.key, "alpha", "beta", b"hello", &[]).await.expect(201).text("id");
    let claimed = app.get(&format!("/v1/transfers/{id}/download"), &pair.b.key).await.expect(200);
    let url = claimed["files"][0]["download_url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{blobs}/blobs/")), "{url}");
    for url in [url.to_owned(), url.replace(&blobs, &app.url)] {
        let fetched = app.request(Method::GET, &url, "").send().await.unwrap();
        assert_eq!(fetched.bytes().await.unwrap(), "hello", "{url}");
    }

    assert_eq!(app.get(&format!("{blobs}/healthz"), "").await.status, 200);
    for path in ["/", "/readyz", "/v1/agents", "/v1/inbox", "/docs/", "/openapi.json", "/blobs"] {
        let refused = app.get(&format!("{blobs}{path}"), &pair.a.key).await;
        assert_eq!(refused.outcome(), (404, "NOT_FOUND"), "{path}");
        assert!(refused["error"]["request_id"].is_string() || refused["error"]["message"].is_string());
    }
    let refused = app.delete(&format!("{blobs}/blobs/00000000-0000-7000-8000-000000000000"), "").await;
    assert_eq!(refused.outcome(), (405, "METHOD_NOT_ALLOWED"));
    app.running.stop().await;
}

/// An upload with two framings, as the official SDK sends it, with a URL that nobody has signed.
const TWO_FRAMINGS: &str = "PUT /blobs/00000000-0000-7000-8000-000000000000?sig=00 HTTP/1.1\r\n\
    Host: localhost\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello";
const ONE_FRAMING: &str = "PUT /blobs/00000000-0000-7000-8000-000000000000?sig=00 HTTP/1.1\r\n\
    Host: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";

/// All that comes back for these bytes, in lower case, until the connection ends.
async fn conversation(mut stream: impl AsyncRead + AsyncWrite + Unpin, sent: &str) -> String {
    let exchange = async {
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        let mut received = Vec::new();
        // A peer that ends TLS without a word has said what it had to say.
        let _ = stream.read_to_end(&mut received).await;
        String::from_utf8_lossy(&received).to_lowercase()
    };
    timeout(PATIENCE, exchange).await.expect("the connection ends")
}

async fn asked(address: SocketAddr, sent: &str) -> String {
    conversation(TcpStream::connect(address).await.unwrap(), sent).await
}

/// Whether the server itself answered, and not what stands before it; it knows no such URL.
fn is_the_servers_own(answer: &str) -> bool {
    answer.contains("\r\nx-request-id: req_") && answer.contains("\"error\":{")
}

/// nginx with the example configuration, except for names, ports and TLS.
fn nginx(folder: &Path, front: SocketAddr, behind: SocketAddr) -> TestProcess {
    let example = std::fs::read_to_string(NGINX_CONF).unwrap();
    let (upstream, server) = example.split_once("server {\n    listen 443").unwrap();
    let upstream = &upstream[..upstream.find("server {\n    listen 80").unwrap()];
    let server: String = server
        .lines()
        .skip(1)
        .filter(|line| !line.trim_start().starts_with("ssl_") && !line.contains("listen [::]"))
        .map(|line| format!("{line}\n"))
        .collect();
    let folder = folder.display();
    let localized = format!("{upstream}server {{\n    listen {front};\n{server}")
        .replace("127.0.0.1:8080", &behind.to_string())
        .replace("/var/log/nginx", &folder.to_string());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {folder}/{what};\n"))
        .concat();
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr info;\nevents {{}}\n\
         http {{\n{temporary}{localized}\n}}\n"
    );
    let path = format!("{folder}/nginx.conf");
    std::fs::write(&path, whole).unwrap();
    let sbin = "/usr/sbin/nginx";
    let mut program = command(if Path::new(sbin).exists() { sbin } else { "nginx" });
    program.args(["-e", "stderr", "-c", &path]);
    TestProcess::spawn(program)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx; run by scripts/test"]
async fn nginx_refuses_uploads_with_two_framings_and_the_listener_beside_it_takes_them() {
    let (app, _) = with_blob_listener().await;
    let folder = TempDir::new().unwrap();
    let front = free_address();
    let mut nginx = nginx(folder.path(), front, app.running.address);
    nginx.wait_for_http_200(&format!("http://{front}/healthz"), PATIENCE).await;

    let passed = asked(front, ONE_FRAMING).await;
    assert!(is_the_servers_own(&passed), "{passed}");
    let refused = asked(front, TWO_FRAMINGS).await;
    assert!(refused.starts_with("http/1.1 400 ") && refused.contains("nginx"), "{refused}");
    assert!(!is_the_servers_own(&refused), "{refused}");

    let beside = asked(app.running.blob_address.unwrap(), TWO_FRAMINGS).await;
    assert!(is_the_servers_own(&beside), "{beside}");
    assert!(!beside.starts_with("http/1.1 400 "), "{beside}");
    assert!(beside.contains("\r\nconnection: close\r\n"), "{beside}");
    app.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx and the official SDK; run by scripts/test"]
async fn large_files_of_the_sdk_pass_beside_nginx_and_not_through_it() {
    for beside in [false, true] {
        let (front, blobs) = (free_address(), free_address());
        let (front_url, blob_url) = (format!("http://{front}"), format!("http://{blobs}"));
        let mut variables = vec![("AGENTDROP_PUBLIC_URL", front_url.as_str())];
        let blobs = blobs.to_string();
        if beside {
            variables.extend([
                ("AGENTDROP_BLOB_LISTEN", blobs.as_str()),
                ("AGENTDROP_BLOB_PUBLIC_URL", &blob_url),
            ]);
        }
        let app = App::start_with(Backend::Embedded, &variables).await;
        let folder = TempDir::new().unwrap();
        let mut nginx = nginx(folder.path(), front, app.running.address);
        nginx.wait_for_http_200(&format!("{front_url}/healthz"), PATIENCE).await;
        let outcome = sent_with_two_framings(&app, &[]).await;
        assert_eq!(outcome, if beside { "arrived" } else { "refused 400" });
        app.running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official SDK; run by scripts/test"]
async fn large_files_of_the_sdk_pass_through_the_servers_own_tls() {
    let files = Certificates::new();
    files.renew();
    let address = free_address();
    let app = App::start_with(
        Backend::Embedded,
        &[
            ("AGENTDROP_LISTEN", &address.to_string()),
            ("AGENTDROP_PUBLIC_URL", &format!("https://localhost:{}", address.port())),
            ("AGENTDROP_TLS_CERT_FILE", &files.path("cert.pem")),
            ("AGENTDROP_TLS_KEY_FILE", &files.path("key.pem")),
        ],
    )
    .await;
    let outcome = sent_with_two_framings(&app, &[("REQUESTS_CA_BUNDLE", &files.path("cert.pem"))]).await;
    assert_eq!(outcome, "arrived");
    app.running.stop().await;
}

/// A folder with a certificate and its key.
struct Certificates(TempDir);

impl Certificates {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Writes a fresh one for `localhost`.
    fn renew(&self) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(self.path("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(self.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
        made.cert.der().clone()
    }

    fn environment(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("AGENTDROP_LISTEN", free_address().to_string()),
            ("AGENTDROP_DATA_DIR", self.path("data")),
            ("AGENTDROP_TLS_CERT_FILE", self.path("cert.pem")),
            ("AGENTDROP_TLS_KEY_FILE", self.path("key.pem")),
        ])
    }
}

fn server(environment: &BTreeMap<&'static str, String>, argument: &str) -> Command {
    let mut program = command(env!("CARGO_BIN_EXE_agentdrop-server"));
    program.arg(argument).envs(environment);
    program
}

/// The conversation within TLS, or that the certificate is not the one.
async fn asked_within_tls(
    address: SocketAddr,
    certificate: &CertificateDer<'static>,
    sent: &str,
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    Ok(conversation(stream, sent).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_speaks_tls_with_a_certificate_that_is_read_again_on_request() {
    let files = Certificates::new();
    let first = files.renew();
    let environment = files.environment();
    let address: SocketAddr = environment["AGENTDROP_LISTEN"].parse().unwrap();
    let mut node = TestProcess::spawn(server(&environment, "serve"));
    node.wait_for_line(&format!("listening on  https://{address}"), PATIENCE).await;
    assert!(run(server(&environment, "healthcheck"), PATIENCE).await.status.success());
    let healthz = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = asked_within_tls(address, &first, healthz).await.unwrap();
    assert!(answer.starts_with("http/1.1 200 ok"), "{answer}");
    let answer = asked_within_tls(address, &first, TWO_FRAMINGS).await.unwrap();
    assert!(is_the_servers_own(&answer) && !answer.starts_with("http/1.1 400 "), "{answer}");
    let in_clear = asked(address, healthz).await;
    assert!(!in_clear.contains("200 ok"), "{in_clear}");

    let second = files.renew();
    node.hang_up();
    node.wait_for_line("the certificate was read again", PATIENCE).await;
    assert!(asked_within_tls(address, &first, healthz).await.is_err());
    asked_within_tls(address, &second, healthz).await.unwrap();

    std::fs::write(files.path("cert.pem"), "nothing").unwrap();
    node.hang_up();
    let line = node.wait_for_line("the certificate stays the one", PATIENCE).await;
    assert!(line.contains("AGENTDROP_TLS_CERT_FILE"), "{line}");
    asked_within_tls(address, &second, healthz).await.unwrap();
    node.terminate();
    assert!(node.wait(PATIENCE).await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_none_stops_the_start_and_fails_the_doctor() {
    let files = Certificates::new();
    files.renew();
    std::fs::write(files.path("key.pem"), "nothing").unwrap();
    let environment = files.environment();
    let started = run(server(&environment, "serve"), PATIENCE).await;
    assert!(!started.status.success());
    assert!(started.stderr.contains("`tls.key_file` (AGENTDROP_TLS_KEY_FILE) names"), "{}", started.stderr);
    let examined = run(server(&environment, "doctor"), PATIENCE).await;
    assert_eq!(examined.status.code(), Some(1));
    assert!(examined.stdout.contains("FAIL  TLS: `tls.key_file`"), "{}", examined.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_may_be_for_signed_urls_alone() {
    let files = Certificates::new();
    let certificate = files.renew();
    let mut environment = files.environment();
    let (main, blobs) = (environment["AGENTDROP_LISTEN"].parse().unwrap(), free_address());
    environment.insert("AGENTDROP_BLOB_LISTEN", blobs.to_string());
    environment.insert("AGENTDROP_BLOB_PUBLIC_URL", format!("https://localhost:{}", blobs.port()));
    environment.insert("AGENTDROP_TLS_LISTENERS", "blobs".to_owned());
    let node = TestProcess::spawn(server(&environment, "serve"));
    node.wait_for_line(&format!("blobs also on https://{blobs}"), PATIENCE).await;
    let healthz = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(asked(main, healthz).await.starts_with("http/1.1 200 ok"));
    let answer = asked_within_tls(blobs, &certificate, healthz).await.unwrap();
    assert!(answer.starts_with("http/1.1 200 ok"), "{answer}");
    assert!(run(server(&environment, "healthcheck"), PATIENCE).await.status.success());
}
