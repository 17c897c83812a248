//! What a sender asks for, checked as far as it can be without the database.

use super::{
    Algorithm, Encryption, EncryptionLayout, FileName, Mode, Route, Transfer, TransferFile, TransferStatus,
};
use crate::act::Cx;
use crate::error::{FieldErrors, Invalid};
use crate::ids::ChannelId;
use crate::plan::Plan;
use crate::words;

/// The most characters a message may have.
pub const MAX_MESSAGE_CHARS: usize = 4_096;
/// The most characters a sender or recipient may have.
pub const MAX_LABEL_CHARS: usize = 128;
/// The most characters a recipient account may have; it may be an address.
pub const MAX_ACCOUNT_CHARS: usize = 256;
/// The most files a transfer may have.
pub const MAX_FILES: usize = 100;
/// Download calls of a transfer that does not say how many it allows.
pub const DEFAULT_MAX_DOWNLOADS: u32 = 10;
/// The most download calls a transfer may allow.
pub const MAX_MAX_DOWNLOADS: u32 = 1_000;
/// How long a transfer stays that does not say so, in seconds: 24 h.
pub const DEFAULT_LIFETIME_SECONDS: u64 = 24 * HOUR;
/// The longest a transfer may stay, whatever the plan, in seconds: 365 d.
pub const MAX_LIFETIME_SECONDS: u64 = 365 * DAY;

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// The fields of a transfer as a client gave them, decoded but not judged. `None` is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TransferForm {
    pub sender: Option<String>,
    pub recipient: Option<String>,
    pub recipient_account: Option<String>,
    pub mode: Option<Mode>,
    pub message: Option<String>,
    pub auto_delete: Option<bool>,
    pub max_downloads: Option<u32>,
    pub expires_in: Option<String>,
    pub is_encrypted: Option<bool>,
    pub encryption_algorithm: Option<Algorithm>,
    pub encrypted_key: Option<Vec<u8>>,
    pub encryption_salt: Option<Vec<u8>>,
    pub channel_id: Option<ChannelId>,
    pub encryption_ivs: Option<Vec<Vec<u8>>>,
    pub sender_signature: Option<Vec<u8>>,
}

/// A transfer that asks for nothing impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The sending agent's slug, or a free-form text.
    pub sender: String,
    /// The receiving agent's slug or UUID.
    pub recipient: String,
    /// Which account is meant, where several hold such an agent.
    pub recipient_account: Option<String>,
    /// Between whom.
    pub mode: Mode,
    /// What the sender wrote.
    pub message: Option<String>,
    /// Whether the first download is the last.
    pub auto_delete: bool,
    /// How many download calls it allows.
    pub max_downloads: u32,
    /// How long it stays, in seconds, if the sender says.
    pub lifetime_seconds: Option<u64>,
    /// How the client encrypted it.
    pub encryption: Encryption,
    /// One nonce a file, in the order of the files, where the layout has them.
    pub ivs: Option<Vec<[u8; 12]>>,
}

impl TransferForm {
    /// Judges the fields that are there, each by itself. What is missing may still come.
    pub fn check_given(&self, errors: &mut FieldErrors) {
        check_label(errors, "sender", self.sender.as_deref(), MAX_LABEL_CHARS);
        check_label(errors, "recipient", self.recipient.as_deref(), MAX_LABEL_CHARS);
        let account = self.recipient_account.as_deref().filter(|text| !text.is_empty());
        check_label(errors, "recipient_account", account, MAX_ACCOUNT_CHARS);
        if self.message.as_ref().is_some_and(|text| !is_message(text)) {
            errors.add(
                "message",
                format!(
                    "must be a text of at most {MAX_MESSAGE_CHARS} characters without control characters other \
                     than tabs and line ends"
                ),
            );
        }
        if self.max_downloads.is_some_and(|n| !(1..=MAX_MAX_DOWNLOADS).contains(&n)) {
            errors.add("max_downloads", format!("must be a whole number from 1 to {MAX_MAX_DOWNLOADS}"));
        }
        if let Some(text) = &self.expires_in
            && lifetime(text).is_none()
        {
            errors.add("expires_in", LIFETIME_EXPECTED);
        }
        check_length(errors, "encryption_salt", self.encryption_salt.as_deref(), 32);
        check_length(errors, "encrypted_key", self.encrypted_key.as_deref(), 60);
        check_length(errors, "sender_signature", self.sender_signature.as_deref(), 64);
        for (index, iv) in self.encryption_ivs.iter().flatten().enumerate() {
            check_length(errors, &format!("encryption_ivs[{index}]"), Some(iv), 12);
        }
    }

