//! A transfer on the wire.

use agentdrop_domain::transfer::{Algorithm, EncryptionLayout, Mode, Transfer, TransferFile, TransferStatus};
use agentdrop_domain::words::word_of;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::wire;
use crate::state::Api;

/// A transfer, the same in every answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransferBody {
    /// The transfer's id.
    #[schema(example = "tr_9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c")]
    id: String,
    /// A page for people.
    url: String,
    /// Where to ask for the download.
    api_url: String,
    /// `active`, `downloaded`, `expired` or `deleted`.
    #[schema(example = "active")]
    status: &'static str,
    /// `agent-to-agent`.
    #[schema(example = "agent-to-agent")]
    mode: &'static str,
    /// The sending agent's slug, or the free-form text that the sender gave.
    sender: String,
    /// The sending agent's id, where the sender is a registered agent.
    sender_agent_uuid: Option<String>,
    /// The sender's account.
    sender_account_id: String,
    /// The display name of the sender's account.
    sender_account_name: String,
    /// The receiving agent's slug.
    recipient: String,
    /// The receiving agent's id.
    recipient_agent_uuid: String,
    /// The recipient's account.
    recipient_account_id: String,
    /// The files, in the order they were sent.
    files: Vec<FileBody>,
    /// How many files.
    file_count: usize,
    /// Sum of the files' sizes, in bytes.
    total_size: u64,
    /// How many download calls the transfer allows.
    max_downloads: u32,
    /// How many it has answered.
    downloads: u32,
    /// What the sender wrote.
    message: Option<String>,
    /// Whether the first download is the last.
    auto_delete: bool,
    /// Whether the files were encrypted on the client.
    is_encrypted: bool,
    /// How, if the client said so.
    encryption_algorithm: Option<&'static str>,
    /// The channel whose keys were used.
    channel_id: Option<String>,
    /// The channel layout's salt, base64.
    encryption_salt: Option<String>,
    /// When it was made.
    created_at: String,
    /// When it ends by itself.
    expires_at: String,
}

/// A file of a transfer.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileBody {
    /// The file's id.
    id: String,
    /// Its name.
    #[schema(example = "report.pdf")]
    name: String,
    /// Its size as stored, in bytes.
    size: u64,
    /// Its MIME type as declared.
    #[serde(rename = "type")]
    #[schema(example = "application/pdf")]
    mime_type: String,
    /// The same again, under the name the inbox uses.
    content_type: String,
    /// SHA-256 of the stored bytes, lower-case hex.
    sha256: Option<String>,
}

impl TransferBody {
    /// The wire form of a transfer.
    #[must_use]
    pub fn of(api: &Api, transfer: &Transfer) -> Self {
        let id = transfer.id.to_string();
        let (channel_id, salt) = match &transfer.encryption.layout {
            EncryptionLayout::Channel { channel_id, salt } => {
                (Some(channel_id.to_string()), Some(wire::base64(salt)))
            }
            _ => (None, None),
        };
        Self {
            url: api.url(&format!("/t/{id}")),
            api_url: api.url(&format!("/v1/transfers/{id}/download")),
            id,
            status: word_of(&TransferStatus::ALL, transfer.status),
            mode: word_of(&Mode::ALL, transfer.mode),
            sender: transfer.sender.label.clone(),
            sender_agent_uuid: transfer.sender.agent.map(|id| id.to_string()),
            sender_account_id: transfer.sender.account.to_string(),
            sender_account_name: transfer.sender.account_name.clone(),
            recipient: transfer.recipient.label.clone(),
            recipient_agent_uuid: transfer.recipient.agent.to_string(),
            recipient_account_id: transfer.recipient.account.to_string(),
            files: transfer.files.iter().map(FileBody::from).collect(),
            file_count: transfer.files.len(),
            total_size: transfer.total_size,
            max_downloads: transfer.max_downloads,
            downloads: transfer.downloads,
            message: transfer.message.clone(),
            auto_delete: transfer.auto_delete,
            is_encrypted: transfer.encryption.is_encrypted(),
            encryption_algorithm: algorithm(transfer),
            channel_id,
            encryption_salt: salt,
            created_at: wire::time(transfer.created_at),
            expires_at: wire::time(transfer.expires_at),
        }
    }
}

/// The name of a transfer's encryption layout, as the client gave it.
#[must_use]
pub fn algorithm(transfer: &Transfer) -> Option<&'static str> {
    transfer.encryption.algorithm().map(|algorithm| word_of(&Algorithm::ALL, algorithm))
}

impl From<&TransferFile> for FileBody {
    fn from(file: &TransferFile) -> Self {
        Self {
            id: file.id.to_string(),
            name: file.name.to_string(),
            size: file.size,
            mime_type: file.content_type.clone(),
            content_type: file.content_type.clone(),
            sha256: file.sha256.map(hex::encode),
        }
    }
}
