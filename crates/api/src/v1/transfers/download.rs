//! `GET /v1/transfers/{id}/download`: one call is one download.

use actix_web::{HttpResponse, get, web};
use agentdrop_domain::ids::TransferId;
use agentdrop_domain::transfer::{Download, DownloadError, EncryptionLayout, Grant, Transfer, TransferFile};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::algorithm;
use crate::blobs::fetch_url;
use crate::http::{ApiError, Auth, CommonErrors, ErrorBody, Id, Idempotency, IdempotencyHeader, ok, wire};
use crate::state::Api;

/// A download: where the files are, and what is needed to decrypt them.
#[derive(Debug, Serialize, ToSchema)]
struct DownloadBody {
    /// The transfer's id.
    id: String,
    /// The sender's slug or free-form text.
    sender: String,
    /// The sending agent's id, where the sender is a registered agent.
    sender_agent_uuid: Option<String>,
    /// The sender's account.
    sender_account_id: String,
    /// The display name of the sender's account.
    sender_account_name: String,
    /// What the sender wrote.
    message: Option<String>,
    /// The files, in the order they were sent.
    files: Vec<DownloadFile>,
    /// How many downloads were answered, this one included.
    downloads: u32,
    /// How many are left.
    downloads_remaining: u32,
    /// When the transfer ends by itself.
    expires_at: String,
    /// Until when the download URLs work.
    urls_expire_at: String,
    /// Whether the first download is the last.
    auto_delete: bool,
    /// Whether the files were encrypted on the client.
    is_encrypted: bool,
    /// The wrapped key of the per-transfer layout, base64.
    encrypted_key: Option<String>,
    /// The encryption layout, if the client said so.
    encryption_algorithm: Option<&'static str>,
    /// The version of the recipient's key that the files were encrypted to.
    recipient_key_version: Option<u32>,
    /// The recipient's public key at that version, base64.
    recipient_public_key: Option<String>,
    /// The sender's public key when the files were sent, base64.
    sender_public_key: Option<String>,
    /// The sender's signature, base64.
    sender_signature: Option<String>,
    /// The channel of the channel layout.
    channel_id: Option<String>,
    /// The salt of the channel layout, base64.
    encryption_salt: Option<String>,
}

/// A file to fetch.
#[derive(Debug, Serialize, ToSchema)]
struct DownloadFile {
    /// The file's id.
    id: String,
    /// Its name.
    name: String,
    /// The same again, under the documented name.
    file_name: String,
    /// Where to fetch it, without a key; ranges are answered.
    download_url: String,
    /// Its size as stored, in bytes.
    size: u64,
    /// Its MIME type as declared.
    content_type: String,
    /// The nonce it was encrypted with, base64.
    encryption_iv: Option<String>,
    /// SHA-256 of the stored bytes, lower-case hex.
    sha256: Option<String>,
}

/// Download a transfer that was sent to you.
///
/// Each call counts one download. The URLs in the answer can be fetched any number of times, also in ranges,
/// until `urls_expire_at`. With an `Idempotency-Key`, a call that is repeated counts once.
#[utoipa::path(
    tag = "transfers",
    operation_id = "downloadTransfer",
    params(
        ("id" = String, Path, description = "the transfer's id"),
        ("X-AgentDrop-Agent" = Option<String>, Header, description = "the agent that downloads"),
        IdempotencyHeader,
    ),
    responses(
        (status = 200, body = DownloadBody),
        (status = 403, description = "`FORBIDDEN`: only the recipient may; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, or not yours", body = ErrorBody),
        (status = 409, description = "`NOT_READY`: its sender has not confirmed it yet", body = ErrorBody),
        (status = 410, description = "`GONE`: expired, deleted, or no download left", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/transfers/{id}/download")]
pub async fn download(
    auth: Auth,
    idempotency: Idempotency,
    id: Id<TransferId>,
    api: web::Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let act = Download { caller: auth.caller, id: id.0 };
    let render = |api: &Api, (transfer, grant)| ok(&DownloadBody::of(api, &transfer, &grant)?);
    idempotency.perform(&api, act, render).await
}

impl DownloadBody {
    fn of(api: &Api, transfer: &Transfer, grant: &Grant) -> Result<Self, ApiError> {
        let (encrypted_key, channel_id, salt) = match &transfer.encryption.layout {
            EncryptionLayout::Plain | EncryptionLayout::Opaque => (None, None, None),
            EncryptionLayout::Legacy { encrypted_key, .. } => (Some(wire::base64(encrypted_key)), None, None),
            EncryptionLayout::Channel { channel_id, salt } => {
                (None, Some(channel_id.to_string()), Some(wire::base64(salt)))
            }
        };
        let is_encrypted = transfer.encryption.is_encrypted();
        let recipient_key = transfer.recipient.key.filter(|_| is_encrypted);
        let sender_key = transfer.sender.key.filter(|_| is_encrypted);
        let files = transfer.files.iter().map(|file| DownloadFile::of(api, file, grant));
        Ok(Self {
            id: transfer.id.to_string(),
            sender: transfer.sender.label.clone(),
            sender_agent_uuid: transfer.sender.agent.map(|id| id.to_string()),
            sender_account_id: transfer.sender.account.to_string(),
            sender_account_name: transfer.sender.account_name.clone(),
            message: transfer.message.clone(),
            files: files.collect::<Result<_, _>>()?,
            downloads: transfer.downloads,
            downloads_remaining: if transfer.auto_delete { 0 } else { transfer.downloads_remaining() },
            expires_at: wire::time(transfer.expires_at),
            urls_expire_at: wire::time(grant.expires_at),
            auto_delete: transfer.auto_delete,
            is_encrypted,
            encrypted_key,
            encryption_algorithm: algorithm(transfer),
            recipient_key_version: recipient_key.map(|key| key.version),
            recipient_public_key: recipient_key.map(|key| wire::base64(key.public_key.as_bytes())),
            sender_public_key: sender_key.map(|key| wire::base64(key.public_key.as_bytes())),
            sender_signature: transfer.encryption.sender_signature.as_deref().map(wire::base64),
            channel_id,
            encryption_salt: salt,
        })
    }
}

impl DownloadFile {
    fn of(api: &Api, file: &TransferFile, grant: &Grant) -> Result<Self, ApiError> {
        Ok(Self {
            id: file.id.to_string(),
            name: file.name.to_string(),
            file_name: file.name.to_string(),
            download_url: fetch_url(api, file, grant)?,
            size: file.size,
            content_type: file.content_type.clone(),
            encryption_iv: file.encryption_iv.map(|iv| wire::base64(&iv)),
            sha256: file.sha256.map(hex::encode),
        })
    }
}

crate::refusals!(DownloadError: pass [Denied, Store] {
    NotReady => CONFLICT "NOT_READY",
    Gone => GONE "GONE",
});
