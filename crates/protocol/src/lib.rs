//! AgentDrop's end-to-end encryption: how keys are agreed on and how files are sealed, byte for byte as the
//! official clients do it.
//!
//! Three key layouts exist ([`Layout`]): [`legacy`] (a random file key, wrapped for the recipient),
//! [`channel`] (derived from the two agents' long-term keys and a salt) and [`a2h`] (agent to human: an
//! ephemeral sender key). All of them end in a [`FileKey`], and every file is sealed with AES-256-GCM under
//! that key and a [`Nonce`] of its own: no associated data, the tag of 16 bytes at the end.
//!
//! Files are processed in stream, with memory that does not grow with their size. Sealing is pulled
//! ([`SealingReader`]), pushed ([`Sealer`]) or copied ([`seal_reader_to_writer`]). Opening goes to a file
//! that takes its name only once the tag has verified ([`open_to_file`], [`FileOpener`]), or to memory for
//! small things ([`open_bytes`]); plaintext that nobody has authenticated is never handed out.
//!
//! The crate has no source of randomness: secret keys, file keys, nonces and salts are made from bytes that
//! the caller draws from the operating system's generator. **A nonce must never be used twice under one
//! file key**: doing so gives away both files and the key of the authenticator.
//!
//! ```
//! use agentdrop_protocol::{FileKey, Nonce, SecretKey, WrappedKey, legacy, open_to_file, seal_reader_to_writer};
//!
//! # fn random<const N: usize>() -> [u8; N] {
//! #     use std::hash::{BuildHasher, RandomState};
//! #     std::array::from_fn(|i| RandomState::new().hash_one(i) as u8)
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // `random()` stands for bytes from the operating system's generator.
//! let sender = SecretKey::generate_from(random());
//! let recipient = SecretKey::generate_from(random());
//!
//! // The sender makes one key for the transfer, one nonce for each file, and wraps the key.
//! let file_key = FileKey::generate_from(random());
//! let nonce = Nonce::from_bytes(random());
//! let mut sealed = Vec::new();
//! seal_reader_to_writer(&b"quarterly figures"[..], &mut sealed, &file_key, &nonce)?;
//! let wrapped = legacy::wrap(&file_key, &sender, &recipient.public_key(), &Nonce::from_bytes(random()))?;
//! let on_the_wire = (wrapped.to_base64(), nonce.to_base64(), sender.public_key().to_base64());
//!
//! // The recipient unwraps the key and opens the file, which appears only if every bit is right.
//! let wrapped = WrappedKey::from_base64(&on_the_wire.0)?;
//! let nonce = Nonce::from_base64(&on_the_wire.1)?;
//! let sender_public = agentdrop_protocol::PublicKey::from_base64(&on_the_wire.2)?;
//! let file_key = legacy::unwrap(&wrapped, &recipient, &sender_public)?;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("figures.txt");
//! open_to_file(&sealed[..], &path, &file_key, &nonce)?;
//! assert_eq!(std::fs::read(&path)?, b"quarterly figures");
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod encoding;
mod error;
mod gcm;
mod keys;
mod layout;
mod open;
mod seal;

pub use encoding::{Nonce, Salt, WrappedKey};
pub use error::Error;
pub use gcm::{MAX_PLAINTEXT_LEN, Sealer, TAG_LEN, Tag, open_bytes, seal_bytes, sealed_len};
pub use keys::{FileKey, PublicKey, SecretKey};
pub use layout::{Layout, a2h, channel, legacy};
pub use open::{FileOpener, open_to_file};
pub use seal::{SealingReader, seal_reader_to_writer};
