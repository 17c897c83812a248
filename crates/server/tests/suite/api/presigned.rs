//! Transfers that are prepared first and uploaded to signed URLs.

use agentdrop_test_support::app::{Answer, App, Backend, Pair};
use futures_util::future::join_all;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};

use super::raw::RawClient;
use super::{bad_fields, count, kept};

const PART: usize = 5 << 20;
const GONE: (u16, &str) = (410, "GONE");

on_both_backends!(
    files_are_uploaded_confirmed_and_downloaded,
    until_it_is_confirmed_its_recipient_learns_nothing,
    parts_come_in_any_order_and_are_read_as_one_file,
    a_broken_upload_goes_on_where_it_was,
    what_is_sent_again_takes_the_place_of_what_was_there,
    what_is_sent_again_stops_what_is_on_its_way,
    of_64_twins_at_one_url_one_is_kept,
    an_upload_url_holds_for_exactly_what_it_says,
    a_piece_has_exactly_its_size,
    what_is_missing_is_named_at_the_end,
    an_aborted_upload_leaves_nothing,
    a_deleted_one_leaves_nothing,
    a_client_that_vanishes_leaves_nothing,
    what_is_never_confirmed_runs_out,
    a_revoked_key_or_pairing_ends_the_upload,
    every_bad_field_is_named,
    an_empty_file_is_a_file,
);

async fn prepare(app: &App, pair: &Pair, files: Value) -> Answer {
    let body = json!({"sender": "alpha", "recipient": "beta", "files": files});
    app.post("/v1/transfers/presigned", &pair.a.key, body).await
}

async fn prepare_parts(app: &App, pair: &Pair, files: Value) -> Answer {
    let body = json!({"sender": "alpha", "recipient": "beta", "files": files});
    app.post("/v1/transfers/presigned/multipart", &pair.a.key, body).await
}

fn upload_url(prepared: &Answer, index: usize) -> String {
    prepared["upload_urls"][index]["upload_url"].as_str().unwrap().to_owned()
}

fn part_url(prepared: &Answer, number: usize) -> String {
    prepared["files"][0]["part_urls"][number - 1]["upload_url"].as_str().unwrap().to_owned()
}

async fn put(app: &App, url: &str, bytes: &[u8]) -> Answer {
    Answer::of(app.request(Method::PUT, url, "").body(bytes.to_vec())).await
}

async fn confirm(app: &App, pair: &Pair, prepared: &Answer) -> Answer {
    app.post(&format!("/v1/transfers/{}/confirm", prepared.text("id")), &pair.a.key, json!({})).await
}

/// The path of something about the first file of a transfer in parts.
fn of_file(prepared: &Answer, what: &str) -> String {
    let file = prepared["files"][0]["file_id"].as_str().unwrap();
    format!("/v1/transfers/{}/files/{file}/{what}", prepared.text("id"))
}

async fn complete(app: &App, pair: &Pair, prepared: &Answer, parts: Value) -> Answer {
    let body = json!({"upload_id": prepared["files"][0]["upload_id"], "parts": parts});
    app.post(&of_file(prepared, "complete-multipart"), &pair.a.key, body).await
}

async fn downloads(app: &App, pair: &Pair, id: &str) -> Answer {
    app.get(&format!("/v1/transfers/{id}/download"), &pair.b.key).await
}

async fn fetch(app: &App, url: &str, headers: &[(reqwest::header::HeaderName, &str)]) -> Response {
    let request = app.request(Method::GET, url, "");
    let with = |request: reqwest::RequestBuilder, (name, value): &(_, &str)| request.header(name, *value);
    headers.iter().fold(request, with).send().await.unwrap()
}

