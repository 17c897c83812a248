//! Confirming a prepared transfer.

use actix_web::{HttpResponse, post, web};
use agentdrop_domain::ids::TransferId;
use agentdrop_domain::transfer::{self, ConfirmError};

use crate::http::{ApiError, Auth, CommonErrors, ErrorBody, Id};
use crate::state::Api;
use crate::v1::transfers::answer::TransferBody;

/// Say that all files of a prepared transfer are uploaded; its recipient sees it from now on.
///
/// Whether the sender may send to the recipient is asked again. `expires_in` counts from here.
#[utoipa::path(
    tag = "transfers",
    operation_id = "confirmTransfer",
    params(("id" = String, Path, description = "the transfer's id")),
    responses(
        (status = 200, body = TransferBody),
        (status = 400, description = "`FILES_MISSING`, with one row a missing file; `SIZE_MISMATCH`; `AGENT_NOT_CONNECTED`, \
            `TARGET_NOT_CONNECTED`", body = ErrorBody),
        (status = 403, description = "`SHARE_REQUIRED`, `PERMISSION_DENIED`, `FORBIDDEN`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: missing, or not yours", body = ErrorBody),
        (status = 409, description = "`ALREADY_CONFIRMED`, `CHANNEL_REVOKED`", body = ErrorBody),
        (status = 410, description = "`GONE`: deleted, or not uploaded in time", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[post("/transfers/{id}/confirm")]
pub async fn confirm(auth: Auth, id: Id<TransferId>, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let ports = api.ports.clone();
    let transfer = api.run(async move { Ok(transfer::confirm(&ports, auth.caller, id.0).await?) }).await?;
    Ok(HttpResponse::Ok().json(TransferBody::of(&api, &transfer)))
}

impl From<ConfirmError> for ApiError {
    fn from(error: ConfirmError) -> Self {
        use actix_web::http::StatusCode;
        let message = error.to_string();
        match error {
            ConfirmError::Route(inner) => inner.into(),
            ConfirmError::FilesMissing(invalid) => {
                Self::new(StatusCode::BAD_REQUEST, "FILES_MISSING", message).details(invalid)
            }
            ConfirmError::AlreadyConfirmed => Self::new(StatusCode::CONFLICT, "ALREADY_CONFIRMED", message),
            ConfirmError::Gone => Self::new(StatusCode::GONE, "GONE", message),
        }
    }
}
