//! Signed URLs: how a ticket is written, and read again.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use agentdrop_domain::ids::{FileId, GrantId, TransferId};
use agentdrop_domain::transfer::{Right, Ticket, UrlSignature, UrlSigner};
use chrono::DateTime;
use serde::Deserialize;

use crate::http::ApiError;
use crate::state::Api;

/// The URL that carries a ticket.
#[must_use]
pub fn signed_url(api: &Api, ticket: &Ticket) -> String {
    api.blob_url(&format!("/blobs/{}?{}", ticket.file, signed_query(&*api.ports.signer, ticket)))
}

/// The query of that URL: all of the ticket but the file.
#[must_use]
pub fn signed_query(signer: &dyn UrlSigner, ticket: &Ticket) -> String {
    let signature = signer.sign(ticket.message().as_bytes());
    let (expires, key, mac) = (ticket.expires_at.timestamp(), signature.key_id, hex::encode(signature.mac));
    let right = match ticket.right {
        Right::Fetch(grant) => format!("grant={grant}"),
        Right::Send(transfer, None) => format!("transfer={transfer}"),
        Right::Send(transfer, Some(part)) => format!("transfer={transfer}&part={part}"),
    };
    format!("{right}&size={}&expires={expires}&key={key}&sig={mac}", ticket.size)
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
            // Parts are numbered from 1; what is signed without one has 0 in its place.
            (None, Some(transfer)) if self.part != Some(0) => {
                Right::Send(transfer.parse::<TransferId>().ok()?, self.part)
            }
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
    ticket_of(&*api.ports.signer, request.query_string(), file).ok_or_else(forged)
}

/// The ticket to a file that a query carries, if it was signed here.
#[must_use]
pub fn ticket_of(signer: &dyn UrlSigner, query: &str, file: FileId) -> Option<Ticket> {
    let query = web::Query::<SignedQuery>::from_query(query).ok()?;
    let (ticket, signature) = query.ticket(file)?;
    signer.verify(ticket.message().as_bytes(), &signature).then_some(ticket)
}

/// The answer to a URL that is not one of ours.
pub fn forged() -> ApiError {
    let message = "this URL is not signed by this server for this request, or was changed; ask for a new one";
    ApiError::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has the message itself as its code.
    struct Plain;

    impl UrlSigner for Plain {
        fn sign(&self, message: &[u8]) -> UrlSignature {
            UrlSignature { key_id: "plain".to_owned(), mac: message.to_vec() }
        }

        fn verify(&self, message: &[u8], signature: &UrlSignature) -> bool {
            signature.mac == message
        }
    }

    fn ticket(part: Option<u32>) -> Ticket {
        let file = FileId::from(uuid::Uuid::from_u128(61));
        let right = Right::Send(TransferId::from(uuid::Uuid::from_u128(50)), part);
        Ticket { file, right, size: 5, expires_at: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn a_query_is_read_as_it_was_signed() {
        for part in [None, Some(1), Some(u32::MAX)] {
            let signed = ticket(part);
            let read = ticket_of(&Plain, &signed_query(&Plain, &signed), signed.file);
            assert_eq!(read, Some(signed));
        }
    }

    #[test]
    fn a_whole_file_is_no_part_0() {
        let query = signed_query(&Plain, &ticket(None));
        for part in ["part=0", "part=1", "part="] {
            assert_eq!(ticket_of(&Plain, &format!("{query}&{part}"), ticket(None).file), None, "{part}");
        }
    }
}