/// Bytes that repeat nowhere.
fn content(size: usize) -> Vec<u8> {
    (0_u64..).flat_map(u64::to_le_bytes).take(size).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

async fn files_are_uploaded_confirmed_and_downloaded(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let files = json!([
        {"name": "a.txt", "size": 5, "content_type": "text/plain", "encryption_iv": null},
        {"name": "ünï.bin", "size": 300_000},
    ]);
    let prepared = prepare(&app, &pair, files).await.expect(201);
    let id = prepared.text("id");
    assert_eq!(prepared["upload_urls"][0]["method"], "PUT");
    assert_eq!(prepared["upload_urls"][0]["headers"]["Content-Type"], "text/plain");
    assert_eq!(prepared["confirm_url"], format!("{}/v1/transfers/{id}/confirm", app.url));
    let large = content(300_000);
    for (index, bytes) in [(1, &large[..]), (0, b"hello")] {
        let stored = put(&app, &upload_url(&prepared, index), bytes).await.expect(200);
        assert_eq!((&stored["size"], &stored["sha256"]), (&json!(bytes.len()), &json!(sha256(bytes))));
        assert_eq!(stored.header("etag"), format!("\"{}\"", sha256(bytes)));
    }
    let confirmed = confirm(&app, &pair, &prepared).await.expect(200);
    assert_eq!((&confirmed["id"], &confirmed["status"]), (&json!(id), &json!("active")));
    let claimed = downloads(&app, &pair, &id).await.expect(200);
    for (index, bytes) in [(0, b"hello".to_vec()), (1, large)] {
        let file = &claimed["files"][index];
        assert_eq!(file["sha256"], sha256(&bytes));
        let fetched = fetch(&app, file["download_url"].as_str().unwrap(), &[]).await;
        assert_eq!(fetched.bytes().await.unwrap(), bytes);
    }
    assert_eq!(confirm(&app, &pair, &prepared).await.outcome(), (409, "ALREADY_CONFIRMED"));
    assert_eq!(put(&app, &upload_url(&prepared, 0), b"world").await.outcome(), GONE);
    kept::expect_left(&app, 2, 0).await;
}

async fn until_it_is_confirmed_its_recipient_learns_nothing(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let prepared = prepare(&app, &pair, json!([{"name": "a", "size": 1}])).await.expect(201);
    let id = prepared.text("id");
    let sees = async |key: &str| app.get(&format!("/v1/transfers/{id}"), key).await;
    assert_eq!(sees(&pair.a.key).await.expect(200)["status"], "pending");
    assert_eq!(sees(&pair.b.key).await.outcome(), (404, "NOT_FOUND"));
    assert_eq!(downloads(&app, &pair, &id).await.outcome(), (409, "NOT_READY"));
    let inbox = format!("/v1/agents/{}/inbox", pair.beta.id);
    assert_eq!(app.get(&inbox, &pair.b.key).await.expect(200)["transfers"], json!([]));
    assert_eq!(bad_fields(&app.get(&format!("{inbox}?status=pending"), &pair.b.key).await), ["status"]);
    let sent = app.get("/v1/transfers?status=pending", &pair.a.key).await.expect(200);
    assert_eq!(sent["transfers"][0]["id"], id);
    let _ = put(&app, &upload_url(&prepared, 0), b"x").await.expect(200);
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
    assert_eq!(app.get(&inbox, &pair.b.key).await.expect(200)["transfers"][0]["id"], id);
}

async fn parts_come_in_any_order_and_are_read_as_one_file(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let whole = content(2 * PART + 1_000);
    let files = json!([{"name": "large", "size": whole.len(), "part_size": PART}]);
    let prepared = prepare_parts(&app, &pair, files).await.expect(201);
    let id = prepared.text("id");
    let sizes: Vec<_> =
        prepared["files"][0]["part_urls"].as_array().unwrap().iter().map(|p| &p["size"]).collect();
    assert_eq!(sizes, [PART, PART, 1_000]);
    let mut parts = Vec::new();
    for number in [3, 1, 2] {
        let bytes = &whole[(number - 1) * PART..whole.len().min(number * PART)];
        let stored = put(&app, &part_url(&prepared, number), bytes).await.expect(200);
        parts.push(json!({"part_number": number, "etag": stored.header("etag").trim_matches('"')}));
    }
    for _ in 0..2 {
        let completed = complete(&app, &pair, &prepared, json!(parts)).await.expect(200);
        assert_eq!(completed["size"], whole.len());
    }
    assert_eq!(put(&app, &part_url(&prepared, 3), &whole[..1_000]).await.outcome(), GONE);
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
    kept::expect_left(&app, 3, 0).await;
    hashed(&app, &pair, &id, &sha256(&whole)).await;

    let claimed = downloads(&app, &pair, &id).await.expect(200);
    let url = claimed["files"][0]["download_url"].as_str().unwrap().to_owned();
    let all = fetch(&app, &url, &[]).await;
    let etag = all.headers()[ETAG].to_str().unwrap().to_owned();
    assert_eq!(etag, json!(claimed["files"][0]["id"]).to_string(), "as before the hash was taken");
    assert_eq!(all.bytes().await.unwrap(), whole);
    for (from, to) in
        [(0, 0), (PART - 1, PART), (PART, 2 * PART - 1), (10, whole.len() - 1), (2 * PART, 2 * PART + 5)]
    {
        let range = format!("bytes={from}-{to}");
        let some = fetch(&app, &url, &[(RANGE, &range), (IF_RANGE, &etag)]).await;
        assert_eq!(some.status(), 206);
        assert_eq!(some.headers()[CONTENT_RANGE], format!("bytes {from}-{to}/{}", whole.len()));
        assert_eq!(some.bytes().await.unwrap(), &whole[from..=to]);
    }
    let head = app.request(Method::HEAD, &url, "").send().await.unwrap();
    assert_eq!(head.headers()[CONTENT_LENGTH], whole.len().to_string());
}

/// Waits for the hash that is taken in the background.
async fn hashed(app: &App, pair: &Pair, id: &str, expected: &str) {
    let deadline = Instant::now() + kept::PATIENCE * 4;
    loop {
        let transfer = app.get(&format!("/v1/transfers/{id}"), &pair.b.key).await.expect(200);
        match transfer["files"][0]["sha256"].as_str() {
            Some(found) => return assert_eq!(found, expected),
            None => assert!(Instant::now() < deadline, "no hash was taken"),
        }
        sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn a_broken_upload_goes_on_where_it_was(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let whole = content(PART + 10);
    let files = json!([{"name": "large", "size": whole.len(), "part_size": PART}]);
    let prepared = prepare_parts(&app, &pair, files).await.expect(201);
    let _ = put(&app, &part_url(&prepared, 2), &whole[PART..]).await.expect(200);
    let missing = complete(&app, &pair, &prepared, json!([])).await;
    assert_eq!(missing.outcome(), (400, "FILES_MISSING"));
    assert_eq!(missing["error"]["details"][0]["message"], "1 of 2 parts have not arrived: 1");

    // All that a client needs after its own crash, it learns from the server.
    let listed = app.get(&of_file(&prepared, "parts"), &pair.a.key).await.expect(200);
    assert_eq!((&listed["part_count"], &listed["part_size"]), (&json!(2), &json!(PART)));
    assert_eq!(listed["parts"][0]["part_number"], 2);
    assert_eq!(listed["parts"][0]["etag"], sha256(&whole[PART..]));
    let fresh = app.post(&of_file(&prepared, "part-urls"), &pair.a.key, json!({})).await.expect(200);
    assert_eq!(fresh["part_urls"].as_array().unwrap().len(), 1);
    let url = fresh["part_urls"][0]["upload_url"].as_str().unwrap();
    let _ = put(&app, url, &whole[..PART]).await.expect(200);
    let _ = complete(&app, &pair, &prepared, json!([])).await.expect(200);
    let _ = confirm(&app, &pair, &prepared).await.expect(200);

    let asked = app.post(&of_file(&prepared, "part-urls"), &pair.a.key, json!({"part_numbers": [3]})).await;
    assert_eq!(asked.outcome(), (409, "ALREADY_CONFIRMED"));
    let other =
        prepare_parts(&app, &pair, json!([{"name": "l", "size": 10, "part_size": 10}])).await.expect(201);
    let asked = app.post(&of_file(&other, "part-urls"), &pair.a.key, json!({"part_numbers": [2]})).await;
    assert_eq!(bad_fields(&asked), ["part_numbers"]);
}

async fn what_is_sent_again_takes_the_place_of_what_was_there(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let prepared = prepare(&app, &pair, json!([{"name": "a", "size": 5}])).await.expect(201);
    for bytes in [b"hello", b"world"] {
        let _ = put(&app, &upload_url(&prepared, 0), bytes).await.expect(200);
    }
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
    let claimed = downloads(&app, &pair, &prepared.text("id")).await.expect(200);
    let fetched = fetch(&app, claimed["files"][0]["download_url"].as_str().unwrap(), &[]).await;
    assert_eq!(fetched.bytes().await.unwrap(), "world");
    kept::expect_left(&app, 1, 0).await;
}

async fn what_is_sent_again_stops_what_is_on_its_way(backend: Backend) {
    const SIZE: usize = 6_000_000;
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let prepared = prepare(&app, &pair, json!([{"name": "a", "size": SIZE}])).await.expect(201);
    let path = upload_url(&prepared, 0).replace(&app.url, "");
    let mut slow = RawClient::connect(&app).await;
    slow.write(format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes()).await;
    slow.write(&[1; SIZE / 2]).await;
    kept::expect_an_upload(&app).await;
    let newer = content(SIZE);
    let _ = put(&app, &upload_url(&prepared, 0), &newer).await.expect(200);
    slow.write(&[1; SIZE / 2]).await;
    assert_eq!(slow.answer().await.outcome(), (409, "UPLOAD_REPLACED"));
    kept::expect_left(&app, 1, 0).await;
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
    let claimed = downloads(&app, &pair, &prepared.text("id")).await.expect(200);
    assert_eq!(claimed["files"][0]["sha256"], hex::encode(Sha256::digest(&newer)));
}

async fn of_64_twins_at_one_url_one_is_kept(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let prepared = prepare(&app, &pair, json!([{"name": "a", "size": 100_000}])).await.expect(201);
    let url = upload_url(&prepared, 0);
    let twins: Vec<Vec<u8>> = (0..64_u8).map(|n| vec![n; 100_000]).collect();
    let answers = join_all(twins.iter().map(|bytes| put(&app, &url, bytes))).await;
    let (stored, replaced) = (count(&answers, (200, "")), count(&answers, (409, "UPLOAD_REPLACED")));
    let outcomes: Vec<_> = answers.iter().map(Answer::outcome).collect();
    assert!(stored > 0 && stored + replaced == 64, "{outcomes:?}");
    kept::expect_left(&app, 1, 0).await;
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
    let claimed = downloads(&app, &pair, &prepared.text("id")).await.expect(200);
    let kept = claimed["files"][0]["sha256"].as_str().unwrap();
    assert!(answers.iter().any(|answer| answer.status == 200 && answer["sha256"] == kept));
}

async fn an_upload_url_holds_for_exactly_what_it_says(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let files = json!([{"name": "a", "size": 5, "part_size": 5}, {"name": "b", "size": 5, "part_size": 5}]);
    let prepared = prepare_parts(&app, &pair, files).await.expect(201);
    let good = url::Url::parse(&part_url(&prepared, 1)).unwrap();
    let other_file = prepared["files"][1]["file_id"].as_str().unwrap();
    let mut changed = good.clone();
    changed.set_path(&format!("/blobs/{other_file}"));
    let mut tampered = vec![("file", changed)];
    for (name, value) in [
        ("size", "6"),
        ("part", "2"),
        ("transfer", "tr_9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c"),
        ("expires", "4000000000"),
        ("key", "another"),
        ("sig", "00"),
    ] {
        let mut url = good.clone();
        let pairs = good.query_pairs().map(|(key, old)| {
            let new = if key == name { value.to_owned() } else { old.into_owned() };
            (key.into_owned(), new)
        });
        let pairs: Vec<_> = pairs.collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
        tampered.push((name, url));
    }
    for (what, url) in tampered {
        let answer = put(&app, url.as_str(), b"hello").await;
        assert_eq!(answer.outcome(), (403, "FORBIDDEN"), "{what}");
    }
    // It is for writing, and a URL for reading is not.
    let read = Answer::of(app.request(Method::GET, good.as_str(), "")).await;
    assert_eq!(read.outcome(), (403, "FORBIDDEN"));
    let sent = app.send(&pair.a.key, "alpha", "beta", b"hello", &[]).await.expect(201).text("id");
    let claimed = downloads(&app, &pair, &sent).await.expect(200);
    let written = put(&app, claimed["files"][0]["download_url"].as_str().unwrap(), b"hello").await;
    assert_eq!(written.outcome(), (403, "FORBIDDEN"));
    kept::expect_left(&app, 1, 0).await;
}

async fn a_piece_has_exactly_its_size(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let prepared = prepare(&app, &pair, json!([{"name": "a", "size": 5}])).await.expect(201);
    for bytes in [&b"hell"[..], b"hello!", b""] {
        let answer = put(&app, &upload_url(&prepared, 0), bytes).await;
        assert_eq!(answer.outcome(), (400, "SIZE_MISMATCH"), "{bytes:?}");
    }
    let path = upload_url(&prepared, 0).replace(&app.url, "");
    let mut client = RawClient::connect(&app).await;
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    );
    client.write(head.as_bytes()).await;
    assert_eq!(client.answer().await.outcome(), (411, "LENGTH_REQUIRED"));
    kept::expect_nothing(&app).await;
}

async fn what_is_missing_is_named_at_the_end(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let files = json!([{"name": "a", "size": 1}, {"name": "b", "size": 1}]);
    let prepared = prepare(&app, &pair, files).await.expect(201);
    let _ = put(&app, &upload_url(&prepared, 0), b"x").await.expect(200);
    let answer = confirm(&app, &pair, &prepared).await;
    assert_eq!(answer.outcome(), (400, "FILES_MISSING"));
    assert_eq!(answer.fields(), ["files[1]"]);
    let _ = put(&app, &upload_url(&prepared, 1), b"y").await.expect(200);
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
}

async fn an_aborted_upload_leaves_nothing(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let whole = content(PART + 10);
    let files = json!([{"name": "large", "size": whole.len(), "part_size": PART}]);
    let prepared = prepare_parts(&app, &pair, files).await.expect(201);
    let _ = put(&app, &part_url(&prepared, 1), &whole[..PART]).await.expect(200);
    let body = json!({"upload_id": prepared["files"][0]["upload_id"]});
    let aborted = app.post(&of_file(&prepared, "abort-multipart"), &pair.a.key, body).await.expect(200);
    assert_eq!(aborted["status"], "aborted");
    assert_eq!(put(&app, &part_url(&prepared, 2), &whole[PART..]).await.outcome(), GONE);
    assert_eq!(confirm(&app, &pair, &prepared).await.outcome(), GONE);
    kept::expect_nothing(&app).await;
}

async fn a_deleted_one_leaves_nothing(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let prepared = prepare(&app, &pair, json!([{"name": "a", "size": 1}])).await.expect(201);
    let _ = put(&app, &upload_url(&prepared, 0), b"x").await.expect(200);
    let path = format!("/v1/transfers/{}", prepared.text("id"));
    let _ = app.delete(&path, &pair.a.key).await.expect(200);
    assert_eq!(put(&app, &upload_url(&prepared, 0), b"x").await.outcome(), GONE);
    kept::expect_nothing(&app).await;
}

async fn a_client_that_vanishes_leaves_nothing(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let prepared = prepare(&app, &pair, json!([{"name": "a", "size": 10_000_000}])).await.expect(201);
    let path = upload_url(&prepared, 0).replace(&app.url, "");
    let mut client = RawClient::connect(&app).await;
    client
        .write(format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n").as_bytes())
        .await;
    client.write(&content(6_000_000)).await;
    kept::expect_an_upload(&app).await;
    drop(client);
    kept::expect_nothing(&app).await;
    // The transfer waits on, and takes the file when it comes whole.
    let whole = content(10_000_000);
    let _ = put(&app, &upload_url(&prepared, 0), &whole).await.expect(200);
    let _ = confirm(&app, &pair, &prepared).await.expect(200);
}

async fn what_is_never_confirmed_runs_out(backend: Backend) {
    let app = App::start_configured(backend, &[], |config| {
        config.settings.pending_seconds = 2;
        config.settings.upload_lease_seconds = 1;
        config.settings.sweep_seconds = 1;
    })
    .await;
    let pair = app.pair().await;
    let prepared = prepare(&app, &pair, json!([{"name": "a", "size": 1}])).await.expect(201);
    let _ = put(&app, &upload_url(&prepared, 0), b"x").await.expect(200);
    kept::expect_nothing(&app).await;
    assert_eq!(confirm(&app, &pair, &prepared).await.outcome(), GONE);
    assert_eq!(put(&app, &upload_url(&prepared, 0), b"x").await.outcome(), GONE);
    let transfer = app.get(&format!("/v1/transfers/{}", prepared.text("id")), &pair.a.key).await.expect(200);
    assert_eq!(transfer["status"], "expired");
    let query = format!("/v1/agents/{}/inbox?status=expired", pair.beta.id);
    assert_eq!(app.get(&query, &pair.b.key).await.expect(200)["total"], 0, "nobody told its recipient");
    let asked = app.get(&format!("/v1/transfers/{}", prepared.text("id")), &pair.b.key).await;
    assert_eq!(asked.outcome(), (404, "NOT_FOUND"));
}

async fn a_revoked_key_or_pairing_ends_the_upload(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let by_key = app.post("/v1/api-keys", &pair.a.key, json!({"name": "soon revoked"})).await.expect(201);
    let body = json!({"sender": "alpha", "recipient": "beta", "files": [{"name": "a", "size": 1}]});
    let key = by_key.text("api_key");
    let prepared = app.post("/v1/transfers/presigned", &key, body).await.expect(201);
    let _ = app.delete(&format!("/v1/api-keys/{}", by_key.text("id")), &pair.a.key).await.expect(200);
    assert_eq!(put(&app, &upload_url(&prepared, 0), b"x").await.outcome(), GONE);

    let prepared = prepare(&app, &pair, json!([{"name": "a", "size": 1}])).await.expect(201);
    let _ = put(&app, &upload_url(&prepared, 0), b"x").await.expect(200);
    let _ = app.delete(&format!("/v1/pairings/{}", pair.pairing), &pair.b.key).await.expect(200);
    assert_eq!(confirm(&app, &pair, &prepared).await.outcome(), (403, "SHARE_REQUIRED"));
}

async fn every_bad_field_is_named(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let ask = async |path: &str, body: Value| app.post(path, &pair.a.key, body).await;
    let bad = json!({
        "sender": 1, "recipient": "", "max_downloads": 0, "expires_in": "soon", "is_encrypted": "yes",
        "files": [
            {"name": "a/b", "size": 1},
            {"name": "b", "size": -1, "encryption_iv": "!"},
            {"name": "c", "part_size": 5},
            7,
        ],
    });
    assert_eq!(
        bad_fields(&ask("/v1/transfers/presigned", bad).await),
        [
            "expires_in",
            "files[0].name",
            "files[1].encryption_iv",
            "files[1].size",
            "files[2].part_size",
            "files[2].size",
            "files[3]",
            "is_encrypted",
            "max_downloads",
            "recipient",
            "sender",
        ]
    );
    let plain = |files: Value| json!({"sender": "alpha", "recipient": "beta", "files": files});
    for (files, field) in [
        (json!([]), "files"),
        (json!("a"), "files"),
        (json!([{"name": "a", "size": 1}, {"name": "a", "size": 1}]), "files[1]"),
    ] {
        assert_eq!(bad_fields(&ask("/v1/transfers/presigned", plain(files)).await), [field]);
    }
    let multipart = "/v1/transfers/presigned/multipart";
    for (file, field) in [
        (json!({"name": "a", "size": 1}), "files[0].part_size"),
        (json!({"name": "a", "size": PART + 1, "part_size": PART - 1}), "files[0].part_size"),
        (json!({"name": "a", "size": 2_501 * PART, "part_size": PART}), "files"),
    ] {
        assert_eq!(bad_fields(&ask(multipart, plain(json!([file]))).await), [field]);
    }
    let mut encrypted = plain(json!([{"name": "a", "size": 1}]));
    encrypted["is_encrypted"] = json!(true);
    encrypted["encryption_algorithm"] = json!("X25519-HKDF-AES-256-GCM");
    let asked = ask("/v1/transfers/presigned", encrypted).await;
    assert_eq!(bad_fields(&asked), ["encrypted_key", "files[].encryption_iv"]);
    kept::expect_nothing(&app).await;
}

async fn an_empty_file_is_a_file(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let in_parts =
        prepare_parts(&app, &pair, json!([{"name": "a", "size": 0, "part_size": PART}])).await.expect(201);
    // As the official client does it: no part at all.
    let _ = complete(&app, &pair, &in_parts, json!([])).await.expect(200);
    let whole = prepare(&app, &pair, json!([{"name": "a", "size": 0}])).await.expect(201);
    let _ = put(&app, &upload_url(&whole, 0), b"").await.expect(200);
    for prepared in [in_parts, whole] {
        let _ = confirm(&app, &pair, &prepared).await.expect(200);
        let claimed = downloads(&app, &pair, &prepared.text("id")).await.expect(200);
        let fetched = fetch(&app, claimed["files"][0]["download_url"].as_str().unwrap(), &[]).await;
        assert_eq!((fetched.status().as_u16(), fetched.bytes().await.unwrap().len()), (200, 0));
    }
}
