//! Creating a transfer from bytes that have arrived.

use std::time::Duration;

use async_trait::async_trait;

use super::holding::{exchange, held_by};
use super::route::{Ends, Route, RouteError, check_channel, check_encryption, find_route};
use super::upload::ReceivedBytes;
use super::{Draft, FileName, Mode, Transfer, TransferFile, TransferForm, event_of};
use crate::account::{Account, count_transfer};
use crate::act::{Act, Ask, Cx};
use crate::agent::candidates;
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::connection::meanwhile;
use crate::error::{Denied, FieldErrors};
use crate::event::EventName;
use crate::ids::AccountId;
use crate::store::{ReadView, StoreError, UnitOfWork};
use crate::words;

/// Asks, before any byte is stored, whether what is known so far of a transfer already rules it out. Its checks
/// are those of [`CreateTransfer`], as far as the fields have come.
#[derive(Debug, Clone)]
pub struct CheckSoFar {
    /// Who sends.
    pub caller: Caller,
    /// The fields that have come so far.
    pub form: TransferForm,
}

#[async_trait]
impl Ask for CheckSoFar {
    type Output = ();
    type Error = RouteError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<(), RouteError> {
        let mut errors = FieldErrors::default();
        self.form.check_given(&mut errors);
        errors.finish()?;
        check_mode(self.form.mode.unwrap_or_default())?;
        let (Some(sender), Some(recipient)) = (&self.form.sender, &self.form.recipient) else {
            return Ok(());
        };
        let account = account(view, self.caller.account).await?;
        let recipient_account = self.form.recipient_account.as_deref().filter(|text| !text.is_empty());
        let ends = Ends { sender, recipient, recipient_account };
        if let Err(error) = self.check_way(view, &account, ends).await {
            let may_change =
                recipient_account.is_none() && self.may_mean_another(view, &error, recipient).await?;
            return if may_change { Ok(()) } else { Err(error) };
        }
        Ok(self.form.check_lifetime(cx.settings.plans.of(&account.plan))?)
    }
}

impl CheckSoFar {
    async fn check_way(
        &self,
        view: &mut dyn ReadView,
        account: &Account,
        ends: Ends<'_>,
    ) -> Result<(), RouteError> {
        let route = find_route(view, &self.caller, account, ends).await?;
        check_channel(view, self.form.channel_id, &route).await?;
        // What has not been said may still come.
        check_encryption(view, self.form.is_encrypted.unwrap_or(true), &route).await
    }

    /// Whether a `recipient_account` that is still to come could turn the refusal into a yes.
    async fn may_mean_another(
        &self,
        view: &mut dyn ReadView,
        error: &RouteError,
        recipient: &str,
    ) -> Result<bool, StoreError> {
        match error {
            RouteError::AmbiguousRecipient(_) => Ok(true),
            RouteError::RecipientNotConnected
            | RouteError::ChannelRevoked
            | RouteError::EncryptionRequired(_)
            | RouteError::Invalid(_) => Ok(candidates(view, self.caller.account, recipient).await?.len() > 1),
            _ => Ok(false),
        }
    }
}

/// A file whose bytes have arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedFile {
    /// Its name.
    pub name: FileName,
    /// Its MIME type as declared.
    pub content_type: String,
    /// Its bytes.
    pub bytes: ReceivedBytes,
}

/// Makes a transfer of received files. Its checks, in this order: the mode, the route ([`find_route`]), the
/// channel, the files, the time the plan allows.
#[derive(Debug, Clone)]
pub struct CreateTransfer {
    /// Who sends.
    pub caller: Caller,
    /// What they ask for.
    pub draft: Draft,
    /// The files, in the order they were sent.
    pub files: Vec<ReceivedFile>,
}

#[async_trait]
impl Act for CreateTransfer {
    type Output = Transfer;
    type Error = RouteError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Transfer, RouteError> {
        check_mode(self.draft.mode)?;
        let route = settled_route(tx, &self.caller, &self.draft).await?;
        check_channel(tx, self.draft.encryption.channel(), &route).await?;
        check_encryption(tx, self.draft.encryption.is_encrypted(), &route).await?;
        let names: Vec<&FileName> = self.files.iter().map(|file| &file.name).collect();
        self.draft.check_files(&names)?;
        let account = account(tx, self.caller.account).await?;
        let lifetime = self.draft.lifetime_under(cx.settings.plans.of(&account.plan))?;
        let files = self.files.iter().enumerate().map(|(i, file)| self.file(cx, i, file)).collect();
        let transfer = Transfer {
            expires_at: cx.now + Duration::from_secs(lifetime),
            ..self.draft.transfer(cx, route, files)
        };
        let held = self.take_over_uploads(tx).await?;
        exchange(tx, cx, self.caller.account, held, transfer.total_size).await?;
        count_transfer(tx, cx, self.caller.account).await?;
        tx.insert_transfer(&transfer).await?;
        tx.count_transfer_of_key(self.caller.credential.key()).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "transfer.create", transfer.id)).await?;
        tx.append_events(&event_of(&transfer, EventName::TransferCreated, cx.now)).await?;
        Ok(transfer)
    }
}

impl CreateTransfer {
    /// From here on the bytes belong to the transfer. If the sweeper took one of them meanwhile, there is no
    /// transfer. Returns how many bytes the uploads held of the account's storage.
    async fn take_over_uploads(&self, tx: &mut dyn UnitOfWork) -> Result<u64, StoreError> {
        let mut held = 0_u64;
        for file in &self.files {
            held = held.saturating_add(held_by(tx, file.bytes.upload).await?);
            if !tx.settle_upload(file.bytes.upload).await? {
                return Err(StoreError::Unavailable {
                    contention: false,
                    source: "the upload's lease had run out before the transfer was made".into(),
                });
            }
        }
        Ok(held)
    }

    fn file(&self, cx: &Cx<'_>, index: usize, file: &ReceivedFile) -> TransferFile {
        TransferFile {
            id: cx.ids.next(),
            name: file.name.clone(),
            size: file.bytes.stored.size,
            content_type: file.content_type.clone(),
            object_key: file.bytes.object_key.clone(),
            sha256: Some(file.bytes.stored.sha256),
            parts: 0,
            encryption_iv: self.draft.iv(index),
        }
    }
}

/// Where a draft goes, once both accounts are locked.
pub(super) async fn settled_route(
    tx: &mut dyn UnitOfWork,
    caller: &Caller,
    draft: &Draft,
) -> Result<Route, RouteError> {
    let account = account(tx, caller.account).await?;
    let seen = find_route(tx, caller, &account, Ends::from(draft)).await?;
    tx.lock_accounts(&[seen.sender.account, seen.recipient.account]).await?;
    let account = self::account(tx, caller.account).await?;
    let route = find_route(tx, caller, &account, Ends::from(draft)).await?;
    if route.recipient.account != seen.recipient.account {
        return Err(meanwhile("the recipient became another account's agent").into());
    }
    Ok(route)
}

pub(super) fn check_mode(mode: Mode) -> Result<(), RouteError> {
    match mode {
        Mode::AgentToAgent => Ok(()),
        Mode::AgentToHuman | Mode::HumanToAgent => {
            Err(RouteError::ModeNotAvailable(words::word_of(&Mode::ALL, mode)))
        }
    }
}

pub(super) async fn account<V>(view: &mut V, id: AccountId) -> Result<Account, RouteError>
where
    V: ReadView + ?Sized,
{
    view.account(id).await?.ok_or(RouteError::Denied(Denied::NotFound("account")))
}

#[cfg(test)]
mod tests;
