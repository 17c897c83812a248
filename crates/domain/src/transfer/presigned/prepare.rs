//! Preparing a transfer whose bytes come later.

use std::time::Duration;

use async_trait::async_trait;

use super::super::create::{account, check_mode, settled_route};
use super::super::route::{Ends, Route, RouteError, check_channel, check_encryption, find_route};
use super::super::upload::lease_lost;
use super::super::{Draft, FileName, Transfer, TransferFile, TransferStatus};
use super::{
    BegunUpload, FileState, MAX_FILE_BYTES, MAX_PART_BYTES, MAX_PARTS, MIN_PART_BYTES, Prepared,
    PreparedFile, part_count,
};
use crate::account::{QuotaError, check_transfers_left, count_transfer, reserve_storage};
use crate::act::{Act, Ask, Cx};
use crate::audit::AuditEntry;
use crate::blob::ObjectKey;
use crate::caller::Caller;
use crate::error::{ActError, FieldErrors, Invalid};
use crate::plan::{Plan, allows};
use crate::store::{ReadView, StoreError, UnitOfWork};

/// A file that is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredFile {
    /// Its name.
    pub name: FileName,
    /// Its size as it will be stored, in bytes.
    pub size: u64,
    /// Its MIME type.
    pub content_type: String,
    /// The size of its parts in bytes, if it comes in parts.
    pub part_size: Option<u64>,
}

/// Makes a pending transfer of announced files (2.1.6, 2.1.7 of the public API). Its checks are those of
/// [`super::super::CreateTransfer`], then the sizes.
#[derive(Debug, Clone)]
pub struct PrepareTransfer {
    /// Who sends.
    pub caller: Caller,
    /// What they ask for.
    pub draft: Draft,
    /// The files, in their order.
    pub files: Vec<DeclaredFile>,
    /// With direct delivery of files in parts, the store's upload of each, in the same order; else empty.
    pub begun: Vec<BegunUpload>,
}

/// Why a transfer is not prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// As for every transfer.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// A file is larger than the plan allows.
    #[error("a file may have at most {limit} bytes on your plan; {name:?} has {size}")]
    FileTooLarge {
        /// Which file.
        name: String,
        /// Its size in bytes.
        size: u64,
        /// The most it may have, in bytes.
        limit: u64,
    },
}

impl From<StoreError> for PrepareError {
    fn from(error: StoreError) -> Self {
        Self::Route(error.into())
    }
}

impl From<QuotaError> for PrepareError {
    fn from(error: QuotaError) -> Self {
        Self::Route(error.into())
    }
}

impl From<Invalid> for PrepareError {
    fn from(error: Invalid) -> Self {
        Self::Route(error.into())
    }
}

impl ActError for PrepareError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Route(error) => error.store_error(),
            Self::FileTooLarge { .. } => None,
        }
    }
}

#[async_trait]
impl Act for PrepareTransfer {
    type Output = (Transfer, Prepared);
    type Error = PrepareError;

    async fn perform(
        &self,
        cx: &Cx<'_>,
        tx: &mut dyn UnitOfWork,
    ) -> Result<(Transfer, Prepared), PrepareError> {
        check_mode(self.draft.mode)?;
        let route = settled_route(tx, &self.caller, &self.draft).await?;
        let lifetime_seconds = self.check(cx, tx, &route).await?;
        let account = self.caller.account;
        let pending = Duration::from_secs(cx.settings.pending_seconds.into());
        let files = self.files.iter().enumerate().map(|(i, file)| self.file(cx, i, file)).collect();
        let transfer = Transfer {
            status: TransferStatus::Pending,
            announced: false,
            expires_at: cx.now + pending,
            ..self.draft.transfer(cx, route, files)
        };
        for begun in &self.begun {
            if !tx.settle_upload(begun.upload).await? {
                return Err(lease_lost().into());
            }
        }
        let prepared = self.prepared(cx, &transfer, lifetime_seconds);
        reserve_storage(tx, cx, account, transfer.total_size).await?;
        count_transfer(tx, cx, account).await?;
        tx.insert_transfer(&transfer).await?;
        tx.insert_prepared(&prepared).await?;
        tx.count_transfer_of_key(prepared.key).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "transfer.prepare", transfer.id)).await?;
        Ok((transfer, prepared))
    }
}

