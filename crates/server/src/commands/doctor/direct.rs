//! With direct delivery: do the store's own URLs work as clients use them?

use std::time::Duration;

use agentdrop_adapters::ids::UuidGenerator;
use agentdrop_domain::blob::{BlobError, BlobStore, ObjectKey};
use agentdrop_domain::ids::IdGenerator;
use agentdrop_domain::transfer::{DirectPut, DirectStore, PutUrl};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use tokio::time::timeout;

use super::finding::Finding;
use super::installation::Installation;
use super::probe::{HttpClient, MAX_BODY, PATIENCE, client, root_cause};
use super::trial::object_key;
use crate::wiring::{direct_store, open_storage};
use crate::with_causes;

/// How long the URLs of the trial work.
const LASTS: Duration = Duration::from_secs(60);
pub(super) const BYTES: &[u8] = b"a trial of direct delivery";

/// What is wrong with the store's URLs.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    #[error("no URL can be signed")]
    Unsigned(#[source] BlobError),
    #[error("nobody answers at {0}: {1}")]
    Silent(String, String),
    #[error("a signed {0} is answered {1}")]
    Refused(Method, StatusCode),
    #[error("the store can't be asked for what was sent")]
    Unseen(#[source] BlobError),
    #[error("what is sent by a signed PUT goes to another store")]
    Elsewhere,
    #[error("a signed PUT of another size than announced is taken")]
    AnySize,
    #[error("a signed PUT is taken a second time ({0}), so that what was confirmed can be replaced")]
    Twice(StatusCode),
}

pub async fn check(installation: &Installation<'_>) -> Vec<Finding> {
    let config = installation.config();
    let store = match direct_store(config) {
        Ok(None) => return vec![Finding::ok("not used: bytes pass through this server")],
        Ok(Some(store)) => store,
        Err(error) => {
            return vec![Finding::fail(with_causes(&error), "correct AGENTDROP_S3_PUBLIC_ENDPOINT")];
        }
    };
    let blobs = match open_storage(config).await {
        Ok(blobs) => blobs,
        Err(error) => return vec![Finding::fail(with_causes(&error), "correct AGENTDROP_S3_ENDPOINT")],
    };
    let key = object_key(&UuidGenerator.uuid().simple().to_string());
    let tried = trial(&*store, &*blobs, &key).await;
    let deleted = blobs.delete(&key).await;
    let mut findings = vec![match tried {
        Ok(()) => Finding::ok("an object went to the store once, and came back, by signed URLs"),
        Err(wrong) => Finding::fail(with_causes(&wrong), advice(&wrong)),
    }];
    if let Err(error) = deleted {
        let text = format!("can't delete the object {key} of this trial: {}", with_causes(&error));
        findings.push(Finding::warn(text, "delete it by hand"));
    }
    findings
}

const fn advice(wrong: &Wrong) -> &'static str {
    match wrong {
        Wrong::Unsigned(_) | Wrong::Silent(..) => {
            "set AGENTDROP_S3_PUBLIC_ENDPOINT to the address at which clients reach the store"
        }
        Wrong::Refused(..) | Wrong::Elsewhere => {
            "see to it that AGENTDROP_S3_PUBLIC_ENDPOINT leads to the store of AGENTDROP_S3_ENDPOINT, through no proxy \
             that changes host or path"
        }
        Wrong::Unseen(_) => "see what is said of the storage",
        Wrong::AnySize | Wrong::Twice(_) => {
            "use a store that keeps to what is signed and knows If-None-Match, or AGENTDROP_DELIVERY=proxied"
        }
    }
}

/// Does what a client does, and what it must not.
pub(super) async fn trial(
    store: &dyn DirectStore,
    blobs: &dyn BlobStore,
    key: &ObjectKey,
) -> Result<(), Wrong> {
    let size = BYTES.len() as u64;
    let put = store.put_url(DirectPut { key, part: None, size }, LASTS).map_err(Wrong::Unsigned)?;
    if send(Method::PUT, &put, &BYTES[1..]).await?.0.is_success() {
        return Err(Wrong::AnySize);
    }
    let (first, _) = send(Method::PUT, &put, BYTES).await?;
    if !first.is_success() {
        return Err(Wrong::Refused(Method::PUT, first));
    }
    if blobs.head(key).await.map_err(Wrong::Unseen)? != Some(size) {
        return Err(Wrong::Elsewhere);
    }
    let (second, _) = send(Method::PUT, &put, BYTES).await?;
    if second.is_success() {
        return Err(Wrong::Twice(second));
    }
    let url = store.get_url(key, "doctor.bin", LASTS).map_err(Wrong::Unsigned)?;
    match send(Method::GET, &PutUrl { url, headers: Vec::new() }, b"").await? {
        (StatusCode::OK, bytes) if bytes == BYTES => Ok(()),
        (StatusCode::OK, _) => Err(Wrong::Elsewhere),
        (status, _) => Err(Wrong::Refused(Method::GET, status)),
    }
}

async fn send(method: Method, to: &PutUrl, body: &'static [u8]) -> Result<(StatusCode, Bytes), Wrong> {
    let silent = |why: String| Wrong::Silent(origin(&to.url), why);
    let request = to
        .headers
        .iter()
        .fold(Request::builder().method(method), |it, (name, value)| it.header(*name, *value));
    let request = request.uri(&to.url).body(Full::from(body)).map_err(|e| silent(e.to_string()))?;
    let client = client().map_err(|e| silent(e.to_string()))?;
    match timeout(PATIENCE, answer(&client, request)).await {
        Ok(outcome) => outcome.map_err(|error| silent(root_cause(&*error))),
        Err(_) => Err(silent(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

async fn answer(
    client: &HttpClient,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = client.request(request).await?.into_parts();
    Ok((head.status, Limited::new(body, MAX_BODY).collect().await?.to_bytes()))
}

/// What a URL begins with: the rest is its key.
fn origin(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
}
