//! What a prepared transfer asks for, as JSON.

use agentdrop_domain::error::{FieldError, FieldErrors, Invalid};
use agentdrop_domain::transfer::{Algorithm, DeclaredFile, Draft, FileName, MAX_FILES, Mode, TransferForm};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::ApiError;
use crate::http::fields::Field;
use crate::http::wire;

const TEXT: &str = "a text";
const BASE64: &str = "base64 (standard alphabet, with padding)";
/// The longest MIME type that is kept, in bytes.
const MAX_CONTENT_TYPE: usize = 255;

/// A transfer to prepare.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PrepareBody {
    /// The sending agent's slug; within one account any text of at most 128 characters.
    #[serde(default)]
    #[schema(value_type = String, example = "data-pipeline")]
    sender: Field<String>,
    /// The receiving agent's slug or UUID.
    #[serde(default)]
    #[schema(value_type = String, example = "analysis-agent")]
    recipient: Field<String>,
    /// Which account is meant where several hold such an agent: e-mail, UUID or display name.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    recipient_account: Field<String>,
    /// `agent-to-agent`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    mode: Field<String>,
    /// 1 to 100 files.
    #[serde(default)]
    #[schema(value_type = Vec<FileToPrepare>)]
    files: Field<Vec<serde_json::Value>>,
    /// Like `12h` or `7d`, from the confirmation on; default `24h`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    expires_in: Field<String>,
    /// 1 to 1,000, default 10.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    max_downloads: Field<u32>,
    /// At most 4,096 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    message: Field<String>,
    /// The first download is the last. Default `false`.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    auto_delete: Field<bool>,
    /// The files are encrypted on the client.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_encrypted: Field<bool>,
    /// The encryption layout; needs `is_encrypted` and exactly the layout's own fields.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    encryption_algorithm: Field<String>,
    /// Base64 of 60 bytes: the wrapped key of the per-transfer layout.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    encrypted_key: Field<String>,
    /// Base64 of 32 bytes: the salt of the channel layout.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    encryption_salt: Field<String>,
    /// The channel of the channel layout.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    channel_id: Field<String>,
    /// Base64 of a 64-byte Ed25519 signature; stored and echoed.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    sender_signature: Field<String>,
}

/// A file to upload.
#[derive(Debug, Deserialize, ToSchema)]
pub struct FileToPrepare {
    /// Its name, unique within the transfer.
    #[serde(default)]
    #[schema(value_type = String, example = "report.pdf")]
    name: Field<String>,
    /// Its size as it will be uploaded (encrypted: the ciphertext's), in bytes.
    #[serde(default)]
    #[schema(value_type = u64)]
    size: Field<u64>,
    /// Its MIME type, default `application/octet-stream`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    content_type: Field<String>,
    /// Base64 of the 12-byte nonce it is encrypted with.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    encryption_iv: Field<String>,
    /// The size of its parts in bytes, 5 MiB to 5 GiB; for uploads in parts only, and required there.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    part_size: Field<u64>,
}

/// A file as it was asked for, and its nonce.
type Declared = (DeclaredFile, Option<Vec<u8>>);

impl PrepareBody {
    /// What the domain makes of it.
    ///
    /// # Errors
    /// Every bad or missing field.
    pub fn judged(self, in_parts: bool) -> Result<(Draft, Vec<DeclaredFile>), ApiError> {
        let mut errors = FieldErrors::default();
        let declared = files(self.files, in_parts, &mut errors);
        let nonces: Vec<_> = declared.iter().map(|(_, nonce)| nonce.clone()).collect();
        let form = TransferForm {
            sender: self.sender.optional(&mut errors, "sender", "an agent's slug"),
            recipient: self.recipient.optional(&mut errors, "recipient", "an agent's slug or UUID"),
            recipient_account: self.recipient_account.optional(&mut errors, "recipient_account", TEXT),
            mode: self.mode.optional_word(&mut errors, "mode", &Mode::ALL),
            message: self.message.optional(&mut errors, "message", TEXT).filter(|text| !text.is_empty()),
            auto_delete: self.auto_delete.optional(&mut errors, "auto_delete", "true or false"),
            max_downloads: self.max_downloads.optional(
                &mut errors,
                "max_downloads",
                "a whole number from 1 to 1000",
            ),
            expires_in: self.expires_in.optional(&mut errors, "expires_in", "a text like 12h or 7d"),
            is_encrypted: self.is_encrypted.optional(&mut errors, "is_encrypted", "true or false"),
            encryption_algorithm: self.encryption_algorithm.optional_word(
                &mut errors,
                "encryption_algorithm",
                &Algorithm::ALL,
            ),
            encrypted_key: base64(self.encrypted_key, &mut errors, "encrypted_key"),
            encryption_salt: base64(self.encryption_salt, &mut errors, "encryption_salt"),
            channel_id: self.channel_id.optional_parsed(&mut errors, "channel_id", "a channel's UUID"),
            encryption_ivs: all_nonces(&nonces, &mut errors),
            sender_signature: base64(self.sender_signature, &mut errors, "sender_signature"),
        };
        let draft = form.into_draft(errors).map_err(|invalid| ApiError::invalid(per_file(invalid)))?;
        Ok((draft, declared.into_iter().map(|(file, _)| file).collect()))
    }
}

