//! Prepared uploads: sent, sent again, given up, run out; through the server and past it.

use agentdrop_domain::act::{self, Act, Cx};
use agentdrop_domain::ids::TransferId;
use agentdrop_domain::store::{StoreError, UnitOfWork};
use agentdrop_domain::transfer::TransferStatus;
use agentdrop_test_support::app::Backend;
use async_trait::async_trait;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::super::{Node, World};

on_both_backends!(
    at_the_commits_of_a_prepared_upload,
    at_the_commits_of_a_part_that_is_sent_again,
    at_the_commits_of_giving_up,
    at_the_commits_of_running_out,
    at_the_commits_of_waiting_in_vain,
);

const PART: usize = 5 << 20;

/// An upload in parts, as far as it came.
#[derive(Default)]
struct PreparedUpload {
    prepared: Option<Value>,
}

impl PreparedUpload {
    fn id(&self) -> &str {
        self.prepared.as_ref().unwrap()["id"].as_str().unwrap()
    }

    fn of_file(&self, index: usize, what: &str) -> String {
        let file = self.prepared.as_ref().unwrap()["files"][index]["file_id"].as_str().unwrap();
        format!("/v1/transfers/{}/files/{file}/{what}", self.id())
    }

    /// Prepares files of these sizes, unless that is done.
    async fn prepare(&mut self, node: &Node, key: &str, sizes: &[usize]) -> reqwest::Result<()> {
        if self.prepared.is_none() {
            let file = |size: &usize| json!({"name": format!("{size}.bin"), "size": size, "part_size": PART});
            let files: Vec<Value> = sizes.iter().map(file).collect();
            let body = json!({"sender": "one", "recipient": "two", "files": files});
            let path = "/v1/transfers/presigned/multipart";
            let answer = node.request(Method::POST, path, key).json(&body).send().await?;
            self.prepared = Some(answer.error_for_status().unwrap().json().await?);
        }
        Ok(())
    }

    /// Sends what is missing of a file, as a client that has crashed does. Ends where there is no answer.
    async fn send(&self, node: &Node, key: &str, index: usize) -> reqwest::Result<()> {
        let urls = node.request(Method::POST, &self.of_file(index, "part-urls"), key).json(&json!({}));
        let urls = expect(urls, "ALREADY_CONFIRMED").await?;
        for url in urls["part_urls"].as_array().into_iter().flatten() {
            put(node, url, 0).await?;
        }
        Ok(())
    }

    async fn complete(&self, node: &Node, key: &str, index: usize) -> reqwest::Result<()> {
        let upload = &self.prepared.as_ref().unwrap()["files"][index]["upload_id"];
        let body = json!({"upload_id": upload, "parts": []});
        let request = node.request(Method::POST, &self.of_file(index, "complete-multipart"), key);
        expect(request.json(&body), "ALREADY_CONFIRMED").await.map(drop)
    }

    async fn abort(&self, node: &Node, key: &str, index: usize) -> reqwest::Result<()> {
        let upload = &self.prepared.as_ref().unwrap()["files"][index]["upload_id"];
        let request = node.request(Method::POST, &self.of_file(index, "abort-multipart"), key);
        expect(request.json(&json!({"upload_id": upload})), "GONE").await.map(drop)
    }

    async fn confirm(&self, node: &Node, key: &str) -> reqwest::Result<()> {
        let path = format!("/v1/transfers/{}/confirm", self.id());
        let request = node.request(Method::POST, &path, key).json(&json!({}));
        expect(request, "ALREADY_CONFIRMED").await.map(drop)
    }

    /// All of an upload of one file in two parts, from the beginning.
    async fn go_on(&mut self, node: &Node, key: &str) -> reqwest::Result<()> {
        self.prepare(node, key, &[PART + 10]).await?;
        self.send(node, key, 0).await?;
        self.complete(node, key, 0).await?;
        self.confirm(node, key).await
    }
}

/// Sends a part, whose bytes tell which one it is and how often it was sent before.
async fn put(node: &Node, url: &Value, before: u8) -> reqwest::Result<()> {
    let (number, size) = (url["part_number"].as_u64().unwrap(), url["size"].as_u64().unwrap());
    let byte = before * 100 + u8::try_from(number).unwrap();
    let body = vec![byte; usize::try_from(size).unwrap()];
    let request = node.request(Method::PUT, url["upload_url"].as_str().unwrap(), "").body(body);
    let answer = request.send().await?;
    assert!(answer.status().is_success(), "{answer:?}");
    Ok(())
}

/// Success, or word that it had happened before.
async fn expect(request: RequestBuilder, before: &str) -> reqwest::Result<Value> {
    let answer = request.send().await?;
    let succeeded = answer.status().is_success();
    let body: Value = answer.json().await?;
    assert!(succeeded || body["error"]["code"] == before, "{body:#}");
    Ok(body)
}

/// The process ends at each of the points; a client goes on later, and has sent one transfer more.
async fn expect_all_sent(world: &World, points: &[&str]) {
    let mut active = 0;
    for point in points {
        let node = world.doomed(point).await;
        let mut upload = PreparedUpload::default();
        let went = upload.go_on(&node, &world.key).await;
        assert!(went.is_err() || point.starts_with("NoteHash"), "{point}");
        node.expect_death(point).await;
        let confirmed = went.is_ok() || *point == "ConfirmTransfer:after";
        world.expect_active(active + usize::from(confirmed), point).await;

        let mut node = Node::start(&world.backing).await;
        upload.go_on(&node, &world.key).await.unwrap();
        node.process.kill9();
        active += 1;
        world.expect_active(active, &format!("{point}, and going on")).await;
    }
}

