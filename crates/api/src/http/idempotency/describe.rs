//! Idempotency in the OpenAPI document: an operation names the request header, the rest follows from that.

use utoipa::IntoParams;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{HeaderBuilder, ObjectBuilder, OpenApi, RefOr, Type};

use super::{HEADER, REPLAYED};

/// The request header, for the documented parameters of an operation.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "read by the OpenAPI generator only")]
pub struct IdempotencyHeader {
    /// Your name for this request, 1 to 255 characters. Sent again within 24 hours with the same key, the same
    /// request is answered as before and does not act again.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    key: Option<String>,
}

const CONFLICTS: &str = "`IDEMPOTENCY_MISMATCH`: this Idempotency-Key was used for another request; \
    `IDEMPOTENCY_IN_PROGRESS`: the same request is still running";

/// Adds to every operation that takes the header what it may answer because of it.
pub fn describe(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        operations(item).filter(|operation| takes_key(operation)).for_each(describe_operation);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn takes_key(operation: &Operation) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters.into_iter().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.name == HEADER,
        RefOr::Ref(_) => false,
    })
}

fn describe_operation(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        if let RefOr::T(response) = response {
            let header = HeaderBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(Type::Boolean)))
                .description(Some("`true` where an earlier answer is given again; else absent"))
                .build();
            response.headers.insert(REPLAYED.to_owned(), RefOr::T(header));
        }
    }
    add_error(operation, "400", "`VALIDATION_ERROR`");
    add_error(operation, "409", CONFLICTS);
}

/// Adds an error to those of its status, unless it is there.
fn add_error(operation: &mut Operation, status: &str, what: &str) {
    let responses = &mut operation.responses.responses;
    // All errors have one shape.
    let Some(RefOr::T(mut error)) = responses.get("401").cloned() else { return };
    error.description = match responses.get(status) {
        Some(RefOr::T(other)) if other.description.contains(what) => return,
        Some(RefOr::T(other)) => format!("{}; {what}", other.description),
        _ => what.to_owned(),
    };
    responses.insert(status.to_owned(), RefOr::T(error));
}
