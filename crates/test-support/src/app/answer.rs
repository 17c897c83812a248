use std::ops::Index;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer of the server, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null if it is no JSON.
    pub body: Value,
}

impl Answer {
    /// Sends a request.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a whole body");
        Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    /// The error code; empty on success.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// The status and the error code.
    #[must_use]
    pub fn outcome(&self) -> (u16, &str) {
        (self.status, self.code())
    }

    /// The names of the bad fields.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let details = self.body["error"]["details"].as_array();
        details.into_iter().flatten().filter_map(|detail| detail["field"].as_str()).collect()
    }

    /// This answer, if it has that status.
    ///
    /// # Panics
    /// With the body, if it has another.
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#}", self.body);
        self
    }

    /// A field of the body that is a text.
    ///
    /// # Panics
    /// With the body, if it is none.
    #[must_use]
    pub fn text(&self, field: &str) -> String {
        let text = self.body[field].as_str().map(str::to_owned);
        text.unwrap_or_else(|| panic!("no text {field:?} in {:#}", self.body))
    }

    /// A header as text; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.body[field]
    }
}
