//! The SDK's client, set up to wait and to repeat within bounds.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use super::S3Config;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// From the beginning of a request to the first byte of its answer; a part is sent within it.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// One attempt, without the answer's body.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(90);
/// All attempts.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(200);
const MAX_ATTEMPTS: u32 = 3;
/// How long a body may come to rest, in either direction.
const STALL_GRACE: Duration = Duration::from_secs(20);
/// The most connections kept for later.
const MAX_IDLE: usize = 64;

pub(super) fn connect(config: S3Config) -> Client {
    let S3Config { endpoint, region, access_key_id, secret_access_key, path_style, bucket: _ } = config;
    let http = aws_smithy_http_client::Builder::new()
        .pool_max_idle_per_host(MAX_IDLE)
        .tls_provider(Provider::Rustls(CryptoMode::Ring));
    let mut builder = Builder::new()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(http.build_https())
        .region(Region::new(region))
        .credentials_provider(Credentials::new(access_key_id, secret_access_key, None, None, "configuration"))
        .force_path_style(path_style)
        // Checksums in trailers are AWS's own; other services refuse such requests.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .timeout_config(timeouts())
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled().grace_period(STALL_GRACE).build(),
        );
    builder.set_endpoint_url(endpoint);
    Client::from_conf(builder.build())
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}
