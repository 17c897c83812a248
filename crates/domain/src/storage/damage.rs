//! From the rows to the bytes: is everything there?

use async_trait::async_trait;

use super::check::{CheckError, CheckOptions};
use super::needed::{Needed, NeededFile, needed};
use super::{Damage, DamageKind, Report};
use crate::act::{self, Act, Ask, Cx, Ports};
use crate::audit::AuditEntry;
use crate::blob::{BlobError, ObjectKey};
use crate::ids::TransferId;
use crate::store::{ReadView, StoreError, UnitOfWork};
use crate::transfer::{TransferStatus, end_and_purge};

/// How many transfers are read at once.
const PAGE: u32 = 100;

pub(super) async fn look(
    ports: &Ports,
    options: CheckOptions,
    report: &mut Report,
) -> Result<(), CheckError> {
    let mut after = None;
    loop {
        let page = act::ask(ports, &PageOfNeeds { after }).await?;
        let Some(last) = page.last else { return Ok(()) };
        after = Some(last);
        for needed in &page.needs {
            look_at(ports, options, needed, report).await?;
        }
    }
}

async fn look_at(
    ports: &Ports,
    options: CheckOptions,
    needed: &Needed,
    report: &mut Report,
) -> Result<(), CheckError> {
    report.transfers += 1;
    let mut suspected = Vec::new();
    for file in &needed.files {
        report.expected_objects += file.objects.len() as u64;
        report.expected_bytes += file.objects.iter().map(|object| object.size).sum::<u64>();
        let before = suspected.len();
        suspected.extend(file.torn.map(|kind| needed.damage(file, &file.object_key, kind)));
        suspected.extend(sizes(ports, needed, file).await?);
        if options.verify && suspected.len() == before {
            suspected.extend(verify(ports, needed, file).await?);
        }
    }
    if suspected.is_empty() {
        return Ok(());
    }
    // It may have been purged, or a piece of it sent again, while its bytes were looked for.
    let confirmed = act::ask(ports, &StillDamaged { transfer: needed.transfer, suspected }).await?;
    if confirmed.is_empty() {
        return Ok(());
    }
    if options.repair {
        act::perform(ports, &EndDamaged { transfer: needed.transfer, damages: &confirmed }).await?;
    }
    for damage in confirmed {
        report.damaged.add(damage, options.repair);
    }
    Ok(())
}

async fn sizes(ports: &Ports, needed: &Needed, file: &NeededFile) -> Result<Vec<Damage>, CheckError> {
    let mut found = Vec::new();
    for object in &file.objects {
        let kind = match ports.blobs.head(&object.key).await? {
            Some(size) if size == object.size => continue,
            Some(size) => DamageKind::WrongSize { expected: object.size, found: size },
            None => DamageKind::Missing,
        };
        found.push(needed.damage(file, &object.key, kind));
    }
    Ok(found)
}

async fn verify(ports: &Ports, needed: &Needed, file: &NeededFile) -> Result<Option<Damage>, CheckError> {
    let keys: Vec<ObjectKey> = file.objects.iter().map(|object| object.key.clone()).collect();
    let Some(first) = keys.first() else { return Ok(None) };
    match ports.blobs.sha256(&keys).await {
        Ok(sha256) if file.sha256.is_none_or(|kept| kept == sha256) => Ok(None),
        Ok(_) => Ok(Some(needed.damage(file, first, DamageKind::Corrupt))),
        Err(BlobError::NotFound(key)) => Ok(Some(needed.damage(file, &key, DamageKind::Missing))),
        Err(error) => Err(error.into()),
    }
}

struct PageOfNeeds {
    after: Option<TransferId>,
}

struct Page {
    /// The last transfer that was looked at; `None` behind the last one there is.
    last: Option<TransferId>,
    needs: Vec<Needed>,
}

#[async_trait]
impl Ask for PageOfNeeds {
    type Output = Page;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Page, StoreError> {
        let transfers = view.unpurged_transfers(self.after, PAGE).await?;
        let last = transfers.last().map(|transfer| transfer.id);
        let mut needs = Vec::new();
        for transfer in &transfers {
            needs.extend(needed(view, transfer, cx.now).await?);
        }
        Ok(Page { last, needs })
    }
}

async fn still_damaged<V: ReadView + ?Sized>(
    cx: &Cx<'_>,
    view: &mut V,
    transfer: TransferId,
    suspected: &[Damage],
) -> Result<Vec<Damage>, StoreError> {
    let Some(transfer) = view.transfer(transfer).await? else { return Ok(Vec::new()) };
    let Some(needed) = needed(view, &transfer, cx.now).await? else { return Ok(Vec::new()) };
    Ok(suspected.iter().filter(|damage| needed.relies_on(damage)).cloned().collect())
}

/// Which of the damages matter. A key is used once, so an object that was not there does not come back: what the
/// rows still name is lost.
struct StillDamaged {
    transfer: TransferId,
    suspected: Vec<Damage>,
}

#[async_trait]
impl Ask for StillDamaged {
    type Output = Vec<Damage>;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Vec<Damage>, StoreError> {
        still_damaged(cx, view, self.transfer, &self.suspected).await
    }
}

/// Deletes a transfer whose bytes are damaged: its grants are taken back and the rest of its bytes is removed.
/// `false` if it does not need them any more.
struct EndDamaged<'a> {
    transfer: TransferId,
    damages: &'a [Damage],
}

#[async_trait]
impl Act for EndDamaged<'_> {
    type Output = ();
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), StoreError> {
        let Some(seen) = tx.transfer(self.transfer).await? else { return Ok(()) };
        tx.lock_accounts(&[seen.sender.account, seen.recipient.account]).await?;
        if still_damaged(cx, tx, self.transfer, self.damages).await?.is_empty() {
            return Ok(());
        }
        let events = end_and_purge(tx, cx, self.transfer, TransferStatus::Deleted).await?;
        tx.append_audit(&AuditEntry::by_operator(cx, "transfer.delete-damaged", self.transfer)).await?;
        tx.append_events(&events).await
    }
}
