//! TLS to Postgres: what is encrypted is verified, whatever the URL asks for.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use agentdrop_adapters::sql::{Location, OpenError, Options, SqlDatabase};
use agentdrop_domain::store::StoreError;
use agentdrop_test_support::postgres::TestDatabase;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use url::Url;

/// How a client asks for TLS, in place of its first message.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A Postgres with TLS: speaks it in front of one without.
struct TlsPostgres {
    database: TestDatabase,
    address: SocketAddr,
    handshakes: Arc<AtomicU32>,
    folder: TempDir,
    _front: JoinSet<()>,
}

impl TlsPostgres {
    /// With a certificate for the name `localhost` from an authority of its own.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let acceptor = acceptor(&folder.path().join("ca.pem"));
        let database = TestDatabase::empty().await;
        let server = Url::parse(database.url()).unwrap().socket_addrs(|| Some(5432)).unwrap()[0];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handshakes = Arc::new(AtomicU32::new(0));
        let done = Arc::clone(&handshakes);
        let mut front = JoinSet::new();
        front.spawn(async move {
            let mut carried = JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                carried.spawn(carry(near, server, acceptor.clone(), Arc::clone(&done)));
            }
        });
        Self { database, address, handshakes, folder, _front: front }
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Connects by a host name with these parameters; how many handshakes that took.
    async fn connect(
        &self,
        host: &str,
        parameters: &[(&str, &str)],
    ) -> (Result<SqlDatabase, OpenError>, u32) {
        let mut url = Url::parse(self.database.url()).unwrap();
        url.set_host(Some(host)).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.query_pairs_mut().clear().extend_pairs(parameters);
        let before = self.handshakes.load(Ordering::SeqCst);
        let options = Options { connections: 1, ..Options::default() };
        let outcome = SqlDatabase::connect(&Location::Postgres(url.into()), &options).await;
        (outcome, self.handshakes.load(Ordering::SeqCst) - before)
    }
}

fn acceptor(authority_file: &Path) -> TlsAcceptor {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(authority_file, authority.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn carry(mut near: TcpStream, server: SocketAddr, acceptor: TlsAcceptor, handshakes: Arc<AtomicU32>) {
    let mut far = TcpStream::connect(server).await.unwrap();
    let mut first = [0; 8];
    near.read_exact(&mut first).await.unwrap();
    // However it ends, the client says what it saw.
    let _ended = if first == SSL_REQUEST {
        near.write_all(b"S").await.unwrap();
        let Ok(mut near) = acceptor.accept(near).await else { return };
        handshakes.fetch_add(1, Ordering::SeqCst);
        copy_bidirectional(&mut near, &mut far).await
    } else {
        far.write_all(&first).await.unwrap();
        copy_bidirectional(&mut near, &mut far).await
    };
}

#[track_caller]
fn assert_refused(outcome: Result<SqlDatabase, OpenError>, reason: &str) {
    match outcome {
        Ok(_) => panic!("it connected"),
        Err(OpenError::NoAnswer(StoreError::Unavailable { source, .. })) => {
            assert!(source.to_string().contains(reason), "{source}");
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn require_refuses_a_certificate_that_nobody_vouches_for() {
    let postgres = TlsPostgres::start().await;
    for mode in ["require", "verify-ca", "verify-full"] {
        let (outcome, handshakes) = postgres.connect("localhost", &[("sslmode", mode)]).await;
        assert_refused(outcome, "UnknownIssuer");
        assert_eq!(handshakes, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn require_accepts_the_named_authority_for_the_right_host() {
    let postgres = TlsPostgres::start().await;
    let authority = postgres.authority();
    let named = [("sslmode", "require"), ("sslrootcert", authority.to_str().unwrap())];
    let (outcome, handshakes) = postgres.connect("localhost", &named).await;
    assert!(outcome.unwrap().migrate().await.is_ok());
    assert_eq!(handshakes, 1);
    let (outcome, handshakes) = postgres.connect("127.0.0.1", &named).await;
    assert_refused(outcome, "not valid for name");
    assert_eq!(handshakes, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn require_refuses_a_server_without_tls() {
    let database = TestDatabase::empty().await;
    let location = Location::Postgres(format!("{}?sslmode=require", database.url()));
    assert_refused(SqlDatabase::connect(&location, &Options::default()).await, "server does not support TLS");
}

#[tokio::test(flavor = "multi_thread")]
async fn prefer_encrypts_where_it_can_verify_and_disable_never() {
    let postgres = TlsPostgres::start().await;
    let authority = postgres.authority();
    let authority = authority.to_str().unwrap();
    for (parameters, encrypted) in [
        (&[("sslrootcert", authority)][..], 1),
        (&[("sslmode", "prefer"), ("sslrootcert", authority)], 1),
        (&[], 0),
        (&[("sslmode", "disable"), ("sslrootcert", authority)], 0),
    ] {
        let (outcome, handshakes) = postgres.connect("localhost", parameters).await;
        assert!(outcome.unwrap().migrate().await.is_ok(), "{parameters:?}");
        // One for the pool; the migrations came after the count.
        assert_eq!(handshakes, encrypted, "{parameters:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_cannot_be_read_are_named() {
    let postgres = TlsPostgres::start().await;
    let missing = postgres.folder.path().join("missing.pem");
    let empty = postgres.folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate in here").unwrap();
    for path in [missing, empty] {
        let (outcome, _) = postgres.connect("localhost", &[("sslrootcert", path.to_str().unwrap())]).await;
        match outcome.err() {
            Some(OpenError::RootCertificates { path: named, .. }) => assert_eq!(named, path),
            other => panic!("{other:?}"),
        }
    }
}
