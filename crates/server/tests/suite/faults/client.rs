//! Between the client and the server.

use std::time::Duration;

use agentdrop_test_support::app::{App, Backend};
use agentdrop_test_support::fault::{Direction, Fault, FaultProxy, Pace, What};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{PATIENCE, claim, confirm, content, download_url, fetch_from, prepare, put, send, transfers};
use crate::api::form::Form;
use crate::api::kept;

on_both_backends!(
    an_upload_cut_anywhere_leaves_nothing_and_goes_through_the_next_time,
    an_upload_to_a_signed_url_cut_anywhere_goes_through_the_next_time,
    an_upload_that_stalls_is_given_up,
    a_download_cut_anywhere_goes_on_where_it_was,
    a_slow_line_only_takes_longer,
);

async fn proxied(app: &App) -> FaultProxy {
    FaultProxy::before(&app.running.address.to_string()).await
}

/// Sends all that can be sent and gives what comes back until the connection ends.
async fn conversation(proxy: &FaultProxy, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut from, mut to) = stream.split();
    let mut received = Vec::new();
    // Either may be cut off, which is what these tests are about.
    let both = async { tokio::join!(to.write_all(sent), from.read_to_end(&mut received)) };
    let _cut = timeout(PATIENCE, both).await.expect("the connection ends");
    String::from_utf8_lossy(&received).into_owned()
}

fn request(line: &str, further: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{further}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Where the text stands in the bytes.
fn position(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
}

async fn an_upload_cut_anywhere_leaves_nothing_and_goes_through_the_next_time(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let proxy = proxied(&app).await;
    let body = Form::between("alpha", "beta")
        .file("first.bin", &content(200_000))
        .file("second.bin", &content(2_000_000))
        .field("message", "after the files")
        .body();
    let further =
        format!("Authorization: Bearer {}\r\nContent-Type: {}\r\n", pair.a.key, Form::content_type());
    let whole = request("POST /v1/transfers", &further, &body);
    let body_begins = whole.len() - body.len();
    let end = whole.len();
    // The closing boundary ends with "--" and a line end; without its last dash it is none.
    for after in [
        0,
        7,
        body_begins - 1,
        body_begins,
        position(&whole, "alpha") + 2,
        position(&whole, "filename=\"first"),
        body_begins + 100_000,
        position(&whole, "filename=\"second"),
        body_begins + 1_500_000,
        position(&whole, "after the files"),
        end - "--test-boundary--\r\n".len(),
        end - 3,
    ] {
        for what in [What::Cut, What::Reset] {
            proxy.arm(Fault { direction: Direction::ToServer, after: after as u64, what });
            let answer = conversation(&proxy, &whole).await;
            assert!(!answer.starts_with("HTTP/1.1 2"), "{what:?} after {after}: {answer}");
            kept::expect_nothing(&app).await;
        }
    }
    assert_eq!(proxy.struck(), 24);
    assert_eq!(transfers(&app, &pair, "active").await, [] as [serde_json::Value; 0]);
    let answer = conversation(&proxy, &whole).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    kept::expect_left(&app, 2, 0).await;
    let sent = transfers(&app, &pair, "active").await;
    let received = app.download(&pair.b.key, sent[0]["id"].as_str().unwrap()).await;
    assert!(received == [content(200_000), content(2_000_000)]);
}

async fn an_upload_to_a_signed_url_cut_anywhere_goes_through_the_next_time(backend: Backend) {
    let app = App::start_with(backend, &[("AGENTDROP_SWEEP_SECONDS", "1")]).await;
    let pair = app.pair().await;
    let proxy = proxied(&app).await;
    let bytes = content(2_000_000);
    let (id, url) = prepare(&app, &pair, bytes.len()).await;
    let whole = request(&format!("PUT {}", url.strip_prefix(&app.url).unwrap()), "", &bytes);
    let body_begins = whole.len() - bytes.len();
    for after in [9, body_begins - 1, body_begins, body_begins + 1_000_000, whole.len() - 1] {
        proxy.arm(Fault { direction: Direction::ToServer, after: after as u64, what: What::Cut });
        let answer = conversation(&proxy, &whole).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "after {after}: {answer}");
        kept::expect_nothing(&app).await;
        assert_eq!(confirm(&app, &pair, &id).await.outcome(), (400, "FILES_MISSING"));
    }
    // An answer that is lost on its way leaves the client where it can send again.
    for after in [0, 30] {
        proxy.arm(Fault { direction: Direction::ToClient, after, what: What::Reset });
        let _lost = conversation(&proxy, &whole).await;
    }
    let answer = conversation(&proxy, &whole).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let _ = confirm(&app, &pair, &id).await.expect(200);
    // What was sent before the last time goes with the next sweep.
    kept::expect_left_within(PATIENCE, &app, 1, 0).await;
    assert!(app.download(&pair.b.key, &id).await == [bytes]);
}

