//! Where clients send and fetch bytes: at this server, or at the store itself.

use std::time::Duration;

use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::transfer::{
    DirectPut, Grant, Prepared, PreparedFile, PutUrl, Right, Ticket, Transfer, TransferFile,
};

use super::url::signed_url;
use crate::http::ApiError;
use crate::state::Api;

/// The URL to fetch a file under a grant.
///
/// # Errors
/// 500 if the store's URLs can't be signed.
pub fn fetch_url(api: &Api, file: &TransferFile, grant: &Grant) -> Result<String, ApiError> {
    // What came through this server in parts is no single object, and an empty file may be none.
    let one_object = file.parts == 0 && file.size > 0;
    match api.ports.direct.as_ref().filter(|_| one_object) {
        None => Ok(signed_url(api, &Ticket::to(file, grant))),
        Some(store) => {
            let lasts = until(api, grant.expires_at);
            Ok(store.get_url(&file.object_key, file.name.as_str(), lasts)?)
        }
    }
}

/// A file of a prepared transfer.
#[derive(Clone, Copy)]
pub struct Awaited<'a> {
    /// The transfer.
    pub transfer: &'a Transfer,
    /// Whether its bytes go to the store itself.
    pub direct: bool,
    /// The file.
    pub file: &'a TransferFile,
    /// How it comes.
    pub prepared: &'a PreparedFile,
}

impl<'a> Awaited<'a> {
    /// Every file of a prepared transfer.
    pub fn all(transfer: &'a Transfer, prepared: &'a Prepared) -> impl Iterator<Item = Self> {
        let (files, direct) = (transfer.files.iter().zip(&prepared.files), prepared.direct);
        files.map(move |(file, known)| Self { transfer, direct, file, prepared: known })
    }

    /// The URL to send the file to, or the part of that place, which has `size` bytes, and the headers that it needs.
    ///
    /// # Errors
    /// 500 if the store's URLs can't be signed.
    pub fn send_url(&self, api: &Api, part: Option<u32>, size: u64) -> Result<PutUrl, ApiError> {
        let expires_at = self.transfer.expires_at;
        match api.ports.direct.as_ref().filter(|_| self.direct) {
            None => {
                let right = Right::Send(self.transfer.id, part);
                let url = signed_url(api, &Ticket { file: self.file.id, right, size, expires_at });
                Ok(PutUrl { url, headers: Vec::new() })
            }
            Some(store) => {
                let part = self.prepared.upload_id.as_deref().zip(part);
                let to = DirectPut { key: &self.file.object_key, part, size };
                Ok(store.put_url(to, until(api, expires_at))?)
            }
        }
    }
}

fn until(api: &Api, moment: Timestamp) -> Duration {
    (moment - api.ports.clock.now()).to_std().unwrap_or_default()
}
