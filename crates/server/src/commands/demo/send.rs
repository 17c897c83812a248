//! Sealing and sending a file in one stream.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use agentdrop_protocol::{SealingReader, sealed_len};
use futures_util::stream;
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;

use super::DemoError;
use super::client::{CallError, Client};
use super::envelope::Envelope;
use super::error::{crypto, doing};
use super::participant::Participant;

/// Bytes that are sealed and handed to the connection at a time.
const BLOCK: usize = 64 << 10;

/// What the server answered.
#[derive(Debug, Deserialize)]
pub struct Sent {
    pub id: String,
    pub total_size: u64,
}

/// Sends a file of the sender's folder to the agent of that slug; it may be downloaded once.
pub async fn send(
    client: &Client,
    sender: &Participant,
    recipient: &str,
    name: &'static str,
    envelope: Envelope,
) -> Result<Sent, DemoError> {
    // The file before the fields, as curl orders them.
    let mut form = Form::new().part("files", sealed(&sender.folder.join(name), name, &envelope)?);
    for (field, value) in envelope.fields {
        form = form.text(field, value);
    }
    form = form
        .text("sender", sender.names.agent)
        .text("recipient", recipient.to_owned())
        .text("message", "Here are the figures.")
        .text("max_downloads", "1");
    Ok(client.upload(&sender.key, "/v1/transfers", form).await?)
}

/// The file as a part of the form, sealed while it is sent.
fn sealed(path: &Path, name: &'static str, envelope: &Envelope) -> Result<Part, DemoError> {
    let file = File::open(path).map_err(doing("open the file to send"))?;
    let size = file.metadata().map_err(doing("measure the file to send"))?.len();
    let size = sealed_len(size).map_err(crypto("seal the file to send"))?;
    let blocks = Blocks(SealingReader::new(file, &envelope.key, &envelope.nonce));
    let part = Part::stream_with_length(Body::wrap_stream(stream::iter(blocks)), size).file_name(name);
    part.mime_str("text/csv")
        .map_err(|source| CallError::Failed { call: "naming the file's type".to_owned(), source }.into())
}

/// A reader's bytes, block by block.
struct Blocks<R>(R);

impl<R: Read> Iterator for Blocks<R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut block = Vec::with_capacity(BLOCK);
        match self.0.by_ref().take(BLOCK as u64).read_to_end(&mut block) {
            Ok(0) => None,
            Ok(_) => Some(Ok(block)),
            Err(error) => Some(Err(error)),
        }
    }
}
