//! Direct delivery: clients exchange bytes with the S3 store itself.

use agentdrop_domain::blob::{BlobError, ObjectKey};
use agentdrop_test_support::app::{Answer, App, Backend, Pair};
use futures_util::future::join_all;
use reqwest::Method;
use reqwest::header::{ETAG, RANGE};
use serde_json::{Value, json};

use super::kept;

const PART: usize = 5 << 20;

/// Each test on the S3 server in this process, and on a real one where `scripts/test` names it.
macro_rules! on_both_stores {
    ($($name:ident),+ $(,)?) => {
        mod in_process {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(agentdrop_test_support::app::Backend::PostgresS3).await;
                }
            )+
        }
        mod external_s3 {
            $(
                #[tokio::test(flavor = "multi_thread")]
                #[ignore = "needs a real S3 server: run scripts/test"]
                async fn $name() {
                    super::$name(agentdrop_test_support::app::Backend::PostgresExternalS3).await;
                }
            )+
        }
    };
}

on_both_stores!(
    whole_files_go_to_the_store_and_come_from_it,
    parts_go_to_the_store_and_are_put_together_there,
    a_url_of_the_store_takes_exactly_what_was_announced,
    a_url_of_the_store_takes_exactly_the_part_that_was_announced,
    another_size_in_the_store_is_refused,
    what_is_missing_is_named,
    an_aborted_upload_leaves_nothing_in_the_store,
    a_refused_preparation_leaves_no_upload,
);

async fn start(backend: Backend) -> (App, Pair) {
    let app = App::start_configured(backend, &[("AGENTDROP_DELIVERY", "direct")], |_| {}).await;
    let pair = app.pair().await;
    (app, pair)
}

async fn prepare(app: &App, pair: &Pair, files: Value) -> Answer {
    let body = json!({"sender": "alpha", "recipient": "beta", "files": files});
    app.post("/v1/transfers/presigned", &pair.a.key, body).await.expect(201)
}

async fn prepare_parts(app: &App, pair: &Pair, size: usize) -> Answer {
    let files = json!([{"name": "large.bin", "size": size, "part_size": PART}]);
    let body = json!({"sender": "alpha", "recipient": "beta", "files": files});
    app.post("/v1/transfers/presigned/multipart", &pair.a.key, body).await.expect(201)
}

/// The answer of the store itself, which is no JSON, to a part.
async fn put(app: &App, url: &str, bytes: &[u8]) -> reqwest::Response {
    assert!(!url.starts_with(&app.url), "{url} is the store's");
    app.request(Method::PUT, url, "").body(bytes.to_vec()).send().await.unwrap()
}

/// The answer of the store itself to a whole file, sent as the server said.
async fn put_whole(app: &App, prepared: &Answer, index: usize, bytes: &[u8]) -> reqwest::Response {
    let slot = &prepared["upload_urls"][index];
    send(app, slot, Method::PUT, slot["upload_url"].as_str().unwrap(), bytes).await
}

/// Sends with a slot's headers.
async fn send(app: &App, slot: &Value, method: Method, url: &str, bytes: &[u8]) -> reqwest::Response {
    assert!(!url.starts_with(&app.url), "{url} is the store's");
    let request = app.request(method, url, "").body(bytes.to_vec());
    let headers = slot["headers"].as_object().unwrap().iter();
    let request = headers.fold(request, |it, (name, value)| it.header(name, value.as_str().unwrap()));
    request.send().await.unwrap()
}

async fn confirm(app: &App, pair: &Pair, prepared: &Answer) -> Answer {
    app.post(&format!("/v1/transfers/{}/confirm", prepared.text("id")), &pair.a.key, json!({})).await
}

fn of_file(prepared: &Answer, what: &str) -> String {
    let file = prepared["files"][0]["file_id"].as_str().unwrap();
    format!("/v1/transfers/{}/files/{file}/{what}", prepared.text("id"))
}

