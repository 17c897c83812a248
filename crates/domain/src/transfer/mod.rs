//! Transfers: files on their way from one agent to another, for a while and a number of times.

mod create;
mod delete;
mod download;
mod draft;
mod encryption;
mod end;
mod fetch;
mod file_name;
mod get;
mod holding;
mod presigned;
mod read;
mod repository;
mod route;
mod status;
mod sweep;
#[cfg(test)]
pub(crate) mod testing;
mod ticket;
mod upload;
mod visibility;

pub use create::{CheckSoFar, CreateTransfer, ReceivedFile};
pub use delete::{DeleteTransfer, DeleteTransferError};
pub use download::{Download, DownloadError};
pub use draft::{Draft, MAX_FILES, MAX_LABEL_CHARS, MAX_MAX_DOWNLOADS, MAX_MESSAGE_CHARS, TransferForm};
pub use encryption::{Algorithm, Encryption, EncryptionLayout};
pub use end::end_and_purge;
pub use fetch::{FetchError, KeepFetching, MayGoOn, OpenFile, STREAM_LEASE_SECONDS};
pub use file_name::{BadFileName, FileName};
pub use get::{GetTransfer, ListSent, ReadTransferError};
pub use presigned::{
    AbortParts, Arrived, AwaitedPiece, BegunUpload, CheckPrepare, ClaimedPart, CompleteParts, ConfirmError,
    DeclaredFile, DirectError, DirectPut, DirectStore, FilePart, FileState, ListParts, MAX_PART_BYTES,
    MAX_PARTS, MIN_PART_BYTES, PartsError, PartsOfFile, PrepareError, PrepareTransfer, Prepared,
    PreparedFile, PresignedReads, PresignedRepository, PutUrl, StoreAwaitedError, StoredPart, begin_parts,
    complete_parts, confirm, drop_parts, hash_file, parts_of_file, store_awaited,
};
pub use read::{ReadError, open_bytes};
pub use repository::{
    InboxQuery, SentQuery, TransferReads, TransferRepository, UploadReads, UploadRepository,
};
pub use route::{Ends, Route, RouteError, check_encryption, find_route};
pub use status::TransferStatus;
pub use sweep::{Purged, purge, sweep};
pub use ticket::{Right, Ticket, UrlSignature, UrlSigner};
pub use upload::{Arrival, Counted, ReceiveError, ReceivedBytes, discard, receive};
use visibility::{NO_TRANSFER, Part, part_of};

use crate::agent::PublicKey;
use crate::blob::ObjectKey;
use crate::clock::Timestamp;
use crate::event::{Event, EventName};
use crate::ids::{AccountId, AgentId, ApiKeyId, FileId, GrantId, TransferId, UploadId};
use crate::page::Slice;

/// A transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// Who sent it.
    pub sender: Sender,
    /// Who receives it.
    pub recipient: Recipient,
    /// Between whom.
    pub mode: Mode,
    /// Where it is in its life, as last written; see [`Transfer::status_at`].
    pub status: TransferStatus,
    /// Its files, in the order they were sent.
    pub files: Vec<TransferFile>,
    /// What the sender wrote, at most 4,096 characters.
    pub message: Option<String>,
    /// Whether the first download is the last.
    pub auto_delete: bool,
    /// How many download calls it allows, 1 to 1,000.
    pub max_downloads: u32,
    /// How many download calls it has answered.
    pub downloads: u32,
    /// Sum of the files' sizes, in bytes.
    pub total_size: u64,
    /// How the client encrypted it.
    pub encryption: Encryption,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was downloaded for the last time, expired or was deleted.
    pub ended_at: Option<Timestamp>,
    /// When its bytes were removed.
    pub purged_at: Option<Timestamp>,
    /// Whether its recipient has heard of it: never, if it was not confirmed.
    pub announced: bool,
}

/// Who sent a transfer, as things stood when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The sender's account.
    pub account: AccountId,
    /// The display name of that account.
    pub account_name: String,
    /// The sending agent's slug, or a free-form text within one account; at most 128 characters.
    pub label: String,
    /// The sending agent, where the label names one.
    pub agent: Option<AgentId>,
    /// Its public key, so that a later rotation never makes the files unreadable.
    pub key: Option<KeyAt>,
}

