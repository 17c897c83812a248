//! Downloading: claims, signed URLs, ranges, and the removal of the bytes.

use std::time::Duration;

use agentdrop_domain::act::{self, Act, Cx};
use agentdrop_domain::ids::TransferId;
use agentdrop_domain::store::{StoreError, UnitOfWork};
use agentdrop_domain::transfer::TransferStatus;
use agentdrop_test_support::app::{Answer, App, Backend, Pair};
use async_trait::async_trait;
use futures_util::future::join_all;
use reqwest::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, RANGE,
};
use reqwest::{Method, Response};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::form::Form;
use super::{count, kept};

const GONE: (u16, &str) = (410, "GONE");

on_both_backends!(
    of_many_parallel_calls_on_the_last_download_one_is_answered,
    every_call_counts_one_download,
    with_auto_delete_the_first_download_is_the_last,
    only_the_recipient_downloads,
    a_signed_url_holds_for_exactly_what_it_says,
    ranges_are_answered,
    a_range_is_of_the_file_that_the_client_knows,
    head_says_what_get_would,
    a_file_comes_as_an_attachment_under_its_name,
    a_deleted_transfer_is_gone_at_once_and_its_bytes_soon,
    bytes_go_when_the_last_grant_has_ended,
    what_was_sent_stays_after_a_revocation_unless_it_is_purged,
    a_started_download_outlives_the_expiry,
    a_running_download_ends_when_its_right_is_taken_back,
);

/// Far more than what lies between the server and a client that does not read.
const LARGE: usize = 48 << 20;

async fn sent(app: &App, pair: &Pair, content: &[u8], fields: &[(&str, &str)]) -> String {
    app.send(&pair.a.key, "alpha", "beta", content, fields).await.expect(201).text("id")
}

async fn claim(app: &App, key: &str, id: &str) -> Answer {
    app.get(&format!("/v1/transfers/{id}/download"), key).await
}

fn url(claimed: &Answer) -> String {
    claimed["files"][0]["download_url"].as_str().unwrap().to_owned()
}

async fn fetch(app: &App, url: &str, headers: &[(reqwest::header::HeaderName, &str)]) -> Response {
    let request = headers
        .iter()
        .fold(app.request(Method::GET, url, ""), |request, (name, value)| request.header(name, *value));
    request.send().await.unwrap()
}

fn header(response: &Response, name: reqwest::header::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn of_many_parallel_calls_on_the_last_download_one_is_answered(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    for fields in [&[("max_downloads", "1")][..], &[("auto_delete", "true")]] {
        let id = sent(&app, &pair, b"once", fields).await;
        let keys = [&pair.b.key, &pair.beta.key];
        let answers = join_all((0..64).map(|n| claim(&app, keys[n % 2], &id))).await;
        assert_eq!((count(&answers, (200, "")), count(&answers, GONE)), (1, 63), "{fields:?}");
    }
    let id = sent(&app, &pair, b"five", &[("max_downloads", "5")]).await;
    let answers = join_all((0..32).map(|_| claim(&app, &pair.b.key, &id))).await;
    assert_eq!((count(&answers, (200, "")), count(&answers, GONE)), (5, 27));
    let mut counted: Vec<_> = answers.iter().filter_map(|answer| answer["downloads"].as_u64()).collect();
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3, 4, 5], "each call was told its own number");
}

async fn every_call_counts_one_download(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let id = sent(&app, &pair, b"hello", &[("max_downloads", "2")]).await;
    for (downloads, remaining, status) in [(1, 1, "active"), (2, 0, "downloaded")] {
        let claimed = claim(&app, &pair.beta.key, &id).await.expect(200);
        assert_eq!(claimed["downloads"], downloads);
        assert_eq!(claimed["downloads_remaining"], remaining);
        // Fetching is not counted.
        for _ in 0..2 {
            let fetched = fetch(&app, &url(&claimed), &[]).await;
            assert_eq!(
                (fetched.status().as_u16(), fetched.bytes().await.unwrap().as_ref()),
                (200, &b"hello"[..])
            );
        }
        let transfer = app.get(&format!("/v1/transfers/{id}"), &pair.a.key).await.expect(200);
        assert_eq!((&transfer["downloads"], &transfer["status"]), (&json!(downloads), &json!(status)));
    }
    assert_eq!(claim(&app, &pair.beta.key, &id).await.outcome(), GONE);
}