async fn complete(app: &App, pair: &Pair, prepared: &Answer, parts: Value) -> Answer {
    let body = json!({"upload_id": prepared["files"][0]["upload_id"], "parts": parts});
    app.post(&of_file(prepared, "complete-multipart"), &pair.a.key, body).await
}

fn part_url(prepared: &Answer, number: usize) -> &str {
    prepared["files"][0]["part_urls"][number - 1]["upload_url"].as_str().unwrap()
}

fn content(size: usize) -> Vec<u8> {
    (0_u64..).flat_map(u64::to_le_bytes).take(size).collect()
}

/// The object that the first file goes to.
async fn key_of_first(app: &App, prepared: &Answer) -> ObjectKey {
    let mut view = app.running.ports.database.read().await.unwrap();
    let transfer = view.transfer(prepared.text("id").parse().unwrap()).await.unwrap();
    transfer.unwrap().files[0].object_key.clone()
}

/// Downloads the one file of a transfer from the store.
async fn download(app: &App, pair: &Pair, prepared: &Answer) -> (String, Vec<u8>) {
    let path = format!("/v1/transfers/{}/download", prepared.text("id"));
    let claimed = app.get(&path, &pair.b.key).await.expect(200);
    assert_eq!(claimed["files"][0]["sha256"], Value::Null, "nobody has hashed it");
    let url = claimed["files"][0]["download_url"].as_str().unwrap().to_owned();
    assert!(!url.starts_with(&app.url), "{url} is the store's");
    let fetched = app.request(Method::GET, &url, "").send().await.unwrap();
    assert_eq!(fetched.status(), 200);
    (url, fetched.bytes().await.unwrap().to_vec())
}

async fn whole_files_go_to_the_store_and_come_from_it(backend: Backend) {
    let (app, pair) = start(backend).await;
    let bytes = content(300_000);
    let prepared = prepare(&app, &pair, json!([{"name": "ünï \".bin", "size": bytes.len()}])).await;
    assert_eq!(put_whole(&app, &prepared, 0, &bytes).await.status(), 200);
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
    let (url, fetched) = download(&app, &pair, &prepared).await;
    assert_eq!(fetched, bytes);
    let some = app.request(Method::GET, &url, "").header(RANGE, "bytes=10-19").send().await.unwrap();
    assert_eq!((some.status().as_u16(), &some.bytes().await.unwrap()[..]), (206, &bytes[10..20]));
}