/// Who receives a transfer, as things stood when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The recipient's account.
    pub account: AccountId,
    /// The receiving agent's slug as the sender gave it.
    pub label: String,
    /// The receiving agent.
    pub agent: AgentId,
    /// Its public key.
    pub key: Option<KeyAt>,
}

/// A public key and its version at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyAt {
    /// The key.
    pub public_key: PublicKey,
    /// Its version.
    pub version: u32,
}

/// One file of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferFile {
    /// Its id.
    pub id: FileId,
    /// Its name, unique within the transfer.
    pub name: FileName,
    /// Its size as stored, in bytes.
    pub size: u64,
    /// Its MIME type as declared.
    pub content_type: String,
    /// Where its bytes are, unless they are in parts.
    pub object_key: ObjectKey,
    /// SHA-256 of the stored bytes, where one stream carried them.
    pub sha256: Option<[u8; 32]>,
    /// How many objects hold its bytes, one a part; 0 if one object, `object_key`, holds them all.
    pub parts: u32,
    /// The nonce the client encrypted it with.
    pub encryption_iv: Option<[u8; 12]>,
}

/// Between whom a transfer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Mode {
    #[default]
    AgentToAgent,
    AgentToHuman,
    HumanToAgent,
}

impl Mode {
    /// Every mode, with its word on the wire.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::AgentToAgent, "agent-to-agent"),
        (Self::AgentToHuman, "agent-to-human"),
        (Self::HumanToAgent, "human-to-agent"),
    ];
}

/// The right to fetch a transfer's bytes for a while, made by one download call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The transfer whose files it opens.
    pub transfer_id: TransferId,
    /// The key that asked.
    pub key_id: ApiKeyId,
    /// When it was given.
    pub created_at: Timestamp,
    /// Until when a fetch may begin.
    pub expires_at: Timestamp,
    /// Until when a running fetch protects the bytes; renewed while it streams.
    pub streaming_until: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// Bytes that are arriving, or have arrived and belong to no transfer yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Whose upload it is.
    pub account_id: AccountId,
    /// What of a prepared transfer these bytes are; none for an upload that carries its transfer along.
    pub piece: Option<Piece>,
    /// Where its bytes go; known here before the store hears of it.
    pub object_key: ObjectKey,
    /// Bytes held against the account's limits.
    pub reserved_bytes: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// Until when it is protected from the sweeper; renewed by arriving bytes.
    pub lease_until: Timestamp,
    /// The sweeper has taken it, or a newer upload of its piece: it can't become a transfer any more.
    pub reaping: bool,
}

/// A file of a prepared transfer, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The prepared transfer.
    pub transfer: TransferId,
    /// The file.
    pub file: FileId,
    /// The part, from 1; `None` if the file comes in one piece.
    pub part: Option<u32>,
}

impl Transfer {
    /// The status at a moment: one that has run out is expired, whatever the row still says.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> TransferStatus {
        use TransferStatus::{Active, Expired, Pending};
        match self.status {
            Active | Pending if self.expires_at <= now => Expired,
            as_written => as_written,
        }
    }

    /// How many download calls are left.
    #[must_use]
    pub const fn downloads_remaining(&self) -> u32 {
        self.max_downloads.saturating_sub(self.downloads)
    }
}

impl Transfer {
    /// The transfer with the status that it has at a moment.
    #[must_use]
    pub fn as_of(self, now: Timestamp) -> Self {
        Self { status: self.status_at(now), ..self }
    }
}

impl Slice<Transfer> {
    /// The slice with the statuses that its transfers have at a moment.
    #[must_use]
    pub fn as_of(self, now: Timestamp) -> Self {
        let items = self.items.into_iter().map(|transfer| transfer.as_of(now)).collect();
        Self { items, total: self.total }
    }
}

/// What both accounts' logs hold of something that happened to a transfer; one event within one account.
fn event_of(transfer: &Transfer, name: EventName, at: Timestamp) -> Vec<Event> {
    let mut accounts = vec![transfer.sender.account, transfer.recipient.account];
    accounts.dedup();
    let event = |account| Event {
        account,
        name,
        subject: transfer.id.to_string(),
        facts: vec![
            ("sender", transfer.sender.label.clone()),
            ("recipient", transfer.recipient.label.clone()),
            ("recipient_agent_uuid", transfer.recipient.agent.to_string()),
        ],
        at,
    };
    accounts.into_iter().map(event).collect()
}

#[cfg(test)]
mod life;
#[cfg(test)]
mod tests;
