//! Does the storage take, keep, give back and delete bytes?

use agentdrop_domain::blob::BlobError;

use super::disk;
use super::finding::Finding;
use super::installation::{Closed, Installation};
use super::trial::TrialError;
use crate::config::{Config, Storage};
use crate::wiring::{WiringError, storage_name};
use crate::with_causes;

pub async fn check(installation: &Installation<'_>) -> Vec<Finding> {
    let config = installation.config();
    let name = storage_name(config);
    let finding = match &installation.trial {
        Ok(trial) => Finding::ok(format!(
            "{name}: an object was stored, read, compared and deleted in {} ms",
            trial.took.as_millis()
        )),
        Err(Closed::NotYet) => {
            return vec![Finding::warn(
                format!("{name} is not there yet"),
                "the first start makes it; if it should be there, check AGENTDROP_DATA_DIR and the working directory",
            )];
        }
        Err(Closed::Silent) => Finding::fail(format!("{name} does not answer"), unreachable(config)),
        Err(Closed::Unopened(WiringError::Storage(_, cause))) => {
            failed(&name, cause, advice(config, Some(cause)))
        }
        Err(Closed::Unopened(error)) => failed(&name, error, advice(config, None)),
        Err(Closed::Unfit(error)) => {
            let cause = if let TrialError::Refused { source, .. } = error { Some(source) } else { None };
            failed(&name, error, advice(config, cause))
        }
    };
    let mut findings = vec![finding];
    if let Storage::Files(folder) = &config.storage {
        findings.push(disk::room_in(folder));
    }
    findings
}

fn failed(name: &str, error: &dyn std::error::Error, advice: &str) -> Finding {
    Finding::fail(format!("{name}: {}", with_causes(error)), advice)
}

fn advice(config: &Config, cause: Option<&BlobError>) -> &'static str {
    match (cause, &config.storage) {
        (Some(BlobError::NoSpace(_)), _) => "make room in the storage",
        (Some(BlobError::Unavailable(_)), _) => unreachable(config),
        (_, Storage::Files(_)) => {
            "give the server's user the right to the folder `blobs` in the data folder (AGENTDROP_DATA_DIR)"
        }
        (_, Storage::S3(_)) => {
            "check bucket, region and both keys (AGENTDROP_S3_…), and that the keys' policy allows GetObject, \
             PutObject, DeleteObject, AbortMultipartUpload, ListBucket and ListBucketMultipartUploads there, for direct \
             delivery ListMultipartUploadParts as well"
        }
    }
}

fn unreachable(config: &Config) -> &'static str {
    match &config.storage {
        Storage::Files(_) => "check the disk of the data folder (AGENTDROP_DATA_DIR)",
        Storage::S3(_) => {
            "check that the S3 service runs and that AGENTDROP_S3_ENDPOINT is reachable from here"
        }
    }
}
