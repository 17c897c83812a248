//! A small client of the HTTP API.

use reqwest::multipart::Form;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A call that did not bring what it should.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No answer, or one that can't be read.
    #[error("{call} failed")]
    Failed {
        /// Method and path.
        call: String,
        /// What went wrong, without the URL, which may carry a signature.
        source: reqwest::Error,
    },
    /// The server refused.
    #[error("{call} was answered {status} {code}: {message}")]
    Refused {
        /// Method and path.
        call: String,
        /// The status.
        status: StatusCode,
        /// The error's code.
        code: String,
        /// What it says.
        message: String,
    },
}

/// Calls the API of one server.
pub struct Client {
    http: reqwest::Client,
    base: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorDetail {
    code: String,
    message: String,
}

impl Client {
    pub fn new(base: &str) -> Result<Self, CallError> {
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.map_err(failed("setting up an HTTP client"))?;
        Ok(Self { http, base: base.to_owned() })
    }

    pub async fn get<T: DeserializeOwned>(&self, key: &str, path: &str) -> Result<T, CallError> {
        self.call(Method::GET, key, path, |request| request).await
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        key: &str,
        path: &str,
        body: &Value,
    ) -> Result<T, CallError> {
        self.call(Method::POST, key, path, |request| request.json(body)).await
    }

    pub async fn patch<T: DeserializeOwned>(
        &self,
        key: &str,
        path: &str,
        body: &Value,
    ) -> Result<T, CallError> {
        self.call(Method::PATCH, key, path, |request| request.json(body)).await
    }

    pub async fn upload<T: DeserializeOwned>(
        &self,
        key: &str,
        path: &str,
        form: Form,
    ) -> Result<T, CallError> {
        self.call(Method::POST, key, path, |request| request.multipart(form)).await
    }

    /// Opens a signed URL, which needs no key.
    pub async fn open(&self, url: &str) -> Result<Response, CallError> {
        const CALL: &str = "GET of a signed URL";
        let answer = self.http.get(url).send().await.map_err(failed(CALL))?;
        accepted(CALL, answer).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        key: &str,
        path: &str,
        with_body: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<T, CallError> {
        let call = format!("{method} {path}");
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(key);
        let answer = with_body(request).send().await.map_err(failed(&call))?;
        accepted(&call, answer).await?.json().await.map_err(failed(&call))
    }
}

async fn accepted(call: &str, answer: Response) -> Result<Response, CallError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer.text().await.map_err(failed(call))?;
    // Something else than this server may answer in another form.
    let ErrorBody { error: ErrorDetail { code, message } } = serde_json::from_str(&text).unwrap_or_default();
    Err(CallError::Refused { call: call.to_owned(), status, code, message })
}

fn failed(call: &str) -> impl FnOnce(reqwest::Error) -> CallError {
    move |error| CallError::Failed { call: call.to_owned(), source: error.without_url() }
}