async fn at_the_commits_of_a_prepared_upload(backend: Backend) {
    let points = [
        "PrepareTransfer:before",
        "PrepareTransfer:after",
        "BeginUpload:after",
        "TakeIn:before",
        "TakeIn:after",
        "TakeIn:before@2",
        "TakeIn:after@2",
        "CompleteParts:before",
        "CompleteParts:after",
        "NoteHash:before",
        "NoteHash:after",
        "ConfirmTransfer:before",
        "ConfirmTransfer:after",
    ];
    expect_all_sent(&World::without_a_node(backend).await, &points).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_commits_of_an_upload_that_goes_past_the_server() {
    let world = World::configured(Backend::PostgresS3, &[("DELIVERY", "direct")]).await;
    let points = [
        "BeginUpload:after",
        "PrepareTransfer:before",
        "PrepareTransfer:after",
        "DirectArrived:before",
        "DirectArrived:after",
        "ConfirmTransfer:before",
        "ConfirmTransfer:after",
    ];
    expect_all_sent(&world, &points).await;
}

async fn at_the_commits_of_a_part_that_is_sent_again(backend: Backend) {
    let world = World::without_a_node(backend).await;
    let points = [
        "BeginUpload:after@2",
        "TakeIn:before@2",
        "TakeIn:after@2",
        "TakeUpload:before",
        "TakeUpload:after",
        "ForgetUpload:before",
        "ForgetUpload:after",
    ];
    for (sent, point) in points.iter().enumerate() {
        let node = world.doomed(point).await;
        let mut upload = PreparedUpload::default();
        upload.prepare(&node, &world.key, &[10]).await.unwrap();
        let url = upload.prepared.as_ref().unwrap()["files"][0]["part_urls"][0].clone();
        put(&node, &url, 0).await.unwrap();
        // What it replaces is removed before the answer.
        assert!(put(&node, &url, 1).await.is_err(), "{point}");
        node.expect_death(point).await;
        world.expect_active(sent, point).await;

        let mut node = Node::start(&world.backing).await;
        upload.go_on(&node, &world.key).await.unwrap();
        node.process.kill9();
        world.expect_active(sent + 1, &format!("{point}, and going on")).await;
    }
}

async fn at_the_commits_of_giving_up(backend: Backend) {
    let world = World::without_a_node(backend).await;
    for point in [
        "AbortParts:before",
        "AbortParts:after",
        "ForgetParts:before",
        "ForgetParts:after",
        "AbortParts:before@2",
        "AbortParts:after@2",
        "MarkPurged:before",
        "MarkPurged:after",
    ] {
        let node = world.doomed(point).await;
        let mut upload = PreparedUpload::default();
        upload.prepare(&node, &world.key, &[10, 20]).await.unwrap();
        for index in [0, 1] {
            upload.send(&node, &world.key, index).await.unwrap();
        }
        for index in [0, 1] {
            // The parts are removed in the background, before or after the answer.
            if upload.abort(&node, &world.key, index).await.is_err() {
                break;
            }
        }
        node.expect_death(point).await;
        world.expect_active(0, point).await;

        let mut node = Node::start(&world.backing).await;
        for index in [0, 1] {
            upload.abort(&node, &world.key, index).await.unwrap();
        }
        node.process.kill9();
        let there = world.expect_agreement(&format!("{point}, and going on")).await;
        assert!(there.iter().all(|it| it.status == TransferStatus::Deleted), "{point}: {there:?}");
    }
}

/// Makes a prepared transfer one that is active, and has just run out.
struct Overdue(TransferId);

#[async_trait]
impl Act for Overdue {
    type Output = bool;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<bool, StoreError> {
        tx.delete_prepared(self.0).await?;
        tx.activate_transfer(self.0, cx.now).await
    }
}

async fn at_the_commits_of_running_out(backend: Backend) {
    let world = World::without_a_node(backend).await;
    for point in ["Expire:before", "Expire:after"] {
        let node = world.doomed(point).await;
        let mut upload = PreparedUpload::default();
        upload.prepare(&node, &world.key, &[10]).await.unwrap();
        upload.send(&node, &world.key, 0).await.unwrap();
        upload.complete(&node, &world.key, 0).await.unwrap();
        assert!(act::perform(&world.ports, &Overdue(upload.id().parse().unwrap())).await.unwrap());
        node.expect_death(point).await;
        world.expect_expired(point).await;
    }
}

async fn at_the_commits_of_waiting_in_vain(backend: Backend) {
    let world = World::configured(backend, &[("PENDING_SECONDS", "1")]).await;
    for point in ["ReapPrepared:before", "ReapPrepared:after"] {
        let node = world.doomed(point).await;
        PreparedUpload::default().prepare(&node, &world.key, &[10]).await.unwrap();
        node.expect_death(point).await;
        world.expect_expired(point).await;
    }
}

impl World {
    async fn expect_expired(&self, after: &str) {
        let there = self.expect_agreement(after).await;
        assert!(there.iter().all(|it| it.status == TransferStatus::Expired), "{after}: {there:?}");
    }
}