async fn parts_go_to_the_store_and_are_put_together_there(backend: Backend) {
    let (app, pair) = start(backend).await;
    let bytes = content(PART + 1_000);
    let prepared = prepare_parts(&app, &pair, bytes.len()).await;
    let last = put(&app, part_url(&prepared, 2), &bytes[PART..]).await;
    assert_eq!(last.status(), 200);
    let etag = last.headers()[ETAG].to_str().unwrap().trim_matches('"').to_owned();
    let missing = complete(&app, &pair, &prepared, json!([{"part_number": 2, "etag": etag}])).await;
    assert_eq!(missing.outcome(), (400, "FILES_MISSING"));

    // After a crash the client asks what is there, and sends the rest to fresh URLs.
    let listed = app.get(&of_file(&prepared, "parts"), &pair.a.key).await.expect(200);
    assert_eq!((&listed["parts"][0]["part_number"], &listed["parts"][0]["size"]), (&json!(2), &json!(1_000)));
    let fresh = app.post(&of_file(&prepared, "part-urls"), &pair.a.key, json!({})).await.expect(200);
    let first = put(&app, fresh["part_urls"][0]["upload_url"].as_str().unwrap(), &bytes[..PART]).await;
    assert_eq!(first.status(), 200);
    // The S3 server in this process lists no ETags.
    if backend == Backend::PostgresExternalS3 {
        assert_eq!(listed["parts"][0]["etag"], etag);
        let wrong = complete(&app, &pair, &prepared, json!([{"part_number": 1, "etag": "00"}])).await;
        assert_eq!(wrong.fields(), ["parts[0].etag"]);
    }
    // The S3 server in this process can't do it twice at once.
    let at_once = if backend == Backend::PostgresExternalS3 { 4 } else { 1 };
    let completed = join_all((0..at_once).map(|_| complete(&app, &pair, &prepared, json!([])))).await;
    for completed in [completed, vec![complete(&app, &pair, &prepared, json!([])).await]].concat() {
        assert_eq!(completed.expect(200)["size"], bytes.len());
    }
    let listed = app.get(&of_file(&prepared, "parts"), &pair.a.key).await.expect(200);
    let sizes: Vec<_> = listed["parts"].as_array().unwrap().iter().map(|part| part["size"].clone()).collect();
    assert_eq!(sizes, [json!(PART), json!(1_000)], "after they were put together");
    let fresh = app.post(&of_file(&prepared, "part-urls"), &pair.a.key, json!({})).await.expect(200);
    assert_eq!(fresh["part_urls"], json!([]));
    let confirmed = tokio::join!(confirm(&app, &pair, &prepared), confirm(&app, &pair, &prepared));
    let mut statuses = [confirmed.0.status, confirmed.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(complete(&app, &pair, &prepared, json!([])).await.outcome(), (409, "ALREADY_CONFIRMED"));
    assert_eq!(download(&app, &pair, &prepared).await.1, bytes);
}

async fn a_url_of_the_store_takes_exactly_what_was_announced(backend: Backend) {
    let (app, pair) = start(backend).await;
    let prepared = prepare(&app, &pair, json!([{"name": "a", "size": 5}])).await;
    let good = prepared["upload_urls"][0]["upload_url"].as_str().unwrap().to_owned();
    for bytes in [&b"hell"[..], b"hello!"] {
        assert_eq!(put_whole(&app, &prepared, 0, bytes).await.status(), 403, "another size");
    }
    assert!(put(&app, &good, b"hello").await.status().is_client_error(), "without its header");
    let id = good.split('?').next().unwrap();
    let other = good.replace(id, &format!("{id}x"));
    let slot = &prepared["upload_urls"][0];
    assert_eq!(send(&app, slot, Method::PUT, &other, b"hello").await.status(), 403, "another object");
    assert_eq!(send(&app, slot, Method::GET, &good, b"hello").await.status(), 403, "another method");
    assert_eq!(confirm(&app, &pair, &prepared).await.outcome(), (400, "FILES_MISSING"));
    assert_eq!(put_whole(&app, &prepared, 0, b"hello").await.status(), 200);
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
    assert_eq!(put_whole(&app, &prepared, 0, b"world").await.status(), 412, "once");
    assert_eq!(download(&app, &pair, &prepared).await.1, b"hello");
}

async fn a_url_of_the_store_takes_exactly_the_part_that_was_announced(backend: Backend) {
    let (app, pair) = start(backend).await;
    let bytes = content(PART + 10);
    let prepared = prepare_parts(&app, &pair, bytes.len()).await;
    let last = part_url(&prepared, 2).to_owned();
    for size in [9, 11] {
        assert_eq!(put(&app, &last, &bytes[..size]).await.status(), 403, "another size");
    }
    let another = last.replace("partNumber=2", "partNumber=1");
    assert_ne!(another, last);
    assert_eq!(put(&app, &another, &bytes[PART..]).await.status(), 403, "another part");
    let key = last.split('?').next().unwrap();
    let another = last.replace(key, &format!("{key}x"));
    assert_eq!(put(&app, &another, &bytes[PART..]).await.status(), 403, "another object");
    assert_eq!(confirm(&app, &pair, &prepared).await.outcome(), (400, "FILES_MISSING"));
    // Sent again, a part takes the place of the one before.
    for sent in [&[0; 10][..], &bytes[PART..]] {
        assert_eq!(put(&app, &last, sent).await.status(), 200);
    }
    assert_eq!(put(&app, part_url(&prepared, 1), &bytes[..PART]).await.status(), 200);
    let _ = complete(&app, &pair, &prepared, json!([])).await.expect(200);
    assert!(put(&app, &last, &[0; 10]).await.status().is_client_error(), "after it was put together");
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
    assert_eq!(download(&app, &pair, &prepared).await.1, bytes);
}

/// What clients can't do, the store's other users can.
async fn another_size_in_the_store_is_refused(backend: Backend) {
    let (app, pair) = start(backend).await;
    let prepared = prepare(&app, &pair, json!([{"name": "a.bin", "size": 5}])).await;
    let key = key_of_first(&app, &prepared).await;
    kept::put(&*app.running.ports.blobs, &key, b"hell").await;
    let refused = confirm(&app, &pair, &prepared).await;
    assert_eq!(refused.outcome(), (400, "SIZE_MISMATCH"));
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("4 bytes of \"a.bin\", but 5"), "{message}");
    app.running.ports.blobs.delete(&key).await.unwrap();
    assert_eq!(put_whole(&app, &prepared, 0, b"hello").await.status(), 200);
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
}

