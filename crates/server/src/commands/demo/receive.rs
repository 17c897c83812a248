//! Reading the inbox, and downloading and opening a file in one stream.

use std::fs;
use std::path::Path;

use agentdrop_protocol::{FileOpener, Nonce};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::DemoError;
use super::client::{CallError, Client};
use super::envelope::key_of;
use super::error::{crypto, doing};
use super::participant::Participant;

#[derive(Deserialize)]
struct Inbox {
    transfers: Vec<Waiting>,
}

/// A transfer in an inbox.
#[derive(Deserialize)]
pub struct Waiting {
    pub id: String,
    pub sender: String,
    pub sender_account_name: String,
    pub message: Option<String>,
}

/// What a download answers.
#[derive(Deserialize)]
pub struct Download {
    files: Vec<FileToFetch>,
    pub encryption_algorithm: String,
    pub encrypted_key: Option<String>,
    pub encryption_salt: Option<String>,
    pub sender_public_key: String,
}

#[derive(Deserialize)]
struct FileToFetch {
    name: String,
    download_url: String,
    encryption_iv: String,
}

/// The one transfer that waits for the participant's agent.
pub async fn look(client: &Client, who: &Participant) -> Result<Waiting, DemoError> {
    let Inbox { transfers } = client.get(&who.key, &format!("/v1/agents/{}/inbox", who.agent)).await?;
    let [waiting] = <[Waiting; 1]>::try_from(transfers)
        .map_err(|_| DemoError::Unexpected("not exactly one transfer is in the inbox"))?;
    Ok(waiting)
}

/// Downloads a transfer and opens its one file into the participant's folder. The file appears only if every
/// bit is as it was sealed.
pub async fn receive(client: &Client, who: &Participant, transfer: &str) -> Result<String, DemoError> {
    let mut download: Download = ask(client, who, transfer).await?;
    let (Some(file), true) = (download.files.pop(), download.files.is_empty()) else {
        return Err(DemoError::Unexpected("the transfer has not exactly one file"));
    };
    let key = key_of(&download, &who.secret)?;
    let nonce = Nonce::from_base64(&file.encryption_iv).map_err(crypto("read the file's nonce"))?;
    let opener = FileOpener::create(who.folder.join(&file.name), &key, &nonce);
    let opener = opener.map_err(crypto("make the received file"))?;
    open(opener, client.open(&file.download_url).await?).await?;
    Ok(file.name)
}

async fn ask(client: &Client, who: &Participant, transfer: &str) -> Result<Download, CallError> {
    client.get(&who.key, &format!("/v1/transfers/{transfer}/download")).await
}

async fn open(mut opener: FileOpener, mut answer: Response) -> Result<(), DemoError> {
    let cut = |source: reqwest::Error| CallError::Failed {
        call: "reading the file".to_owned(),
        source: source.without_url(),
    };
    while let Some(block) = answer.chunk().await.map_err(cut)? {
        opener = opener.push(&block).map_err(crypto("decrypt the file"))?;
    }
    opener.finish().map_err(crypto("decrypt the file"))?;
    Ok(())
}

/// Whether the server refuses to hand out the transfer once more.
pub async fn is_gone(client: &Client, who: &Participant, transfer: &str) -> Result<bool, DemoError> {
    match ask(client, who, transfer).await {
        Err(CallError::Refused { status: StatusCode::GONE, .. }) => Ok(true),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(false),
    }
}

/// An error unless two files hold the same bytes.
pub fn must_agree(sent: &Path, received: &Path) -> Result<(), DemoError> {
    let read = |path: &Path| fs::read(path).map_err(doing("read a file to compare it"));
    if read(sent)? == read(received)? {
        return Ok(());
    }
    Err(DemoError::Differs { received: received.display().to_string() })
}