    /// Judges `expires_in`, where it is there, against what a plan allows.
    ///
    /// # Errors
    /// If it asks for more than the plan allows.
    pub fn check_lifetime(&self, plan: &Plan) -> Result<(), Invalid> {
        lifetime_under(self.expires_in.as_deref().and_then(lifetime), plan).map(|_seconds| ())
    }

    /// Judges the whole form. `errors` holds what could not even be decoded.
    ///
    /// # Errors
    /// Every bad or missing field, with what is allowed there.
    pub fn into_draft(self, mut errors: FieldErrors) -> Result<Draft, Invalid> {
        self.check_given(&mut errors);
        for (name, field) in [("sender", &self.sender), ("recipient", &self.recipient)] {
            if field.is_none() && !errors.names(name) {
                errors.add(name, "is required; must be an agent's slug");
            }
        }
        let layout = self.layout(&mut errors);
        errors.finish()?;
        // Nothing below can fail any more: every absence and bad value was noted above.
        Ok(Draft {
            lifetime_seconds: self.expires_in.as_deref().and_then(lifetime),
            encryption: Encryption {
                layout: layout.unwrap_or(EncryptionLayout::Plain),
                sender_signature: self.sender_signature,
            },
            ivs: self
                .encryption_ivs
                .map(|ivs| ivs.iter().filter_map(|iv| iv.as_slice().try_into().ok()).collect()),
            sender: self.sender.unwrap_or_default(),
            recipient: self.recipient.unwrap_or_default(),
            recipient_account: self.recipient_account.filter(|text| !text.is_empty()),
            mode: self.mode.unwrap_or_default(),
            message: self.message,
            auto_delete: self.auto_delete.unwrap_or(false),
            max_downloads: self.max_downloads.unwrap_or(DEFAULT_MAX_DOWNLOADS),
        })
    }

    /// The encryption layout, each with exactly its own fields (decision 3).
    fn layout(&self, errors: &mut FieldErrors) -> Option<EncryptionLayout> {
        let given = |field: Need| match field {
            Need::EncryptedKey => self.encrypted_key.is_some(),
            Need::Salt => self.encryption_salt.is_some(),
            Need::Channel => self.channel_id.is_some(),
            Need::Ivs => self.encryption_ivs.is_some(),
        };
        // What could not be decoded says nothing about the other fields.
        if errors.names("is_encrypted") || errors.names("encryption_algorithm") {
            return None;
        }
        let wanted: &[Need] = match (self.is_encrypted.unwrap_or(false), self.encryption_algorithm) {
            (false, Some(_)) => {
                errors.add("encryption_algorithm", "must be absent unless is_encrypted is true");
                return None;
            }
            (_, None) => &[],
            (true, Some(Algorithm::Legacy | Algorithm::LegacyAlias)) => &[Need::EncryptedKey, Need::Ivs],
            (true, Some(Algorithm::Channel)) => &[Need::Channel, Need::Salt, Need::Ivs],
            (true, Some(Algorithm::AgentToHuman)) => {
                errors.add("encryption_algorithm", "this layout is for mode agent-to-human only");
                return None;
            }
        };
        for field in Need::ALL {
            match (wanted.contains(&field), given(field)) {
                (true, false) if !errors.names(field.name()) => {
                    errors.add(
                        field.name(),
                        format!("is required by this encryption_algorithm; must be {}", field.expected()),
                    );
                }
                (false, true) => errors.add(field.name(), field.superfluous(self.encryption_algorithm)),
                _ => {}
            }
        }
        self.material()
    }

    fn material(&self) -> Option<EncryptionLayout> {
        match (self.is_encrypted.unwrap_or(false), self.encryption_algorithm) {
            (false, _) => Some(EncryptionLayout::Plain),
            (true, None) => Some(EncryptionLayout::Opaque),
            (true, Some(Algorithm::Channel)) => Some(EncryptionLayout::Channel {
                channel_id: self.channel_id?,
                salt: self.encryption_salt.as_deref()?.try_into().ok()?,
            }),
            (true, Some(algorithm)) => Some(EncryptionLayout::Legacy {
                algorithm,
                encrypted_key: self.encrypted_key.as_deref()?.try_into().ok()?,
            }),
        }
    }
}

impl Draft {
    /// The nonce of the file at that place.
    #[must_use]
    pub fn iv(&self, index: usize) -> Option<[u8; 12]> {
        self.ivs.as_ref().and_then(|ivs| ivs.get(index).copied())
    }

    /// The active transfer that this becomes on its way with these files. It runs out at once, unless it is
    /// given a time.
    pub(super) fn transfer(&self, cx: &Cx<'_>, route: Route, files: Vec<TransferFile>) -> Transfer {
        Transfer {
            id: cx.ids.next(),
            sender: route.sender,
            recipient: route.recipient,
            mode: self.mode,
            status: TransferStatus::Active,
            total_size: files.iter().map(|file| file.size).sum(),
            files,
            message: self.message.clone(),
            auto_delete: self.auto_delete,
            max_downloads: self.max_downloads,
            downloads: 0,
            encryption: self.encryption.clone(),
            created_at: cx.now,
            expires_at: cx.now,
            ended_at: None,
            purged_at: None,
            announced: true,
        }
    }

