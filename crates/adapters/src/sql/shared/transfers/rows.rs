use agentdrop_domain::agent::PublicKey;
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::transfer::{
    Algorithm, Encryption, EncryptionLayout, KeyAt, Mode, Recipient, Sender, Transfer, TransferFile,
    TransferStatus,
};
use agentdrop_domain::words::word_of;
use diesel::prelude::*;

use super::Db;
use super::key::Key;
use super::schema::{transfer_files, transfers};
use crate::sql::values::{Corrupt, bytes, number, object_key, stored, text, word};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = transfers, check_for_backend(Db))]
pub(in super::super) struct TransferRow {
    pub(super) id: Key,
    mode: String,
    status: String,
    sender_account_id: Key,
    sender_account_name: String,
    sender_label: String,
    sender_agent_id: Option<Key>,
    sender_public_key: Option<Vec<u8>>,
    sender_key_version: Option<i64>,
    recipient_account_id: Key,
    recipient_label: String,
    recipient_agent_id: Key,
    recipient_public_key: Option<Vec<u8>>,
    recipient_key_version: Option<i64>,
    message: Option<String>,
    auto_delete: bool,
    max_downloads: i64,
    downloads: i64,
    total_size: i64,
    encrypted: bool,
    algorithm: Option<String>,
    encrypted_key: Option<Vec<u8>>,
    channel_id: Option<Key>,
    channel_salt: Option<Vec<u8>>,
    sender_signature: Option<Vec<u8>>,
    created_at: Timestamp,
    expires_at: Timestamp,
    ended_at: Option<Timestamp>,
    purged_at: Option<Timestamp>,
    announced: bool,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = transfer_files, check_for_backend(Db))]
pub(super) struct FileRow {
    pub(super) transfer_id: Key,
    position: i64,
    id: Key,
    name: String,
    size: i64,
    content_type: String,
    object_key: String,
    sha256: Option<Vec<u8>>,
    encryption_iv: Option<Vec<u8>>,
    parts: i64,
}

fn fixed<const N: usize>(stored: Option<Vec<u8>>) -> Result<Option<[u8; N]>, Corrupt> {
    stored.map(|stored| bytes(&stored)).transpose()
}

fn key_at(key: Option<Vec<u8>>, version: Option<i64>) -> Result<Option<KeyAt>, Corrupt> {
    match (fixed(key)?, version) {
        (Some(key), Some(version)) => {
            Ok(Some(KeyAt { public_key: PublicKey::from_stored(key), version: number(version)? }))
        }
        (None, None) => Ok(None),
        _ => Err(Corrupt::of::<KeyAt>()),
    }
}

/// What the columns of an encryption hold.
#[derive(Default)]
struct EncryptionColumns {
    encrypted: bool,
    algorithm: Option<String>,
    encrypted_key: Option<Vec<u8>>,
    channel_id: Option<Key>,
    channel_salt: Option<Vec<u8>>,
}

impl TryFrom<EncryptionColumns> for EncryptionLayout {
    type Error = Corrupt;

    fn try_from(columns: EncryptionColumns) -> Result<Self, Corrupt> {
        let algorithm = columns.algorithm.map(|found| word(&Algorithm::ALL, &found)).transpose()?;
        match (columns.encrypted, algorithm, fixed(columns.encrypted_key)?) {
            (false, None, None) => Ok(Self::Plain),
            (true, None, None) => Ok(Self::Opaque),
            (true, Some(algorithm @ (Algorithm::Legacy | Algorithm::LegacyAlias)), Some(encrypted_key)) => {
                Ok(Self::Legacy { algorithm, encrypted_key })
            }
            (true, Some(Algorithm::Channel), None) => {
                let channel_id = columns.channel_id.ok_or_else(Corrupt::of::<Self>)?.id();
                let salt = fixed(columns.channel_salt)?.ok_or_else(Corrupt::of::<Self>)?;
                Ok(Self::Channel { channel_id, salt })
            }
            _ => Err(Corrupt::of::<Self>()),
        }
    }
}

impl From<&Encryption> for EncryptionColumns {
    fn from(encryption: &Encryption) -> Self {
        let columns = Self {
            encrypted: encryption.is_encrypted(),
            algorithm: encryption.algorithm().map(|used| word_of(&Algorithm::ALL, used).to_owned()),
            ..Self::default()
        };
        match &encryption.layout {
            EncryptionLayout::Plain | EncryptionLayout::Opaque => columns,
            EncryptionLayout::Legacy { encrypted_key, .. } => {
                Self { encrypted_key: Some(encrypted_key.to_vec()), ..columns }
            }
            EncryptionLayout::Channel { channel_id, salt } => Self {
                channel_id: Some(Key::from(*channel_id)),
                channel_salt: Some(salt.to_vec()),
                ..columns
            },
        }
    }
}

