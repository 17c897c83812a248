//! S3 in this process, and servers that fail.

use std::net::{Ipv4Addr, SocketAddr};

use agentdrop_adapters::blobs::s3::{S3BlobStore, S3Config};
use agentdrop_domain::blob::{BlobError, BlobStore};
use agentdrop_test_support::s3::{S3Access, S3Server};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::contract::{Chunks, Keys, blob_contract, content, get};

pub fn config(access: &S3Access) -> S3Config {
    S3Config {
        bucket: access.bucket.clone(),
        endpoint: Some(access.endpoint.clone()),
        region: access.region.clone(),
        access_key_id: access.access_key_id.clone(),
        secret_access_key: access.secret_access_key.clone(),
        path_style: true,
    }
}

struct InProcess {
    store: S3BlobStore,
    server: S3Server,
}

impl InProcess {
    fn new() -> Self {
        let server = S3Server::start();
        Self { store: S3BlobStore::new(config(&server)), server }
    }

    fn store(&self) -> &dyn BlobStore {
        &self.store
    }
}

blob_contract!(in_process, InProcess::new());

/// What was tried and what the store said to it.
pub type Said = Vec<(&'static str, Result<(), BlobError>)>;

/// What every operation says when nothing can work.
pub async fn every_operation(store: &dyn BlobStore) -> Said {
    let (mut said, puts) = tokio::join!(reads_and_removals(store), puts(store));
    said.extend(puts);
    said
}

pub async fn reads_and_removals(store: &dyn BlobStore) -> Said {
    let key = Keys::new().key("object");
    let whole = async { ("get", get(store, &key, None).await.map(drop)) };
    let head = async { ("head", store.head(&key).await.map(drop)) };
    let delete = async { ("delete", store.delete(&key).await) };
    let list = async { ("list", store.list(None, 1).await.map(drop)) };
    let ping = async { ("ping", store.ping().await) };
    let (whole, head, delete, list, ping) = tokio::join!(whole, head, delete, list, ping);
    vec![whole, head, delete, list, ping]
}

async fn puts(store: &dyn BlobStore) -> Said {
    let key = Keys::new().key("object");
    let put =
        async |len: usize| store.put(&key, &mut Chunks::of(&content(len), 1 << 20), None).await.map(drop);
    let (small, large) = tokio::join!(put(10), put(9 << 20));
    vec![("put", small), ("put of parts", large)]
}

pub fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

pub async fn wrong_key_is_internal(access: &S3Access) {
    let store = S3BlobStore::new(S3Config { secret_access_key: "not-the-secret".into(), ..config(access) });
    for (operation, result) in every_operation(&store).await {
        let error = result.expect_err(operation);
        assert!(matches!(error, BlobError::Internal(_)), "{operation}: {error:?}");
        let told = chain(&error);
        assert!(
            told.contains("check the access key") && !told.contains("not-the-secret"),
            "{operation}: {told}"
        );
    }
}

#[tokio::test]
async fn a_wrong_secret_is_not_an_outage() {
    wrong_key_is_internal(&S3Server::start()).await;
}

#[tokio::test]
async fn a_server_that_is_down_is_an_outage() {
    let InProcess { store, server } = InProcess::new();
    drop(server);
    for (operation, result) in every_operation(&store).await {
        let error = result.expect_err(operation);
        assert!(matches!(error, BlobError::Unavailable(_)), "{operation}: {error:?}");
    }
}

/// A server that answers everything with `status` and an error of this code.
async fn server_that_answers(status: u16, code: &str) -> SocketAddr {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let body = format!("<Error><Code>{code}</Code><Message>so it is</Message></Error>");
    let answer =
        format!("HTTP/1.1 {status} No\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = socket.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = Vec::new();
                // The requests here have no body.
                while !request.ends_with(b"\r\n\r\n") {
                    if stream.read_buf(&mut request).await? == 0 {
                        break;
                    }
                }
                stream.write_all(answer.as_bytes()).await
            });
        }
    });
    address
}

#[tokio::test]
async fn a_refusal_is_told_apart_from_an_outage_and_a_full_store() {
    async fn answer(status: u16, code: &str) -> BlobError {
        let endpoint = Some(format!("http://{}", server_that_answers(status, code).await));
        let store = S3BlobStore::new(S3Config {
            bucket: "bucket".into(),
            endpoint,
            region: "us-east-1".into(),
            access_key_id: "key".into(),
            secret_access_key: "secret".into(),
            path_style: true,
        });
        store.put(&Keys::new().key("object"), &mut Chunks::of(&Bytes::new(), 1), None).await.unwrap_err()
    }
    let (busy, broken, full, full_as_minio_says, denied, no_bucket) = tokio::join!(
        answer(503, "SlowDown"),
        answer(500, "InternalError"),
        answer(507, "InsufficientStorage"),
        answer(507, "XMinioStorageFull"),
        answer(403, "AccessDenied"),
        answer(404, "NoSuchBucket"),
    );
    assert!(matches!(busy, BlobError::Unavailable(_)), "{busy:?}");
    assert!(matches!(broken, BlobError::Unavailable(_)), "{broken:?}");
    assert!(matches!(full, BlobError::NoSpace(_)), "{full:?}");
    assert!(matches!(full_as_minio_says, BlobError::NoSpace(_)), "{full_as_minio_says:?}");
    assert!(matches!(denied, BlobError::Internal(_)), "{denied:?}");
    assert!(
        matches!(no_bucket, BlobError::Internal(_)) && chain(&no_bucket).contains("create it"),
        "{no_bucket:?}"
    );
}