fn base64(field: Field<String>, errors: &mut FieldErrors, name: &str) -> Option<Vec<u8>> {
    let text = field.optional(errors, name, BASE64)?;
    let bytes = wire::from_base64(&text);
    if bytes.is_none() {
        errors.add(name, format!("must be {BASE64}"));
    }
    bytes
}

fn files(field: Field<Vec<serde_json::Value>>, in_parts: bool, errors: &mut FieldErrors) -> Vec<Declared> {
    let expected = "an array of at least one file";
    let Some(files) = field.required(errors, "files", expected) else { return Vec::new() };
    if files.len() > MAX_FILES {
        errors.add("files", format!("must be at most {MAX_FILES} files"));
        return Vec::new();
    }
    if files.is_empty() {
        errors.add("files", format!("must be {expected}"));
    }
    let judged = files.into_iter().enumerate().map(|(index, file)| file_at(file, index, in_parts, errors));
    // All of them, so that each names what is wrong with it.
    let judged: Vec<Option<Declared>> = judged.collect();
    judged.into_iter().flatten().collect()
}

fn file_at(
    file: serde_json::Value,
    index: usize,
    in_parts: bool,
    errors: &mut FieldErrors,
) -> Option<Declared> {
    let at = |field: &str| format!("files[{index}].{field}");
    let Ok(file) = serde_json::from_value::<FileToPrepare>(file) else {
        errors.add(format!("files[{index}]"), "must be an object with name and size");
        return None;
    };
    let name = file.name.required(errors, &at("name"), "a file name")?;
    let name = errors.check(&at("name"), FileName::try_from(name.as_str()));
    let size = file.size.required(errors, &at("size"), "a whole number of bytes");
    let content_type = file.content_type.optional(errors, &at("content_type"), TEXT);
    let nonce = base64(file.encryption_iv, errors, &at("encryption_iv"));
    let part_size = part_size(file.part_size, &at("part_size"), in_parts, errors);
    let content_type = content_type.filter(|text| (1..=MAX_CONTENT_TYPE).contains(&text.len()));
    let content_type = content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    Some((DeclaredFile { name: name?, size: size?, content_type, part_size: part_size? }, nonce))
}

/// `None` if it is wrong.
fn part_size(field: Field<u64>, name: &str, in_parts: bool, errors: &mut FieldErrors) -> Option<Option<u64>> {
    let expected = "a whole number of bytes";
    if in_parts {
        return field.required(errors, name, expected).map(Some);
    }
    if field.optional(errors, name, expected).is_some() {
        errors.add(
            name,
            "must be absent here; prepare an upload in parts at /v1/transfers/presigned/multipart",
        );
        return None;
    }
    Some(None)
}

/// A nonce for every file, or for none.
fn all_nonces(nonces: &[Option<Vec<u8>>], errors: &mut FieldErrors) -> Option<Vec<Vec<u8>>> {
    if nonces.iter().all(Option::is_none) {
        return None;
    }
    for (index, _) in nonces.iter().enumerate().filter(|(_, nonce)| nonce.is_none()) {
        let name = format!("files[{index}].encryption_iv");
        if !errors.names(&name) {
            errors.add(name, "is required, for other files have one; must be base64 of 12 bytes");
        }
    }
    Some(nonces.iter().flatten().cloned().collect())
}

/// What a multipart form must have.
const NONCES_OF_A_FORM: &str = "a JSON array with the base64 of 12 bytes for each file";

/// The nonces are fields of the files here.
fn per_file(mut invalid: Invalid) -> Invalid {
    for error in &mut invalid.0 {
        match error.field.strip_prefix("encryption_ivs") {
            Some("") => {
                let here = error.message.replace(NONCES_OF_A_FORM, "base64 of 12 bytes for each file");
                *error = FieldError { field: "files[].encryption_iv".to_owned(), message: here };
            }
            Some(index) => error.field = format!("files{index}.encryption_iv"),
            None => {}
        }
    }
    invalid
}