    /// How long the transfer stays under a plan, in seconds: what the sender asked for, else 24 h or what
    /// the plan allows.
    ///
    /// # Errors
    /// If the sender asked for more than the plan allows.
    pub fn lifetime_under(&self, plan: &Plan) -> Result<u64, Invalid> {
        lifetime_under(self.lifetime_seconds, plan)
    }

    /// Judges the names and number of the files, and that there is a nonce for each.
    ///
    /// # Errors
    /// What is wrong with `files` or `encryption_ivs`.
    pub fn check_files(&self, names: &[&FileName]) -> Result<(), Invalid> {
        let mut errors = FieldErrors::default();
        if names.is_empty() {
            errors.add("files", "is required; send at least one file");
        }
        if names.len() > MAX_FILES {
            errors.add("files", format!("must be at most {MAX_FILES} files"));
        }
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                errors.add(
                    format!("files[{index}]"),
                    format!("must have a name of its own; there are two {:?}", name.as_str()),
                );
            }
        }
        if let Some(ivs) = &self.ivs
            && ivs.len() != names.len()
        {
            let (ivs, files) = (ivs.len(), names.len());
            errors.add(
                "encryption_ivs",
                format!("must have one entry a file; there are {ivs} for {files} files"),
            );
        }
        errors.finish()
    }
}

/// A field of the encryption material.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    EncryptedKey,
    Salt,
    Channel,
    Ivs,
}

impl Need {
    const ALL: [Self; 4] = [Self::EncryptedKey, Self::Salt, Self::Channel, Self::Ivs];

    const fn name(self) -> &'static str {
        match self {
            Self::EncryptedKey => "encrypted_key",
            Self::Salt => "encryption_salt",
            Self::Channel => "channel_id",
            Self::Ivs => "encryption_ivs",
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::EncryptedKey => "base64 of 60 bytes",
            Self::Salt => "base64 of 32 bytes",
            Self::Channel => "a channel's UUID",
            Self::Ivs => "a JSON array with the base64 of 12 bytes for each file",
        }
    }

    fn superfluous(self, algorithm: Option<Algorithm>) -> String {
        match algorithm {
            Some(algorithm) => {
                format!(
                    "must be absent with encryption_algorithm {}",
                    words::word_of(&Algorithm::ALL, algorithm)
                )
            }
            None => "must come with encryption_algorithm and is_encrypted=true".to_owned(),
        }
    }
}

const LIFETIME_EXPECTED: &str = "must be like 12h or 7d: a whole number of hours or days, at most 365d";

/// The seconds of `<n>h` or `<n>d`.
fn lifetime(text: &str) -> Option<u64> {
    let (number, unit) = match text.as_bytes().last()? {
        b'h' => (text.strip_suffix('h')?, HOUR),
        b'd' => (text.strip_suffix('d')?, DAY),
        _ => return None,
    };
    if !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (1..=MAX_LIFETIME_SECONDS).contains(&seconds).then_some(seconds)
}

fn lifetime_under(asked: Option<u64>, plan: &Plan) -> Result<u64, Invalid> {
    let most = plan.max_retention_seconds.unwrap_or(MAX_LIFETIME_SECONDS).min(MAX_LIFETIME_SECONDS);
    match asked {
        None => Ok(DEFAULT_LIFETIME_SECONDS.min(most)),
        Some(seconds) if seconds <= most => Ok(seconds),
        Some(_) => {
            let (plan, hours) = (plan.name.as_str(), most / HOUR);
            Err(Invalid::field("expires_in", format!("must be at most {hours}h on the plan {plan}")))
        }
    }
}

fn is_message(text: &str) -> bool {
    let unprintable = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    text.chars().count() <= MAX_MESSAGE_CHARS && !text.contains(unprintable)
}

fn check_label(errors: &mut FieldErrors, name: &str, text: Option<&str>, most: usize) {
    let Some(text) = text else { return };
    let length_ok = (1..=most).contains(&text.chars().count());
    if !length_ok || text.trim().is_empty() || text.contains(char::is_control) {
        errors.add(name, format!("must be a text of 1 to {most} characters without control characters"));
    }
}

fn check_length(errors: &mut FieldErrors, name: &str, bytes: Option<&[u8]>, length: usize) {
    if bytes.is_some_and(|bytes| bytes.len() != length) {
        errors.add(name, format!("must be base64 of {length} bytes"));
    }
}

#[cfg(test)]
mod tests;
