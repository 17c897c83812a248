//! A client that writes its own bytes to a socket.

use std::time::Duration;

use agentdrop_test_support::app::App;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::form::Form;

const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to the server.
pub struct RawClient(TcpStream);

/// An answer that was read off the wire.
#[derive(Debug)]
pub struct RawAnswer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl RawAnswer {
    /// The status and the error code.
    pub fn outcome(&self) -> (u16, &str) {
        (self.status, self.body["error"]["code"].as_str().unwrap_or_default())
    }
}

impl RawClient {
    pub async fn connect(app: &App) -> Self {
        Self(TcpStream::connect(app.running.address).await.unwrap())
    }

    /// Begins an upload whose body has that length.
    pub async fn begin_upload(app: &App, key: &str, length: usize) -> Self {
        let mut client = Self::connect(app).await;
        let content_type = Form::content_type();
        client.head("/v1/transfers", key, &content_type, &format!("Content-Length: {length}\r\n")).await;
        client
    }

    /// Writes the head of a POST.
    pub async fn head(&mut self, path: &str, key: &str, content_type: &str, further: &str) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: {content_type}\r\n{further}\r\n"
        );
        self.write(head.as_bytes()).await;
    }

    /// Writes all of the bytes; a reset is a failure.
    pub async fn write(&mut self, bytes: &[u8]) {
        let written = timeout(PATIENCE, self.0.write_all(bytes)).await;
        written.expect("the server takes the bytes in time").expect("the connection stays");
    }

    /// Says that no more bytes will come, while the answer can still be read.
    pub async fn close_writing(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Reads one answer.
    pub async fn answer(&mut self) -> RawAnswer {
        timeout(PATIENCE, self.read_answer()).await.expect("an answer in time")
    }

    async fn read_answer(&mut self) -> RawAnswer {
        let mut bytes = Vec::new();
        let head_end = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_some(&mut bytes).await;
        };
        let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let end = head_end + length.expect("a length").trim().parse::<usize>().unwrap();
        while bytes.len() < end {
            self.read_some(&mut bytes).await;
        }
        RawAnswer {
            status: head[9..12].parse().unwrap(),
            head,
            body: serde_json::from_slice(&bytes[head_end..end]).unwrap_or(Value::Null),
        }
    }

    async fn read_some(&mut self, bytes: &mut Vec<u8>) {
        let read = self.0.read_buf(bytes).await.expect("no reset before the answer");
        assert_ne!(read, 0, "the connection was closed before the answer: {bytes:?}");
    }
}