impl TransferRow {
    /// The transfer of this row with the files of its other rows, which are in order.
    pub(super) fn with_files(self, files: Vec<FileRow>) -> Result<Transfer, Corrupt> {
        let columns = EncryptionColumns {
            encrypted: self.encrypted,
            algorithm: self.algorithm,
            encrypted_key: self.encrypted_key,
            channel_id: self.channel_id,
            channel_salt: self.channel_salt,
        };
        Ok(Transfer {
            id: self.id.id(),
            sender: Sender {
                account: self.sender_account_id.id(),
                account_name: self.sender_account_name,
                label: self.sender_label,
                agent: self.sender_agent_id.map(Key::id),
                key: key_at(self.sender_public_key, self.sender_key_version)?,
            },
            recipient: Recipient {
                account: self.recipient_account_id.id(),
                label: self.recipient_label,
                agent: self.recipient_agent_id.id(),
                key: key_at(self.recipient_public_key, self.recipient_key_version)?,
            },
            mode: word(&Mode::ALL, &self.mode)?,
            status: word(&TransferStatus::ALL, &self.status)?,
            files: files.into_iter().map(TransferFile::try_from).collect::<Result<_, _>>()?,
            message: self.message,
            auto_delete: self.auto_delete,
            max_downloads: number(self.max_downloads)?,
            downloads: number(self.downloads)?,
            total_size: number(self.total_size)?,
            encryption: Encryption { layout: columns.try_into()?, sender_signature: self.sender_signature },
            created_at: self.created_at,
            expires_at: self.expires_at,
            ended_at: self.ended_at,
            purged_at: self.purged_at,
            announced: self.announced,
        })
    }
}

impl TryFrom<&Transfer> for TransferRow {
    type Error = Corrupt;

    fn try_from(transfer: &Transfer) -> Result<Self, Corrupt> {
        let (sender, recipient) = (&transfer.sender, &transfer.recipient);
        let key = |key: &KeyAt| key.public_key.as_bytes().to_vec();
        let encryption = EncryptionColumns::from(&transfer.encryption);
        Ok(Self {
            id: transfer.id.into(),
            mode: word_of(&Mode::ALL, transfer.mode).to_owned(),
            status: word_of(&TransferStatus::ALL, transfer.status).to_owned(),
            sender_account_id: sender.account.into(),
            sender_account_name: sender.account_name.clone(),
            sender_label: sender.label.clone(),
            sender_agent_id: sender.agent.map(Key::from),
            sender_public_key: sender.key.as_ref().map(key),
            sender_key_version: sender.key.map(|key| key.version.into()),
            recipient_account_id: recipient.account.into(),
            recipient_label: recipient.label.clone(),
            recipient_agent_id: recipient.agent.into(),
            recipient_public_key: recipient.key.as_ref().map(key),
            recipient_key_version: recipient.key.map(|key| key.version.into()),
            message: transfer.message.clone(),
            auto_delete: transfer.auto_delete,
            max_downloads: transfer.max_downloads.into(),
            downloads: transfer.downloads.into(),
            total_size: stored(transfer.total_size)?,
            encrypted: encryption.encrypted,
            algorithm: encryption.algorithm,
            encrypted_key: encryption.encrypted_key,
            channel_id: encryption.channel_id,
            channel_salt: encryption.channel_salt,
            sender_signature: transfer.encryption.sender_signature.clone(),
            created_at: transfer.created_at,
            expires_at: transfer.expires_at,
            ended_at: transfer.ended_at,
            purged_at: transfer.purged_at,
            announced: transfer.announced,
        })
    }
}

impl TryFrom<FileRow> for TransferFile {
    type Error = Corrupt;

    fn try_from(row: FileRow) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id.id(),
            name: text(&row.name)?,
            size: number(row.size)?,
            content_type: row.content_type,
            object_key: object_key(row.object_key)?,
            sha256: fixed(row.sha256)?,
            parts: number(row.parts)?,
            encryption_iv: fixed(row.encryption_iv)?,
        })
    }
}

impl FileRow {
    /// The row of the file at that place in its transfer.
    pub(super) fn new(transfer: &Transfer, position: i64, file: &TransferFile) -> Result<Self, Corrupt> {
        Ok(Self {
            transfer_id: transfer.id.into(),
            position,
            id: file.id.into(),
            name: file.name.as_str().to_owned(),
            size: stored(file.size)?,
            content_type: file.content_type.clone(),
            object_key: file.object_key.as_str().to_owned(),
            sha256: file.sha256.map(Vec::from),
            encryption_iv: file.encryption_iv.map(Vec::from),
            parts: file.parts.into(),
        })
    }
}