async fn with_auto_delete_the_first_download_is_the_last(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let id = sent(&app, &pair, b"once", &[("auto_delete", "true"), ("max_downloads", "9")]).await;
    let claimed = claim(&app, &pair.beta.key, &id).await.expect(200);
    assert_eq!((&claimed["downloads"], &claimed["downloads_remaining"]), (&json!(1), &json!(0)));
    assert_eq!(claim(&app, &pair.beta.key, &id).await.outcome(), GONE);
    assert_eq!(
        app.get(&format!("/v1/transfers/{id}"), &pair.a.key).await.expect(200)["status"],
        "downloaded"
    );
    assert_eq!(fetch(&app, &url(&claimed), &[]).await.bytes().await.unwrap().as_ref(), b"once");
}

async fn only_the_recipient_downloads(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let sibling = app.agent(&pair.b, "sibling", 3).await;
    let stranger = app.account("cid").await;
    let id = sent(&app, &pair, b"x", &[("max_downloads", "2")]).await;
    for (key, outcome) in [
        (&pair.a.key, (403, "FORBIDDEN")),
        (&pair.alpha.key, (403, "FORBIDDEN")),
        (&sibling.key, (403, "FORBIDDEN")),
        (&stranger.key, (404, "NOT_FOUND")),
        (&pair.b.key, (200, "")),
        (&pair.beta.key, (200, "")),
    ] {
        assert_eq!(claim(&app, key, &id).await.outcome(), outcome);
    }
    // Within one account the account is both.
    let own = app.send(&pair.a.key, "note", "alpha", b"x", &[]).await.expect(201).text("id");
    for key in [&pair.a.key, &pair.alpha.key] {
        assert_eq!(claim(&app, key, &own).await.status, 200);
    }
}

/// The URL with one parameter changed.
fn with(url: &str, name: &str, change: impl Fn(&str) -> String) -> String {
    let mut url = url::Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert!(pairs.iter().any(|(key, _)| key == name), "{name}");
    let changed =
        pairs.into_iter().map(|(key, value)| if key == name { (key, change(&value)) } else { (key, value) });
    let changed: Vec<_> = changed.collect();
    url.query_pairs_mut().clear().extend_pairs(changed);
    url.into()
}