/// Asks, before a store is told to expect anything, whether a transfer would be prepared. Its checks are those of
/// [`PrepareTransfer`], but for the bytes of storage, which only the act can count.
#[derive(Debug, Clone)]
pub struct CheckPrepare(pub PrepareTransfer);

#[async_trait]
impl Ask for CheckPrepare {
    type Output = ();
    type Error = PrepareError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<(), PrepareError> {
        let Self(prepare) = self;
        check_mode(prepare.draft.mode)?;
        let account = account(view, prepare.caller.account).await?;
        let route = find_route(view, &prepare.caller, &account, Ends::from(&prepare.draft)).await?;
        prepare.check(cx, view, &route).await?;
        Ok(check_transfers_left(view, cx, account.id).await?)
    }
}

impl PrepareTransfer {
    /// What can be judged once the route is known. Yields how long the confirmed transfer stays, in seconds.
    async fn check(&self, cx: &Cx<'_>, view: &mut dyn ReadView, route: &Route) -> Result<u64, PrepareError> {
        check_channel(view, self.draft.encryption.channel(), route).await?;
        check_encryption(view, self.draft.encryption.is_encrypted(), route).await?;
        self.check_files()?;
        let account = account(view, self.caller.account).await?;
        let plan = cx.settings.plans.of(&account.plan);
        self.check_sizes(plan)?;
        Ok(self.draft.lifetime_under(plan)?)
    }

    fn check_files(&self) -> Result<(), Invalid> {
        let names: Vec<&FileName> = self.files.iter().map(|file| &file.name).collect();
        self.draft.check_files(&names)?;
        let mut errors = FieldErrors::default();
        let mut parts = 0;
        for (index, file) in self.files.iter().enumerate() {
            if file.size > MAX_FILE_BYTES {
                errors.add(format!("files[{index}].size"), format!("must be at most {MAX_FILE_BYTES} bytes"));
            }
            let Some(part_size) = file.part_size else { continue };
            let count = part_count(file.size, part_size.max(1));
            parts += count;
            // The last part may be of any size, so a file of one part may be too.
            if part_size == 0 || part_size > MAX_PART_BYTES || (count > 1 && part_size < MIN_PART_BYTES) {
                let message = format!("must be from {MIN_PART_BYTES} to {MAX_PART_BYTES} bytes");
                errors.add(format!("files[{index}].part_size"), message);
            }
        }
        if parts > MAX_PARTS {
            let message = format!("must have at most {MAX_PARTS} parts together; take a larger part_size");
            errors.add("files", message);
        }
        errors.finish()
    }

    fn check_sizes(&self, plan: &Plan) -> Result<(), PrepareError> {
        match self.files.iter().find(|file| !allows(plan.max_file_bytes, file.size)) {
            None => Ok(()),
            Some(file) => Err(PrepareError::FileTooLarge {
                name: file.name.to_string(),
                size: file.size,
                limit: plan.max_file_bytes.unwrap_or(u64::MAX),
            }),
        }
    }

    fn file(&self, cx: &Cx<'_>, index: usize, file: &DeclaredFile) -> TransferFile {
        TransferFile {
            id: cx.ids.next(),
            name: file.name.clone(),
            size: file.size,
            content_type: file.content_type.clone(),
            object_key: match self.begun.get(index) {
                Some(begun) => begun.object_key.clone(),
                None => ObjectKey::of_upload(cx.ids.next()),
            },
            sha256: None,
            parts: 0,
            encryption_iv: self.draft.iv(index),
        }
    }

    fn prepared(&self, cx: &Cx<'_>, transfer: &Transfer, lifetime_seconds: u64) -> Prepared {
        let known = |(index, (declared, file)): (usize, (&DeclaredFile, &TransferFile))| PreparedFile {
            file: file.id,
            part_size: declared.part_size,
            upload_id: self.begun.get(index).map(|begun| begun.upload_id.clone()),
            state: FileState::Awaited,
        };
        let files = self.files.iter().zip(&transfer.files).enumerate().map(known);
        Prepared {
            transfer: transfer.id,
            key: self.caller.credential.key(),
            lifetime_seconds,
            direct: cx.settings.direct_delivery,
            files: files.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
