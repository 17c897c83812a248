//! Signed URLs: how a ticket is written, and read again.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use agentdrop_domain::ids::{FileId, GrantId, TransferId};
use agentdrop_domain::transfer::{Right, Ticket, UrlSignature};
use chrono::DateTime;
use serde::Deserialize;

use crate::http::ApiError;
use crate::state::Api;

/// The URL that carries a ticket.
#[must_use]
pub fn signed_url(api: &Api, ticket: &Ticket) -> String {
    let signature = api.ports.signer.sign(ticket.message().as_bytes());
    let (expires, key, mac) = (ticket.expires_at.timestamp(), signature.key_id, hex::encode(signature.mac));
    let Ticket { file, size, .. } = ticket;
    let right = match ticket.right {
        Right::Fetch(grant) => format!("grant={grant}"),
        Right::Send(transfer, None) => format!("transfer={transfer}"),
        Right::Send(transfer, Some(part)) => format!("transfer={transfer}&part={part}"),
    };
    api.blob_url(&format!("/blobs/{file}?{right}&size={size}&expires={expires}&key={key}&sig={mac}"))
}

/// What a signed URL says.
#[derive(Debug, Deserialize)]
struct SignedQuery {
    grant: Option<String>,
    transfer: Option<String>,
    part: Option<u32>,
    size: u64,
    expires: i64,
    key: String,
    sig: String,
}

impl SignedQuery {
    fn ticket(&self, file: FileId) -> Option<(Ticket, UrlSignature)> {
        let right = match (&self.grant, &self.transfer) {
            (Some(grant), None) => Right::Fetch(grant.parse::<GrantId>().ok()?),
            (None, Some(transfer)) => Right::Send(transfer.parse::<TransferId>().ok()?, self.part),
            _ => return None,
        };
        let expires_at = DateTime::from_timestamp(self.expires, 0)?;
        let mac = hex::decode(&self.sig).ok()?;
        let signature = UrlSignature { key_id: self.key.clone(), mac };
        Some((Ticket { file, right, size: self.size, expires_at }, signature))
    }
}

/// The ticket of a request to `/blobs`, if it is one of ours.
///
/// # Errors
/// 403 for anything else.
pub fn verified(api: &Api, request: &HttpRequest, file: FileId) -> Result<Ticket, ApiError> {
    let query = web::Query::<SignedQuery>::from_query(request.query_string()).map_err(|_| forged())?;
    let (ticket, signature) = query.ticket(file).ok_or_else(forged)?;
    if api.ports.signer.verify(ticket.message().as_bytes(), &signature) { Ok(ticket) } else { Err(forged()) }
}

/// The answer to a URL that is not one of ours.
pub fn forged() -> ApiError {
    let message = "this URL is not signed by this server for this request, or was changed; ask for a new one";
    ApiError::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
}
