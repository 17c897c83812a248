use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::probe::{Answer, ask};
use super::*;

/// Asks a server that gives this answer.
async fn asked(scheme: &str, answer: &'static str) -> Answer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("{scheme}://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let length = stream.read(&mut request).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let found = ask(&base).await;
    let request = server.await.unwrap();
    assert!(scheme == "https" || request.starts_with("GET /healthz HTTP/1.1\r\n"), "{request}");
    found
}

const OURS: &str = "HTTP/1.1 200 OK\r\nx-request-id: req_1\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"status\":\"ok\"}";
const ANOTHER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"status\":\"ok\"}";
const NOT_FOUND: &str =
    "HTTP/1.1 404 Not Found\r\nx-request-id: req_1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const MOVED: &str = "HTTP/1.1 301 Moved Permanently\r\nlocation: https://other.example/healthz\r\ncontent-length: 0\r\n\
    connection: close\r\n\r\n";

#[tokio::test]
async fn only_an_agentdrop_server_is_ours() {
    assert_eq!(asked("http", OURS).await, Answer::Ours);
    assert_eq!(asked("http", ANOTHER).await, Answer::Foreign(200));
    assert_eq!(asked("http", NOT_FOUND).await, Answer::Foreign(404));
}

#[tokio::test]
async fn redirects_are_told_not_followed() {
    assert_eq!(asked("http", MOVED).await, Answer::Redirect("https://other.example/healthz".to_owned()));
}

#[tokio::test]
async fn what_speaks_no_tls_is_not_trusted() {
    let answer = asked("https", OURS).await;
    assert!(matches!(answer, Answer::Untrusted(_)), "{answer:?}");
}

#[tokio::test]
async fn nobody_is_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let answer = ask(&base).await;
    assert!(matches!(&answer, Answer::Silent(why) if why.contains("refused")), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_for_signed_urls_must_lead_to_the_listener_for_them() {
    assert_line(&Setup::new().finding("blob URL").await, Verdict::Ok, &["begin with the public URL"]);

    let address = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (listen, closed) = (address(), format!("http://{}", address()));
    let setup = Setup::new()
        .set("AGENTDROP_BLOB_LISTEN", listen.as_str())
        .set("AGENTDROP_BLOB_PUBLIC_URL", closed.as_str());
    assert_line(&setup.finding("blob URL").await, Verdict::Warn, &["no server runs at", &closed]);
    let running = crate::serve::start(&setup.load().config).await.unwrap();
    let finding = setup.finding("blob URL").await;
    assert_line(
        &finding,
        Verdict::Fail,
        &[&format!("the server runs at http://{listen}"), "check AGENTDROP_BLOB_PUBLIC_URL"],
    );
    let right = setup.set("AGENTDROP_BLOB_PUBLIC_URL", format!("http://{listen}"));
    assert_line(&right.finding("blob URL").await, Verdict::Ok, &["answers as an AgentDrop server"]);
    running.stop().await;
}
