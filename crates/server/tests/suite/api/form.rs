//! Multipart forms written by hand, so that order, framing and headers are the test's.

use agentdrop_test_support::app::{Answer, App};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

const BOUNDARY: &str = "test-boundary";

/// A multipart form in the making.
#[derive(Debug, Clone, Default)]
pub struct Form {
    bytes: Vec<u8>,
}

impl Form {
    /// A form with the fields that every transfer has.
    pub fn between(sender: &str, recipient: &str) -> Self {
        Self::default().field("sender", sender).field("recipient", recipient)
    }

    /// The `Content-Type` of the request.
    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// Adds a text field.
    pub fn field(self, name: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\"\r\n"), value.as_bytes())
    }

    /// Adds several text fields.
    pub fn fields(self, fields: &[(&str, &str)]) -> Self {
        fields.iter().fold(self, |form, (name, value)| form.field(name, value))
    }

    /// Adds a file.
    pub fn file(self, name: &str, content: &[u8]) -> Self {
        self.part(&file_head(name), content)
    }

    /// Adds a part with headers of its own.
    pub fn part(mut self, head: &str, content: &[u8]) -> Self {
        self.bytes.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n").as_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.extend_from_slice(b"\r\n");
        self
    }

    /// The whole body, with its closing boundary.
    pub fn body(&self) -> Vec<u8> {
        [&self.bytes[..], format!("--{BOUNDARY}--\r\n").as_bytes()].concat()
    }

    /// The body without its closing boundary.
    pub fn unclosed(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// The body up to and with the first byte of a file that never ends.
    pub fn up_to_a_file(&self) -> Vec<u8> {
        [&self.bytes[..], format!("--{BOUNDARY}\r\n{}\r\nx", file_head("endless.bin")).as_bytes()].concat()
    }

    /// Sends it.
    pub async fn send(&self, app: &App, key: &str) -> Answer {
        send_body(app, key, self.body()).await
    }
}

fn file_head(name: &str) -> String {
    format!(
        "Content-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: text/plain\r\n"
    )
}

/// Sends the bytes as they are, as a multipart form.
pub async fn send_body(app: &App, key: &str, body: Vec<u8>) -> Answer {
    let request = app.request(Method::POST, "/v1/transfers", key);
    Answer::of(request.header(CONTENT_TYPE, Form::content_type()).body(body)).await
}
