#![allow(clippy::unwrap_used, clippy::expect_used)]

use agentdrop_test_support::s3::{ExternalS3, S3Access, S3Server};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::Builder;

fn client(access: &S3Access, secret: &str) -> Client {
    let credentials = Credentials::new(&access.access_key_id, secret, None, None, "test");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&access.endpoint)
        .region(Region::new(access.region.clone()))
        .credentials_provider(credentials)
        .http_client(Builder::new().build_http())
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

async fn round_trip(access: &S3Access, key: &str) {
    let client = client(access, &access.secret_access_key);
    let body = ByteStream::from_static(b"sixteen bytes...");
    client.put_object().bucket(&access.bucket).key(key).body(body).send().await.unwrap();
    let object = client.get_object().bucket(&access.bucket).key(key).range("bytes=8-").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().to_vec(), b"bytes...");
    client.delete_object().bucket(&access.bucket).key(key).send().await.unwrap();
    let gone = client.get_object().bucket(&access.bucket).key(key).send().await.unwrap_err();
    assert!(gone.into_service_error().is_no_such_key());
}

#[tokio::test]
async fn the_server_in_process_keeps_objects_on_a_current_thread_runtime() {
    round_trip(&S3Server::start(), "folder/object").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_in_process_keeps_objects_on_a_multi_thread_runtime() {
    round_trip(&S3Server::start(), "folder/object").await;
}

#[tokio::test]
async fn the_server_in_process_checks_signatures() {
    let server = S3Server::start();
    let refused = client(&server, "another secret").list_objects_v2().bucket(&server.bucket).send().await;
    assert_eq!(refused.unwrap_err().raw_response().unwrap().status().as_u16(), 403);
}

#[tokio::test]
async fn a_dropped_server_answers_no_more() {
    let server = S3Server::start();
    let address = server.endpoint.strip_prefix("http://").unwrap().to_owned();
    tokio::net::TcpStream::connect(&address).await.unwrap();
    drop(server);
    tokio::net::TcpStream::connect(&address).await.unwrap_err();
}

#[tokio::test]
#[ignore = "needs a real S3 server; run by scripts/test"]
async fn external_s3_keeps_objects() {
    let server = ExternalS3::from_env();
    round_trip(&server, "test-support/object").await;
}