async fn an_upload_that_stalls_is_given_up(backend: Backend) {
    let app = App::start_with(backend, &[("AGENTDROP_UPLOAD_IDLE_SECONDS", "1")]).await;
    let pair = app.pair().await;
    let proxy = proxied(&app).await;
    let body = Form::between("alpha", "beta").file("a.bin", &content(2_000_000)).body();
    let further =
        format!("Authorization: Bearer {}\r\nContent-Type: {}\r\n", pair.a.key, Form::content_type());
    proxy.arm(Fault { direction: Direction::ToServer, after: 1_000_000, what: What::Stall });
    let answer = conversation(&proxy, &request("POST /v1/transfers", &further, &body)).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"UPLOAD_TIMEOUT\""), "{answer}");
    kept::expect_nothing(&app).await;
}

async fn a_download_cut_anywhere_goes_on_where_it_was(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let proxy = proxied(&app).await;
    let bytes = content(3_000_000);
    let id = send(&app, &pair, &bytes).await.expect(201).text("id");
    let claimed = claim(&app, &pair, &id).await.expect(200);
    let url = download_url(&claimed).replace(&app.url, &format!("http://{}", proxy.address()));
    let etag = format!("\"{}\"", claimed["files"][0]["sha256"].as_str().unwrap());
    let mut received = Vec::new();
    for (after, what) in [
        (0, What::Reset),
        (100, What::Cut),
        (2_000, What::Cut),
        (3_000, What::Reset),
        (500_000, What::Cut),
        (70_000, What::Reset),
        (1_000_000, What::Cut),
    ] {
        proxy.arm(Fault { direction: Direction::ToClient, after, what });
        let fetched = fetch_from(&url, received.len(), &etag).await;
        assert!(!fetched.whole, "{what:?} after {after}");
        let expected = if received.is_empty() { 200 } else { 206 };
        assert!(fetched.status.is_none_or(|status| status == expected), "{:?}", fetched.status);
        received.extend(fetched.bytes);
    }
    assert!(received.len() > 1_000_000);
    // Only its last byte is missing.
    let to_come = bytes.len() - received.len();
    let head_and_all = fetch_from(&url, received.len(), &etag).await;
    assert!(head_and_all.whole && head_and_all.bytes.len() == to_come);
    received.extend(&head_and_all.bytes[..to_come - 1]);
    let last = fetch_from(&url, received.len(), &etag).await;
    assert_eq!((last.status, last.bytes.len(), last.whole), (Some(206), 1, true));
    received.extend(last.bytes);
    assert!(received == bytes);
    let transfer = app.get(&format!("/v1/transfers/{id}"), &pair.a.key).await.expect(200);
    assert_eq!(transfer["downloads"], 1, "the one call counts, however often its bytes are fetched");
}

async fn a_slow_line_only_takes_longer(backend: Backend) {
    let app = App::start(backend).await;
    let pair = app.pair().await;
    let proxy = proxied(&app).await;
    proxy.set_pace(Pace { block: 200, pause: Duration::from_millis(1) });
    let bytes = content(60_000);
    let (id, url) = prepare(&app, &pair, bytes.len()).await;
    let through = |url: &str| url.replace(&app.url, &format!("http://{}", proxy.address()));
    let _ = put(&app, &through(&url), &bytes).await.expect(200);
    let _ = confirm(&app, &pair, &id).await.expect(200);
    let claimed = claim(&app, &pair, &id).await.expect(200);
    let fetched = fetch_from(&through(&download_url(&claimed)), 0, "").await;
    assert!(fetched.whole && fetched.bytes == bytes);
}
