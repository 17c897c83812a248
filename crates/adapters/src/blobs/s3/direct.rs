//! URLs by which clients reach the bucket themselves, and uploads in parts that they send.

use std::sync::Arc;
use std::time::Duration;

use agentdrop_domain::blob::{BlobError, ObjectKey};
use agentdrop_domain::clock::Clock;
use agentdrop_domain::transfer::{DirectPut, DirectStore, PutUrl, StoredPart};
use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use url::Url;

use super::error::{self, failed, odd};
use super::{Bucket, S3Config, client, multipart};

/// Has an object stored only if there is none. A service that does not know the condition would pass it over.
const ONCE: (&str, &str) = ("If-None-Match", "*");
/// The most pages of parts that are read; a page has up to 1,000.
const MAX_PAGES: usize = 100;

/// A bucket that clients reach under an address of its own.
#[derive(Clone)]
pub struct S3DirectStore {
    /// As the server reaches it.
    bucket: Bucket,
    /// As clients reach it.
    address: String,
    region: String,
    identity: Identity,
    clock: Arc<dyn Clock>,
}

impl S3DirectStore {
    /// The bucket, whose URLs begin with `public_endpoint` where that differs from the endpoint. `None` if that is
    /// no URL.
    #[must_use]
    pub fn new(config: S3Config, public_endpoint: Option<&str>, clock: Arc<dyn Clock>) -> Option<Self> {
        let address = address(&config, public_endpoint)?;
        let S3Config { access_key_id, secret_access_key, region, bucket, .. } = config.clone();
        let keys = Credentials::new(access_key_id, secret_access_key, None, None, "configuration");
        let bucket = Bucket { name: bucket, client: client::connect(config) };
        Some(Self { bucket, address, region, identity: keys.into(), clock })
    }

    /// A URL of an object that lets its holder do one thing with it for a while.
    fn signed(
        &self,
        method: &str,
        key: &ObjectKey,
        parameters: &[(&str, &str)],
        headers: &[(&str, &str)],
        lasts: Duration,
    ) -> Result<String, BlobError> {
        let internal = |error: &dyn std::fmt::Display| BlobError::Internal(error.to_string().into());
        let mut url = Url::parse(&format!("{}/{key}", self.address)).map_err(|e| internal(&e))?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(lasts);
        let signing = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name("s3")
            .time(self.clock.now().into())
            .settings(settings)
            .build()
            .map_err(|e| internal(&e))?;
        let body = SignableBody::UnsignedPayload;
        let request = SignableRequest::new(method, url.as_str(), headers.iter().copied(), body);
        let request = request.map_err(|e| internal(&e))?;
        let (added, _) = sign(request, &signing.into()).map_err(|e| internal(&e))?.into_parts();
        let (_, added) = added.into_parts();
        url.query_pairs_mut().extend_pairs(added.iter().map(|(name, value)| (name, value.as_ref())));
        Ok(url.into())
    }
}

/// The bucket's URL, without a slash at its end.
fn address(config: &S3Config, public_endpoint: Option<&str>) -> Option<String> {
    let aws = || format!("https://s3.{}.amazonaws.com", config.region);
    let endpoint = public_endpoint.map(str::to_owned).or_else(|| config.endpoint.clone()).unwrap_or_else(aws);
    let mut url = Url::parse(&endpoint).ok()?;
    if config.path_style {
        url.set_path(&config.bucket);
    } else {
        url.set_host(Some(&format!("{}.{}", config.bucket, url.host_str()?))).ok()?;
    }
    Some(url.as_str().trim_end_matches('/').to_owned())
}

fn place(number: u32) -> Result<i32, BlobError> {
    i32::try_from(number).map_err(|e| BlobError::Internal(e.into()))
}

/// Tells browsers to save the file rather than to show it.
fn attachment(file_name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let ascii: String = file_name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{ascii}\"")
}

