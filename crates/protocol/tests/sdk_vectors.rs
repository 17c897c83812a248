//! What the official Python SDK made (see `vectors/generate.py`), in both directions: its output opens here,
//! and the same inputs give the same bytes here.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::Read;
use std::path::Path;

use agentdrop_protocol::{
    FileKey, Layout, Nonce, PublicKey, Salt, SealingReader, SecretKey, WrappedKey, a2h, channel, legacy,
    open_bytes, open_to_file, seal_reader_to_writer,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
struct Vectors {
    legacy: Vec<Transfer>,
    channel: Vec<Transfer>,
    a2h: Vec<Transfer>,
}

#[derive(Deserialize)]
struct Transfer {
    algorithm: String,
    sender_secret: String,
    sender_public: String,
    recipient_secret: String,
    recipient_public: String,
    wrap_nonce: Option<String>,
    encrypted_key: Option<String>,
    encryption_salt: Option<String>,
    file_key: String,
    files: Vec<StoredFile>,
}

#[derive(Deserialize)]
struct StoredFile {
    length: usize,
    seed: usize,
    nonce: String,
    stored: Option<String>,
    stored_sha256: Option<String>,
}

/// Both sides' keys of a transfer.
struct Parties {
    sender: SecretKey,
    sender_public: PublicKey,
    recipient: SecretKey,
    recipient_public: PublicKey,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/sdk-0.3.5.json")).unwrap()
}

fn from_base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

impl Transfer {
    fn parties(&self) -> Parties {
        let parties = Parties {
            sender: SecretKey::from_base64(&self.sender_secret).unwrap(),
            sender_public: PublicKey::from_base64(&self.sender_public).unwrap(),
            recipient: SecretKey::from_base64(&self.recipient_secret).unwrap(),
            recipient_public: PublicKey::from_base64(&self.recipient_public).unwrap(),
        };
        assert_eq!(parties.sender.public_key(), parties.sender_public);
        assert_eq!(parties.recipient.public_key(), parties.recipient_public);
        assert_eq!(parties.sender_public.to_base64(), self.sender_public);
        assert_eq!(*parties.sender.to_base64(), self.sender_secret);
        parties
    }

    fn salt(&self) -> Salt {
        Salt::from_base64(self.encryption_salt.as_ref().unwrap()).unwrap()
    }

    fn assert_file_key(&self, key: &FileKey) {
        assert_eq!(key.as_bytes().as_slice(), from_base64(&self.file_key));
    }
}

impl StoredFile {
    fn plaintext(&self) -> Vec<u8> {
        (0..self.length).map(|i| (7 * i + 13 * (i >> 8) + self.seed) as u8).collect()
    }

    fn nonce(&self) -> Nonce {
        Nonce::from_base64(&self.nonce).unwrap()
    }

    fn assert_stored(&self, stored: &[u8]) {
        match (&self.stored, &self.stored_sha256) {
            (Some(expected), None) => assert_eq!(stored, from_base64(expected)),
            (None, Some(expected)) => assert_eq!(hex::encode(Sha256::digest(stored)), *expected),
            _ => panic!("a vector has either its bytes or their hash"),
        }
    }
}

/// Legacy and channel: the nonce travels beside the file.
fn assert_files(transfer: &Transfer, layout: Layout, key: &FileKey, folder: &Path) {
    assert!(transfer.files.len() >= 10);
    for file in &transfer.files {
        let (plaintext, nonce) = (file.plaintext(), file.nonce());

        let mut stored = Vec::new();
        let written = seal_reader_to_writer(&plaintext[..], &mut stored, key, &nonce).unwrap();
        file.assert_stored(&stored);
        assert_eq!(written, stored.len() as u64);
        assert_eq!(layout.stored_len(plaintext.len() as u64).unwrap(), written);

        let mut read = Vec::new();
        SealingReader::new(&plaintext[..], key, &nonce).read_to_end(&mut read).unwrap();
        file.assert_stored(&read);

        let path = folder.join("opened");
        assert_eq!(open_to_file(&stored[..], &path, key, &nonce).unwrap(), plaintext.len() as u64);
        assert_eq!(fs::read(&path).unwrap(), plaintext);
        assert_eq!(open_bytes(&stored, key, &nonce).unwrap(), plaintext);
    }
}

#[test]
fn legacy_agrees_with_the_sdk() {
    let folder = tempfile::tempdir().unwrap();
    let transfers = vectors().legacy;
    assert!(!transfers.is_empty());
    for transfer in &transfers {
        assert_eq!(transfer.algorithm.parse::<Layout>().unwrap(), Layout::Legacy);
        let Parties { sender, sender_public, recipient, recipient_public } = transfer.parties();
        let wrapped = WrappedKey::from_base64(transfer.encrypted_key.as_ref().unwrap()).unwrap();

        let key = legacy::unwrap(&wrapped, &recipient, &sender_public).unwrap();
        transfer.assert_file_key(&key);
        let nonce = Nonce::from_base64(transfer.wrap_nonce.as_ref().unwrap()).unwrap();
        let ours = legacy::wrap(&key, &sender, &recipient_public, &nonce).unwrap();
        assert_eq!(Some(ours.to_base64()), transfer.encrypted_key);

        assert_files(transfer, Layout::Legacy, &key, folder.path());
    }
}

#[test]
fn channel_agrees_with_the_sdk() {
    let folder = tempfile::tempdir().unwrap();
    let transfers = vectors().channel;
    assert!(!transfers.is_empty());
    for transfer in &transfers {
        assert_eq!(transfer.algorithm.parse::<Layout>().unwrap(), Layout::Channel);
        let Parties { sender, sender_public, recipient, recipient_public } = transfer.parties();

        let sent = channel::derive(&sender, &recipient_public, &transfer.salt()).unwrap();
        transfer.assert_file_key(&sent);
        let received = channel::derive(&recipient, &sender_public, &transfer.salt()).unwrap();
        transfer.assert_file_key(&received);

        assert_files(transfer, Layout::Channel, &received, folder.path());
    }
}

#[test]
fn a2h_agrees_with_the_sdk() {
    let folder = tempfile::tempdir().unwrap();
    let transfers = vectors().a2h;
    assert!(!transfers.is_empty());
    for transfer in &transfers {
        assert_eq!(transfer.algorithm.parse::<Layout>().unwrap(), Layout::A2h);
        let Parties { sender, sender_public, recipient, recipient_public } = transfer.parties();

        let sent = a2h::derive_for_recipient(&sender, &recipient_public, &transfer.salt()).unwrap();
        transfer.assert_file_key(&sent);
        let received = a2h::derive_from_sender(&recipient, &sender_public, &transfer.salt()).unwrap();
        transfer.assert_file_key(&received);

        assert!(transfer.files.len() >= 10);
        for file in &transfer.files {
            let plaintext = file.plaintext();
            let mut stored = Vec::new();
            a2h::seal(&plaintext[..], &sent, &file.nonce()).read_to_end(&mut stored).unwrap();
            file.assert_stored(&stored);
            assert_eq!(a2h::stored_len(plaintext.len() as u64).unwrap(), stored.len() as u64);

            let path = folder.path().join("opened");
            let len = a2h::open_to_file(&stored[..], &path, &received).unwrap();
            assert_eq!(len, plaintext.len() as u64);
            assert_eq!(fs::read(&path).unwrap(), plaintext);
        }
    }
}
