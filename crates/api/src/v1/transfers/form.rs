//! The text fields of the multipart form.

use agentdrop_domain::error::FieldErrors;
use agentdrop_domain::transfer::{Algorithm, Mode, TransferForm};
use utoipa::ToSchema;

use crate::http::fields::word;
use crate::http::wire;

/// The form as the OpenAPI document shows it.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read by the OpenAPI generator only")]
pub struct CreateTransferForm {
    /// The sending agent's slug; within one account any text of at most 128 characters.
    #[schema(example = "data-pipeline")]
    sender: String,
    /// The receiving agent's slug or UUID.
    #[schema(example = "analysis-agent")]
    recipient: String,
    /// Which account is meant where several hold such an agent: e-mail, UUID or display name.
    recipient_account: Option<String>,
    /// `agent-to-agent` (default). `agent-to-human` and `human-to-agent` are not available.
    mode: Option<String>,
    /// 1 to 100 files, one part each, each with a file name of its own.
    #[schema(value_type = Vec<String>, format = Binary)]
    files: Vec<String>,
    /// `true` if the files were encrypted on the client.
    #[schema(value_type = Option<String>)]
    is_encrypted: Option<bool>,
    /// The encryption layout; needs `is_encrypted=true` and exactly the layout's own fields.
    encryption_algorithm: Option<String>,
    /// Base64 of 60 bytes: the wrapped key of the per-transfer layout.
    encrypted_key: Option<String>,
    /// Base64 of 32 bytes: the salt of the channel layout.
    encryption_salt: Option<String>,
    /// The channel of the channel layout.
    channel_id: Option<String>,
    /// A JSON array with the base64 of one 12-byte nonce for each file, in the order of the files.
    encryption_ivs: Option<String>,
    /// Base64 of a 64-byte Ed25519 signature; stored and echoed.
    sender_signature: Option<String>,
    /// At most 4,096 characters.
    message: Option<String>,
    /// `true`: the first download is the last. Default `false`.
    #[schema(value_type = Option<String>)]
    auto_delete: Option<bool>,
    /// 1 to 1,000, default 10.
    max_downloads: Option<u32>,
    /// Like `12h` or `7d`, default `24h`.
    expires_in: Option<String>,
}

/// The names of the text fields; others are ignored.
const NAMES: [&str; 15] = [
    "sender",
    "recipient",
    "recipient_account",
    "mode",
    "is_encrypted",
    "encryption_algorithm",
    "encrypted_key",
    "encryption_salt",
    "channel_id",
    "encryption_ivs",
    "sender_signature",
    "message",
    "auto_delete",
    "max_downloads",
    "expires_in",
];

/// Whether a text field of that name means something.
pub fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Takes one text field into the form, noting what can't be decoded. Of several fields of one name the last
/// counts.
pub fn take(form: &mut TransferForm, errors: &mut FieldErrors, name: &str, text: String) {
    match name {
        "sender" => form.sender = Some(text),
        "recipient" => form.recipient = Some(text),
        "recipient_account" => form.recipient_account = Some(text),
        "message" => form.message = Some(text).filter(|text| !text.is_empty()),
        "expires_in" => form.expires_in = Some(text),
        "mode" => form.mode = word(&text, errors, name, &Mode::ALL),
        "encryption_algorithm" => form.encryption_algorithm = word(&text, errors, name, &Algorithm::ALL),
        "is_encrypted" => form.is_encrypted = boolean(errors, name, &text),
        "auto_delete" => form.auto_delete = boolean(errors, name, &text),
        "max_downloads" => form.max_downloads = parsed(errors, name, &text, "a whole number from 1 to 1000"),
        "channel_id" => form.channel_id = parsed(errors, name, &text, "a channel's UUID"),
        "encrypted_key" => form.encrypted_key = bytes(errors, name, &text),
        "encryption_salt" => form.encryption_salt = bytes(errors, name, &text),
        "sender_signature" => form.sender_signature = bytes(errors, name, &text),
        "encryption_ivs" => form.encryption_ivs = nonces(errors, name, &text),
        _ => {}
    }
}

fn boolean(errors: &mut FieldErrors, name: &str, text: &str) -> Option<bool> {
    parsed(errors, name, text, "true or false")
}

fn parsed<T: std::str::FromStr>(
    errors: &mut FieldErrors,
    name: &str,
    text: &str,
    expected: &str,
) -> Option<T> {
    let value = text.trim().parse().ok();
    if value.is_none() {
        errors.add(name, format!("must be {expected}"));
    }
    value
}

fn bytes(errors: &mut FieldErrors, name: &str, text: &str) -> Option<Vec<u8>> {
    let bytes = wire::from_base64(text);
    if bytes.is_none() {
        errors.add(name, "must be base64 (standard alphabet, with padding)");
    }
    bytes
}

fn nonces(errors: &mut FieldErrors, name: &str, text: &str) -> Option<Vec<Vec<u8>>> {
    let texts: Option<Vec<String>> = serde_json::from_str(text).ok();
    let nonces = texts.and_then(|texts| texts.iter().map(|text| wire::from_base64(text)).collect());
    if nonces.is_none() {
        errors.add(name, "must be a JSON array of base64 texts, one for each file");
    }
    nonces
}
