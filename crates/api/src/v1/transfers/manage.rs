//! Listing, reading and deleting transfers.

use actix_web::{HttpResponse, delete, get, web};
use agentdrop_domain::ids::TransferId;
use agentdrop_domain::transfer::{
    DeleteTransfer, DeleteTransferError, GetTransfer, ListSent, Mode, ReadTransferError, TransferStatus,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::TransferBody;
use crate::http::paging::PageInfo;
use crate::http::{ApiError, Auth, CommonErrors, ErrorBody, Id, Query, wire};
use crate::state::Api;

/// The page size of the public API.
const DEFAULT_LIMIT: u32 = 20;

/// A page of transfers.
#[derive(Debug, Serialize, ToSchema)]
struct TransferList {
    /// Newest first.
    transfers: Vec<TransferBody>,
    #[serde(flatten)]
    page: PageInfo,
}

/// What is left of a deleted transfer.
#[derive(Debug, Serialize, ToSchema)]
struct DeletedTransfer {
    /// The transfer's id.
    id: String,
    /// `deleted`.
    #[schema(example = "deleted")]
    status: &'static str,
    /// When.
    deleted_at: String,
}

/// List the transfers that the account sent.
///
/// An agent key sees what its agent sent.
#[utoipa::path(
    tag = "transfers",
    operation_id = "listTransfers",
    params(
        ("status" = Option<String>, Query, description = "`pending`, `active`, `downloaded`, `expired` or `deleted`"),
        ("mode" = Option<String>, Query, description = "`agent-to-agent`, `agent-to-human` or `human-to-agent`"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 20"),
        ("offset" = Option<u64>, Query, description = "rows to pass over, default 0"),
    ),
    responses(
        (status = 200, body = TransferList),
        (status = 400, description = "`VALIDATION_ERROR`", body = ErrorBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/transfers")]
pub async fn list(auth: Auth, mut query: Query, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let status = query.word("status", &TransferStatus::ALL);
    let mode = query.word("mode", &Mode::ALL);
    let paging = query.paging(DEFAULT_LIMIT);
    query.finish()?;
    let slice = api.ask(ListSent { caller: auth.caller, status, mode, page: paging.page() }).await?;
    let transfers = slice.items.iter().map(|transfer| TransferBody::of(&api, transfer)).collect();
    Ok(HttpResponse::Ok().json(TransferList { transfers, page: paging.info(&slice) }))
}

/// Read one transfer, as its sender or its recipient.
#[utoipa::path(
    tag = "transfers",
    operation_id = "getTransfer",
    params(("id" = String, Path, description = "the transfer's id")),
    responses(
        (status = 200, body = TransferBody),
        (status = 403, description = "`FORBIDDEN`, `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, deleted, or not yours", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/transfers/{id}")]
pub async fn get(auth: Auth, id: Id<TransferId>, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let transfer = api.ask(GetTransfer { caller: auth.caller, id: id.0 }).await?;
    Ok(HttpResponse::Ok().json(TransferBody::of(&api, &transfer)))
}

/// Delete a transfer that you sent.
///
/// Downloads end at once; the bytes are removed in the background.
#[utoipa::path(
    tag = "transfers",
    operation_id = "deleteTransfer",
    params(("id" = String, Path, description = "the transfer's id")),
    responses(
        (status = 200, body = DeletedTransfer),
        (status = 403, description = "`FORBIDDEN`: only the sender may; `SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, deleted before, or not yours", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[delete("/transfers/{id}")]
pub async fn delete(auth: Auth, id: Id<TransferId>, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let deleted_at = api.perform(DeleteTransfer { caller: auth.caller, id: id.0 }).await?;
    Ok(HttpResponse::Ok().json(DeletedTransfer {
        id: id.0.to_string(),
        status: "deleted",
        deleted_at: wire::time(deleted_at),
    }))
}

crate::refusals!(ReadTransferError: pass [Denied, Store] {});
crate::refusals!(DeleteTransferError: pass [Denied, Store] {});
