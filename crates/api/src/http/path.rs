//! Ids in paths.

use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::ApiError;
use super::auth::after_auth;

/// The `{id}` of a path. A text that is no id names nothing, so it is answered 404 like any other id that
/// names nothing.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: FromStr + 'static> FromRequest for Id<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { after_auth(&request, segment(&request, "id").map(Self)).await })
    }
}

/// A named segment of the path.
///
/// # Errors
/// 404 if it is not what the segment should hold.
pub fn segment<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, ApiError> {
    request.match_info().query(name).parse().map_err(|_| ApiError::not_found("the object named in the path"))
}
