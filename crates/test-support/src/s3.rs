//! S3 for tests: a server inside the test process, and the real one that `scripts/test` starts.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::thread::{self, JoinHandle};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder as ConnectionBuilder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::environment;

const BUCKET: &str = "agentdrop-test";
const REGION: &str = "us-east-1";

/// Where a bucket is and how to sign for it; path style.
#[derive(Clone)]
pub struct S3Access {
    /// `http://host:port`, without a trailing slash.
    pub endpoint: String,
    pub bucket: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub region: String,
}

/// An S3 server in this process, over a temporary folder, with one empty bucket; stops when dropped.
///
/// It runs on a thread and runtime of its own, so it answers under any flavour of `#[tokio::test]`. It knows
/// no `ListMultipartUploads`.
pub struct S3Server {
    access: S3Access,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl S3Server {
    /// # Panics
    /// If the folder or the socket cannot be had.
    #[must_use]
    pub fn start() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        // A bucket is a folder of this server's root.
        fs::create_dir(root.path().join(BUCKET)).expect("the temporary folder is writable");
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        let access = access_to(address);
        let service = service(&root, &access);
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("test-s3".to_owned())
            .spawn(move || {
                serve(socket, service, stopped);
                drop(root);
            })
            .expect("a thread starts");
        Self { access, stop: Some(stop), thread: Some(thread) }
    }
}

impl Deref for S3Server {
    type Target = S3Access;

    fn deref(&self) -> &S3Access {
        &self.access
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A panic of the server thread has been printed where it happened.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn access_to(address: SocketAddr) -> S3Access {
    S3Access {
        endpoint: format!("http://{address}"),
        bucket: BUCKET.to_owned(),
        access_key_id: "test-access-key".to_owned(),
        secret_access_key: "test-secret-key".to_owned(),
        region: REGION.to_owned(),
    }
}

fn service(root: &TempDir, access: &S3Access) -> S3Service {
    let storage = FileSystem::new(root.path()).expect("the temporary folder is there");
    let mut builder = S3ServiceBuilder::new(storage);
    builder.set_auth(SimpleAuth::from_single(access.access_key_id.clone(), access.secret_access_key.clone()));
    builder.build()
}

/// Runs until `stopped`'s sender is dropped.
fn serve(socket: std::net::TcpListener, service: S3Service, stopped: oneshot::Receiver<Infallible>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime starts").block_on(async move {
        tokio::select! {
            refused = accept_all(socket, service) => panic!("test S3: {refused:?}"),
            _ = stopped => {}
        }
    });
}

async fn accept_all(socket: std::net::TcpListener, service: S3Service) -> io::Result<Infallible> {
    socket.set_nonblocking(true)?;
    let socket = TcpListener::from_std(socket)?;
    loop {
        let (stream, _) = socket.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            // A client that hangs up is the client's affair.
            let _ = ConnectionBuilder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Which product the external server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3Product {
    Minio,
    SeaweedFs,
}

/// A real S3 server, started by `scripts/test` or named by hand; its bucket exists and is shared by all
/// tests, so each keeps to keys of its own.
pub struct ExternalS3 {
    access: S3Access,
    pub product: S3Product,
}

impl ExternalS3 {
    /// Reads `AGENTDROP_TEST_S3_ENDPOINT`, `_BUCKET`, `_ACCESS_KEY_ID`, `_SECRET_ACCESS_KEY`, `_REGION` and
    /// `_SERVER` (`minio` or `seaweedfs`).
    ///
    /// # Panics
    /// If one of them is missing, with the command that sets it.
    #[must_use]
    pub fn from_env() -> Self {
        let setting =
            |name: &str, meaning| environment::required(&format!("AGENTDROP_TEST_S3_{name}"), meaning);
        let product = match setting("SERVER", "minio or seaweedfs").as_str() {
            "minio" => S3Product::Minio,
            "seaweedfs" => S3Product::SeaweedFs,
            other => panic!("AGENTDROP_TEST_S3_SERVER is {other:?}; allowed: minio, seaweedfs"),
        };
        let access = S3Access {
            endpoint: setting("ENDPOINT", "URL of a real S3 server").trim_end_matches('/').to_owned(),
            bucket: setting("BUCKET", "an existing bucket of it"),
            access_key_id: setting("ACCESS_KEY_ID", "its access key"),
            secret_access_key: setting("SECRET_ACCESS_KEY", "its secret key"),
            region: setting("REGION", "its region"),
        };
        Self { access, product }
    }
}

impl Deref for ExternalS3 {
    type Target = S3Access;

    fn deref(&self) -> &S3Access {
        &self.access
    }
}