async fn what_is_missing_is_named(backend: Backend) {
    let (app, pair) = start(backend).await;
    let files = json!([{"name": "a", "size": 1}, {"name": "b", "size": 1}]);
    let prepared = prepare(&app, &pair, files).await;
    assert_eq!(put_whole(&app, &prepared, 0, b"x").await.status(), 200);
    let answer = confirm(&app, &pair, &prepared).await;
    assert_eq!(answer.outcome(), (400, "FILES_MISSING"));
    assert_eq!(answer.fields(), ["files[1]"]);
    assert_eq!(put_whole(&app, &prepared, 1, b"y").await.status(), 200);
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
    assert_eq!(confirm(&app, &pair, &prepared).await.outcome(), (409, "ALREADY_CONFIRMED"));
}

async fn an_aborted_upload_leaves_nothing_in_the_store(backend: Backend) {
    let (app, pair) = start(backend).await;
    let bytes = content(PART + 10);
    let prepared = prepare_parts(&app, &pair, bytes.len()).await;
    let upload_id = prepared["files"][0]["upload_id"].as_str().unwrap().to_owned();
    assert_eq!(put(&app, part_url(&prepared, 1), &bytes[..PART]).await.status(), 200);
    let key = key_of_first(&app, &prepared).await;
    let path = of_file(&prepared, "abort-multipart");
    let _ = app.post(&path, &pair.a.key, json!({"upload_id": upload_id})).await.expect(200);
    let store = app.running.ports.direct.clone().unwrap();
    let deadline = tokio::time::Instant::now() + kept::PATIENCE;
    let is_gone = |parts| match parts {
        Err(BlobError::NotFound(_)) => true,
        // The S3 server in this process knows no upload, but lists its parts.
        parts => backend == Backend::PostgresS3 && parts.is_ok_and(|parts: Vec<_>| parts.is_empty()),
    };
    while !is_gone(store.parts(&key, &upload_id).await) {
        assert!(tokio::time::Instant::now() < deadline, "the upload is still there");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(app.running.ports.blobs.head(&key).await.unwrap(), None);
}

async fn a_refused_preparation_leaves_no_upload(backend: Backend) {
    let (app, pair) = start(backend).await;
    let files = json!([{"name": "a", "size": 10, "part_size": 10}]);
    let body = json!({"sender": "alpha", "recipient": "nobody", "files": files});
    let refused = app.post("/v1/transfers/presigned/multipart", &pair.a.key, body).await;
    assert_eq!(refused.outcome(), (403, "SHARE_REQUIRED"));
    let deadline = tokio::time::Instant::now() + kept::PATIENCE;
    while kept::uploads(&app).await > 0 {
        assert!(tokio::time::Instant::now() < deadline, "an upload is left");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
