//! From the bytes to the rows: does everything belong to somebody?

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;

use super::check::CheckError;
use super::{Orphan, Report};
use crate::act::{self, Ask, Cx, Ports};
use crate::blob::ObjectKey;
use crate::clock::Timestamp;
use crate::store::{ReadView, StoreError};

/// How many objects are listed at once.
const PAGE: usize = 1_000;

pub(super) async fn look(ports: &Ports, repair: bool, report: &mut Report) -> Result<(), CheckError> {
    objects(ports, repair, report).await?;
    unfinished(ports, repair, report).await
}

async fn objects(ports: &Ports, repair: bool, report: &mut Report) -> Result<(), CheckError> {
    let mut after = None;
    loop {
        // The objects first, then the rows: a row is written before the first byte of its object, so what is
        // listed and has no row now will never get one.
        let page = ports.blobs.list(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.key.clone());
        report.stored_objects += page.len() as u64;
        let known = known(ports, page.iter().map(|entry| entry.key.clone()).collect()).await?;
        for entry in page.into_iter().filter(|entry| !known.contains(&entry.key)) {
            if is_young(ports, entry.modified) {
                report.young += 1;
                continue;
            }
            // Purged since it was listed.
            if ports.blobs.head(&entry.key).await?.is_none() {
                continue;
            }
            if repair {
                ports.blobs.delete(&entry.key).await?;
            }
            report.orphans.add(Orphan { object_key: entry.key, size: entry.size }, repair);
        }
    }
}

async fn unfinished(ports: &Ports, repair: bool, report: &mut Report) -> Result<(), CheckError> {
    let mut after = None;
    loop {
        let page = ports.blobs.list_unfinished(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.key.clone());
        let known = known(ports, page.iter().map(|entry| entry.key.clone()).collect()).await?;
        for entry in page.into_iter().filter(|entry| !known.contains(&entry.key)) {
            if is_young(ports, entry.begun) {
                report.young += 1;
                continue;
            }
            if repair {
                ports.blobs.delete(&entry.key).await?;
            }
            report.unfinished.add(entry.key, repair);
        }
    }
}

/// Whether the lease of an upload that began then may still run: what is so young is not judged, whatever the
/// rows say, so that no clock and no row that is just being written can do harm.
fn is_young(ports: &Ports, since: Timestamp) -> bool {
    ports.clock.now() < since + Duration::from_secs(ports.settings.upload_lease_seconds.into())
}

async fn known(ports: &Ports, keys: Vec<ObjectKey>) -> Result<BTreeSet<ObjectKey>, StoreError> {
    act::ask(ports, &Known { keys }).await
}

struct Known {
    keys: Vec<ObjectKey>,
}

#[async_trait]
impl Ask for Known {
    type Output = BTreeSet<ObjectKey>;
    type Error = StoreError;

    async fn answer(&self, _: &Cx<'_>, view: &mut dyn ReadView) -> Result<BTreeSet<ObjectKey>, StoreError> {
        view.known_objects(&self.keys).await
    }
}