#[async_trait]
impl DirectStore for S3DirectStore {
    fn put_url(&self, to: DirectPut<'_>, lasts: Duration) -> Result<PutUrl, BlobError> {
        let (size, number) = (to.size.to_string(), to.part.map(|(_, number)| number.to_string()));
        let parameters: Vec<_> = match (to.part, &number) {
            (Some((upload_id, _)), Some(number)) => vec![("partNumber", &**number), ("uploadId", upload_id)],
            _ => Vec::new(),
        };
        // The parts of an upload that was completed are taken no more, so they need no such condition.
        let headers = if to.part.is_some() { Vec::new() } else { vec![ONCE] };
        let signed: Vec<_> = [("content-length", &*size)].into_iter().chain(headers.clone()).collect();
        Ok(PutUrl { url: self.signed("PUT", to.key, &parameters, &signed, lasts)?, headers })
    }

    fn get_url(&self, key: &ObjectKey, file_name: &str, lasts: Duration) -> Result<String, BlobError> {
        let disposition = attachment(file_name);
        let parameters = [
            ("response-content-disposition", &*disposition),
            ("response-content-type", "application/octet-stream"),
        ];
        self.signed("GET", key, &parameters, &[], lasts)
    }

    async fn begin(&self, key: &ObjectKey) -> Result<String, BlobError> {
        let Bucket { client, name } = &self.bucket;
        let request = client.create_multipart_upload().bucket(name).key(key.as_str());
        let begun = request.send().await.map_err(|e| failed("CreateMultipartUpload", name, e))?;
        begun.upload_id.ok_or_else(|| odd("CreateMultipartUpload", name, "the answer has no upload id"))
    }

    async fn parts(&self, key: &ObjectKey, upload_id: &str) -> Result<Vec<StoredPart>, BlobError> {
        const OPERATION: &str = "ListParts";
        let Bucket { client, name } = &self.bucket;
        let mut found = Vec::new();
        let mut marker = None;
        for _ in 0..MAX_PAGES {
            let request = client.list_parts().bucket(name).key(key.as_str()).upload_id(upload_id);
            let page = match request.set_part_number_marker(marker).send().await {
                Ok(page) => page,
                Err(e) if error::code(&e) == Some("NoSuchUpload") => {
                    return Err(BlobError::NotFound(key.clone()));
                }
                Err(e) => return Err(failed(OPERATION, name, e)),
            };
            for part in page.parts() {
                let number = part.part_number().and_then(|number| u32::try_from(number).ok());
                let number = number.ok_or_else(|| odd(OPERATION, name, "a part has no number"))?;
                let etag = part.e_tag().unwrap_or_default().trim_matches('"').to_owned();
                found.push(StoredPart { number, size: error::length(part.size())?, etag });
            }
            marker = page.next_part_number_marker().map(str::to_owned);
            if page.is_truncated() != Some(true) {
                // Not every service lists them in order.
                found.sort_unstable_by_key(|part| part.number);
                return Ok(found);
            }
        }
        Err(odd(OPERATION, name, "more parts are listed than an upload may have"))
    }

    async fn abort(&self, key: &ObjectKey, upload_id: &str) -> Result<(), BlobError> {
        multipart::abort(&self.bucket, key, upload_id).await
    }

    async fn complete(
        &self,
        key: &ObjectKey,
        upload_id: &str,
        parts: &[StoredPart],
    ) -> Result<(), BlobError> {
        let Bucket { client, name } = &self.bucket;
        let mut completed = CompletedMultipartUpload::builder();
        for part in parts {
            let tag = format!("\"{}\"", part.etag);
            let part = CompletedPart::builder().part_number(place(part.number)?).e_tag(tag).build();
            completed = completed.parts(part);
        }
        let request = client.complete_multipart_upload().bucket(name).key(key.as_str()).upload_id(upload_id);
        match request.multipart_upload(completed.build()).send().await {
            Ok(_) => Ok(()),
            Err(e) => Err(match error::code(&e) {
                Some("NoSuchUpload") => BlobError::NotFound(key.clone()),
                Some("InvalidPart") => BlobError::Unavailable(e.into()),
                _ => failed("CompleteMultipartUpload", name, e),
            }),
        }
    }
}