fn with_another_last_digit(text: &str) -> String {
    let (rest, last) = text.split_at(text.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

async fn a_signed_url_holds_for_exactly_what_it_says(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let one = claim(&app, &pair.b.key, &sent(&app, &pair, b"first", &[]).await).await.expect(200);
    let other = claim(&app, &pair.b.key, &sent(&app, &pair, b"other", &[]).await).await.expect(200);
    let good = url(&one);
    assert_eq!(fetch(&app, &good, &[]).await.status(), 200);
    let mut forged: Vec<String> = ["grant", "size", "expires", "key", "sig"]
        .into_iter()
        .map(|name| with(&good, name, with_another_last_digit))
        .collect();
    forged.push(with(&good, "sig", |_| String::new()));
    forged.push(with(&good, "sig", |sig| sig[..32].to_owned()));
    forged.push(with(&good, "sig", |_| "zz".to_owned()));
    forged.push(with(&good, "key", |_| "nobody".to_owned()));
    forged.push(with(&good, "expires", |_| "99999999999".to_owned()));
    forged.push(with(&good, "expires", |_| "9223372036854775807".to_owned()));
    forged.push(good.split_once('?').unwrap().0.to_owned());
    let (file, other_file) =
        (one["files"][0]["id"].as_str().unwrap(), other["files"][0]["id"].as_str().unwrap());
    forged.push(good.replace(file, other_file));
    for name in ["grant", "size", "expires", "key", "sig"] {
        forged.push(good.replace(&format!("{name}="), "x="));
    }
    for url in forged {
        let answer = app.get(&url, "").await;
        assert_eq!(answer.outcome(), (403, "FORBIDDEN"), "{url}");
        let head = app.request(Method::HEAD, &url, "").send().await.unwrap();
        assert_eq!(head.status(), 403, "{url}");
    }
    assert_eq!(app.get(&good.replace(file, "x"), "").await.status, 404);
    assert_eq!(app.request(Method::PUT, &good, "").send().await.unwrap().status(), 403);
}

async fn ranges_are_answered(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let content: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let id =
        Form::between("alpha", "beta").file("a", &content).file("empty", b"").send(&app, &pair.a.key).await;
    let claimed = claim(&app, &pair.b.key, &id.expect(201).text("id")).await.expect(200);
    let url = url(&claimed);
    for (range, bytes, of) in [
        ("bytes=0-0", 0..1, "bytes 0-0/200000"),
        ("bytes=10-19", 10..20, "bytes 10-19/200000"),
        ("bytes=70000-140000", 70_000..140_001, "bytes 70000-140000/200000"),
        ("bytes=199999-", 199_999..200_000, "bytes 199999-199999/200000"),
        ("bytes=100-999999999", 100..200_000, "bytes 100-199999/200000"),
        ("bytes=-5", 199_995..200_000, "bytes 199995-199999/200000"),
        ("bytes=-999999", 0..200_000, "bytes 0-199999/200000"),
    ] {
        let part = fetch(&app, &url, &[(RANGE, range)]).await;
        assert_eq!((part.status().as_u16(), header(&part, CONTENT_RANGE)), (206, of), "{range}");
        assert_eq!(part.content_length(), Some(bytes.len() as u64));
        assert_eq!(part.bytes().await.unwrap().as_ref(), &content[bytes], "{range}");
    }
    for whole in ["bytes=0-1,5-6", "pages=1-2", "nonsense", "bytes=9-2"] {
        let response = fetch(&app, &url, &[(RANGE, whole)]).await;
        assert_eq!((response.status().as_u16(), header(&response, CONTENT_RANGE)), (200, ""), "{whole}");
        assert_eq!(response.bytes().await.unwrap().len(), content.len());
    }
    for outside in ["bytes=200000-", "bytes=300000-300001", "bytes=-0"] {
        let answer = Answer::of(app.request(Method::GET, &url, "").header(RANGE, outside)).await;
        assert_eq!(answer.outcome(), (416, "RANGE_NOT_SATISFIABLE"), "{outside}");
        assert_eq!(answer.header("content-range"), "bytes */200000");
    }
    let empty = claimed["files"][1]["download_url"].as_str().unwrap();
    assert_eq!(fetch(&app, empty, &[]).await.content_length(), Some(0));
    assert_eq!(fetch(&app, empty, &[(RANGE, "bytes=0-")]).await.status(), 416);
}

async fn a_range_is_of_the_file_that_the_client_knows(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let claimed = claim(&app, &pair.b.key, &sent(&app, &pair, b"0123456789", &[]).await).await.expect(200);
    let url = url(&claimed);
    let whole = fetch(&app, &url, &[]).await;
    let etag = header(&whole, ETAG).to_owned();
    assert_eq!(etag, format!("\"{}\"", claimed["files"][0]["sha256"].as_str().unwrap()));
    assert_eq!(header(&whole, ACCEPT_RANGES), "bytes");
    for (tag, status) in [(etag.as_str(), 206), ("\"another\"", 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200)]
    {
        let response = fetch(&app, &url, &[(RANGE, "bytes=2-4"), (IF_RANGE, tag)]).await;
        assert_eq!((response.status().as_u16(), header(&response, ETAG)), (status, etag.as_str()), "{tag}");
        let expected: &[u8] = if status == 206 { b"234" } else { b"0123456789" };
        assert_eq!(response.bytes().await.unwrap().as_ref(), expected);
    }
}

async fn head_says_what_get_would(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let claimed = claim(&app, &pair.b.key, &sent(&app, &pair, b"0123456789", &[]).await).await.expect(200);
    let url = url(&claimed);
    for (range, status, length) in
        [(None, 200, "10"), (Some("bytes=2-4"), 206, "3"), (Some("bytes=10-"), 416, "")]
    {
        let request = |method| {
            let request = app.request(method, &url, "");
            range.iter().fold(request, |request, range| request.header(RANGE, *range))
        };
        let (get, head) =
            (request(Method::GET).send().await.unwrap(), request(Method::HEAD).send().await.unwrap());
        assert_eq!((get.status().as_u16(), head.status().as_u16()), (status, status));
        for name in [CONTENT_LENGTH, CONTENT_RANGE, ETAG, ACCEPT_RANGES, CONTENT_DISPOSITION] {
            assert_eq!(header(&head, name.clone()), header(&get, name.clone()), "{name} of {range:?}");
        }
        if !length.is_empty() {
            assert_eq!(header(&head, CONTENT_LENGTH), length);
        }
        assert_eq!(head.bytes().await.unwrap().len(), 0);
    }
}

async fn a_file_comes_as_an_attachment_under_its_name(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    for (name, expected) in [
        ("report.pdf", "attachment; filename=\"report.pdf\""),
        (
            "Übersicht 日本.txt",
            "attachment; filename=\"_bersicht __.txt\"; filename*=UTF-8''%C3%9Cbersicht%20%E6%97%A5%E6%9C%AC.txt",
        ),
    ] {
        let form = Form::between("alpha", "beta").file(name, b"<script>");
        let id = form.send(&app, &pair.a.key).await.expect(201).text("id");
        let fetched = fetch(&app, &url(&claim(&app, &pair.b.key, &id).await.expect(200)), &[]).await;
        assert_eq!(header(&fetched, CONTENT_DISPOSITION), expected);
        // Whatever the sender declared, a browser neither shows nor runs it.
        for (header_name, value) in [
            ("content-type", "application/octet-stream"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(fetched.headers()[header_name], value);
        }
    }
}

async fn a_deleted_transfer_is_gone_at_once_and_its_bytes_soon(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let stays = sent(&app, &pair, b"stays", &[]).await;
    let id = sent(&app, &pair, b"goes", &[]).await;
    let claimed = claim(&app, &pair.b.key, &id).await.expect(200);
    assert_eq!(fetch(&app, &url(&claimed), &[]).await.status(), 200);
    let _ = app.delete(&format!("/v1/transfers/{id}"), &pair.a.key).await.expect(200);
    assert_eq!(app.get(&url(&claimed), "").await.outcome(), GONE);
    assert_eq!(app.get(&url(&claimed), "").await.outcome(), GONE, "before and after the bytes are removed");
    kept::expect_left(&app, 1, 0).await;
    assert_eq!(app.get(&url(&claimed), "").await.outcome(), GONE);
    assert_eq!(app.download(&pair.b.key, &stays).await, [b"stays"]);
}

async fn bytes_go_when_the_last_grant_has_ended(backend: Backend) {
    let app = App::start_configured(backend, &[], |config| config.settings.grant_seconds = 1).await;
    let pair = app.pair().await;
    let id = sent(&app, &pair, b"once", &[("max_downloads", "1")]).await;
    let claimed = claim(&app, &pair.b.key, &id).await.expect(200);
    kept::expect_left(&app, 0, 0).await;
    assert_eq!(app.get(&url(&claimed), "").await.outcome(), GONE);
}

async fn what_was_sent_stays_after_a_revocation_unless_it_is_purged(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let kept_id = sent(&app, &pair, b"kept", &[]).await;
    let _ = app.delete(&format!("/v1/pairings/{}", pair.pairing), &pair.a.key).await.expect(200);
    assert_eq!(app.download(&pair.b.key, &kept_id).await, [b"kept"]);

    let again = app.propose(&pair.b, &pair.connection, &pair.beta, &pair.alpha, "both").await;
    app.confirm(&pair.a, &again).await;
    let claimed = claim(&app, &pair.b.key, &kept_id).await.expect(200);
    let back = app.send(&pair.b.key, "beta", "alpha", b"back", &[]).await.expect(201).text("id");
    let _ = app.delete(&format!("/v1/pairings/{again}?purge=true"), &pair.b.key).await.expect(200);
    for (key, id) in [(&pair.b.key, &kept_id), (&pair.a.key, &back)] {
        assert_eq!(claim(&app, key, id).await.outcome(), GONE);
    }
    assert_eq!(app.get(&url(&claimed), "").await.outcome(), GONE);
    kept::expect_nothing(&app).await;

    let third = app.propose(&pair.a, &pair.connection, &pair.alpha, &pair.beta, "both").await;
    app.confirm(&pair.b, &third).await;
    let (stays, own) =
        (sent(&app, &pair, b"more", &[]).await, app.send(&pair.a.key, "x", "alpha", b"own", &[]).await);
    let bad = app.delete(&format!("/v1/connections/{}?purge=maybe", pair.connection), &pair.a.key).await;
    assert_eq!(super::bad_fields(&bad), ["purge"]);
    let _ =
        app.delete(&format!("/v1/connections/{}?purge=true", pair.connection), &pair.a.key).await.expect(200);
    assert_eq!(claim(&app, &pair.b.key, &stays).await.outcome(), GONE);
    assert_eq!(app.download(&pair.a.key, &own.expect(201).text("id")).await, [b"own"], "within the account");
    kept::expect_left(&app, 1, 0).await;
}

fn large() -> Vec<u8> {
    (0_u64..).flat_map(u64::to_le_bytes).take(LARGE).collect()
}

/// Makes a prepared transfer active for no longer than this.
struct ActiveFor(TransferId, Duration);

#[async_trait]
impl Act for ActiveFor {
    type Output = bool;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<bool, StoreError> {
        tx.delete_prepared(self.0).await?;
        tx.activate_transfer(self.0, cx.now + self.1).await
    }
}

async fn a_started_download_outlives_the_expiry(backend: Backend) {
    const LASTS: Duration = Duration::from_secs(5);
    let app = App::start_configured(backend, &[], |config| config.settings.sweep_seconds = 1).await;
    let (pair, content) = (app.pair().await, large());
    let files = json!([{"name": "large.bin", "size": LARGE}]);
    let body = json!({"sender": "alpha", "recipient": "beta", "files": files});
    let prepared = app.post("/v1/transfers/presigned", &pair.a.key, body).await.expect(201);
    let upload = prepared["upload_urls"][0]["upload_url"].as_str().unwrap();
    let stored = app.request(Method::PUT, upload, "").body(content.clone()).send().await.unwrap();
    assert_eq!(stored.status(), 200);
    let id = prepared.text("id");
    assert!(act::perform(&app.running.ports, &ActiveFor(id.parse().unwrap(), LASTS)).await.unwrap());

    let claimed = claim(&app, &pair.b.key, &id).await.expect(200);
    let mut running = fetch(&app, &url(&claimed), &[]).await;
    let mut received = running.chunk().await.unwrap().unwrap().to_vec();
    let deadline = Instant::now() + LASTS + kept::PATIENCE;
    let swept = async || {
        let mut view = app.running.ports.database.read().await.unwrap();
        view.transfer(id.parse().unwrap()).await.unwrap().unwrap().status == TransferStatus::Expired
    };
    while !swept().await {
        assert!(Instant::now() < deadline, "the transfer does not run out");
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(claim(&app, &pair.b.key, &id).await.outcome(), GONE);
    while let Some(chunk) = running.chunk().await.unwrap() {
        received.extend_from_slice(&chunk);
    }
    assert!(received == content, "{} bytes came of {LARGE}", received.len());
}

async fn a_running_download_ends_when_its_right_is_taken_back(backend: Backend) {
    let app = App::start(backend).await;
    let (pair, content) = (app.pair().await, large());
    let of_key = app.post("/v1/api-keys", &pair.b.key, json!({"name": "soon revoked"})).await.expect(201);
    let fetching = async |key: &str| {
        let id = sent(&app, &pair, &content, &[]).await;
        let claimed = claim(&app, key, &id).await.expect(200);
        let mut running = fetch(&app, &url(&claimed), &[]).await;
        let _ = running.chunk().await.unwrap().unwrap();
        (id, running)
    };
    let (deleted, of_deleted) = fetching(&pair.b.key).await;
    let (_, of_revoked) = fetching(&of_key.text("api_key")).await;
    let (_, mut untouched) = fetching(&pair.b.key).await;
    let _ = app.delete(&format!("/v1/transfers/{deleted}"), &pair.a.key).await.expect(200);
    let _ = app.delete(&format!("/v1/api-keys/{}", of_key.text("id")), &pair.b.key).await.expect(200);
    join_all([of_deleted, of_revoked].map(expect_end)).await;
    while untouched.chunk().await.unwrap().is_some() {}
}

/// Reads so slowly that the server looks whether it may go on before all has been read.
async fn expect_end(mut running: Response) {
    let (mut received, begun) = (0, Instant::now());
    while let Ok(chunk) = running.chunk().await {
        let chunk = chunk.unwrap_or_else(|| panic!("all came, in {:?}", begun.elapsed()));
        received += chunk.len();
        let pace = Duration::from_secs(20).mul_f64(received as f64 / LARGE as f64);
        sleep(pace.saturating_sub(begun.elapsed())).await;
    }
}
