//! How a file's key reaches its recipient, in two of the protocol's layouts.

use agentdrop_adapters::secrets::OsSecrets;
use agentdrop_protocol::{FileKey, Layout, Nonce, PublicKey, Salt, SecretKey, WrappedKey, channel, legacy};

use super::DemoError;
use super::error::crypto;
use super::receive::Download;

/// What a sender needs to seal one file, and what the recipient must be told.
pub struct Envelope {
    pub key: FileKey,
    pub nonce: Nonce,
    /// Form fields that say how it was sealed.
    pub fields: Vec<(&'static str, String)>,
}

impl Envelope {
    /// A fresh key, wrapped for the recipient.
    pub fn wrapped(sender: &SecretKey, recipient: &PublicKey) -> Result<Self, DemoError> {
        let random = OsSecrets::default();
        let key = FileKey::generate_from(random.bytes());
        let wrapped = legacy::wrap(&key, sender, recipient, &Nonce::from_bytes(random.bytes()))
            .map_err(crypto("wrap the file's key"))?;
        Ok(Self::new(Layout::Legacy, key, vec![("encrypted_key", wrapped.to_base64())]))
    }

    /// A key that both sides derive from their channel's keys; nothing is wrapped.
    pub fn derived(sender: &SecretKey, recipient: &PublicKey, channel_id: &str) -> Result<Self, DemoError> {
        let salt = Salt::from_bytes(OsSecrets::default().bytes());
        let key = channel::derive(sender, recipient, &salt).map_err(crypto("derive the channel's key"))?;
        let fields = vec![("channel_id", channel_id.to_owned()), ("encryption_salt", salt.to_base64())];
        Ok(Self::new(Layout::Channel, key, fields))
    }

    fn new(layout: Layout, key: FileKey, mut fields: Vec<(&'static str, String)>) -> Self {
        let nonce = Nonce::from_bytes(OsSecrets::default().bytes());
        fields.push(("is_encrypted", "true".to_owned()));
        fields.push(("encryption_algorithm", layout.algorithm().to_owned()));
        fields.push(("encryption_ivs", serde_json::json!([nonce.to_base64()]).to_string()));
        Self { key, nonce, fields }
    }
}

/// The key of a received file, by the layout that its sender named.
pub fn key_of(download: &Download, recipient: &SecretKey) -> Result<FileKey, DemoError> {
    let layout: Layout = download.encryption_algorithm.parse().map_err(crypto("read the layout's name"))?;
    let sender = PublicKey::from_base64(&download.sender_public_key)
        .map_err(crypto("read the sender's public key"))?;
    match (layout, &download.encrypted_key, &download.encryption_salt) {
        (Layout::Legacy, Some(wrapped), _) => WrappedKey::from_base64(wrapped)
            .and_then(|wrapped| legacy::unwrap(&wrapped, recipient, &sender))
            .map_err(crypto("unwrap the file's key")),
        (Layout::Channel, _, Some(salt)) => Salt::from_base64(salt)
            .and_then(|salt| channel::derive(recipient, &sender, &salt))
            .map_err(crypto("derive the channel's key")),
        _ => Err(DemoError::Unexpected("the download lacks what its layout needs")),
    }
}
