use std::time::Duration;

use agentdrop_adapters::blobs::fs::{Durability, FsBlobStore};
use agentdrop_domain::blob::{BlobError, BlobStore, ObjectKey};
use agentdrop_domain::transfer::{DirectPut, DirectStore, PutUrl, StoredPart};
use agentdrop_test_support::s3::S3Server;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::direct::{BYTES, Wrong, trial};
use super::super::trial::object_key;
use super::stores::{Replaced, in_bucket};
use super::*;

fn directly(server: &S3Server, public: &str) -> Setup {
    in_bucket(server).set("AGENTDROP_DELIVERY", "direct").set("AGENTDROP_S3_PUBLIC_ENDPOINT", public)
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_delivery_is_tried_as_clients_use_it() {
    let server = S3Server::start();
    let finding = in_bucket(&server).finding("direct delivery").await;
    assert_line(&finding, Verdict::Ok, &["pass through this server"]);
    let finding = directly(&server, &server.endpoint).finding("direct delivery").await;
    assert_line(&finding, Verdict::Ok, &["went to the store once, and came back"]);

    let other = S3Server::start();
    let finding = directly(&server, &other.endpoint).finding("direct delivery").await;
    assert_line(&finding, Verdict::Fail, &["goes to another store", "leads to the store of"]);
    let gone = other.endpoint.clone();
    drop(other);
    let finding = directly(&server, &gone).finding("direct delivery").await;
    assert_line(&finding, Verdict::Fail, &[&format!("nobody answers at {gone}"), "at which clients reach"]);

    let wrong_key =
        directly(&server, &server.endpoint).set("AGENTDROP_S3_SECRET_ACCESS_KEY", "another-secret");
    let findings = wrong_key.check("direct delivery").await;
    assert_line(&findings[0], Verdict::Fail, &["a signed PUT is answered 403"]);
    assert_line(&findings[1], Verdict::Warn, &["can't delete the object doctor-"]);
    assert!(findings.iter().all(|finding| !finding.line("x").contains("another-secret")));
}

/// A store whose URLs lead to a server with these answers, one after the other.
struct Answering(String);

impl Answering {
    async fn with(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            for status in statuses {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await.unwrap();
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self(base)
    }
}

#[async_trait]
impl DirectStore for Answering {
    fn put_url(&self, _: DirectPut<'_>, _: Duration) -> Result<PutUrl, BlobError> {
        Ok(PutUrl { url: self.0.clone(), headers: Vec::new() })
    }

    fn get_url(&self, _: &ObjectKey, _: &str, _: Duration) -> Result<String, BlobError> {
        Ok(self.0.clone())
    }

    async fn begin(&self, _: &ObjectKey) -> Result<String, BlobError> {
        unimplemented!("the trial sends no parts")
    }

    async fn parts(&self, _: &ObjectKey, _: &str) -> Result<Vec<StoredPart>, BlobError> {
        unimplemented!("the trial sends no parts")
    }

    async fn abort(&self, _: &ObjectKey, _: &str) -> Result<(), BlobError> {
        unimplemented!("the trial sends no parts")
    }

    async fn complete(&self, _: &ObjectKey, _: &str, _: &[StoredPart]) -> Result<(), BlobError> {
        unimplemented!("the trial sends no parts")
    }
}

#[tokio::test]
async fn a_store_that_takes_too_much_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = FsBlobStore::open(folder.path(), Durability::Os).await.unwrap();
    let key = object_key("0");
    blobs.put(&key, &mut Replaced(Some(Bytes::from_static(BYTES))), None).await.unwrap();
    let tried = async |statuses| trial(&Answering::with(statuses).await, &blobs, &key).await.unwrap_err();
    assert!(matches!(tried(&[200]).await, Wrong::AnySize));
    assert!(matches!(tried(&[403, 200, 200]).await, Wrong::Twice(_)));
    assert!(matches!(tried(&[403, 200, 412, 404]).await, Wrong::Refused(http::Method::GET, _)));
    assert!(matches!(tried(&[403, 200, 412, 200]).await, Wrong::Elsewhere), "other bytes came back");
}
