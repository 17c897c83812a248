//! Query strings, read parameter by parameter so that every bad one is named at once.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use agentdrop_domain::error::{FieldErrors, Invalid};

use super::auth::after_auth;
use super::{ApiError, Paging, fields};

/// The parameters of a query string. Unknown ones are ignored, empty ones count as absent.
#[derive(Debug, Default)]
pub struct Query {
    parameters: HashMap<String, String>,
    errors: FieldErrors,
}

impl FromRequest for Query {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { after_auth(&request, read(request.query_string())).await })
    }
}

fn read(text: &str) -> Result<Query, ApiError> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(text);
    let invalid = |_| ApiError::invalid(Invalid::field("query", "is not a valid query string"));
    let pairs = pairs.map_err(invalid)?.into_inner();
    let parameters = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    Ok(Query { parameters, errors: FieldErrors::default() })
}

impl Query {
    /// A parameter as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// A parameter that must be there.
    pub fn required_text(&mut self, name: &str, expected: &str) -> Option<String> {
        let text = self.text(name).map(str::to_owned);
        if text.is_none() {
            self.errors.add(name, format!("is required; must be {expected}"));
        }
        text
    }

    /// A parameter that parses as `T`; `expected` completes "must be …".
    pub fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let value = self.text(name)?.parse().ok();
        if value.is_none() {
            self.errors.add(name, format!("must be {expected}"));
        }
        value
    }

    /// A parameter that is a word of an enumeration.
    pub fn word<T: Copy>(&mut self, name: &str, table: &[(T, &'static str)]) -> Option<T> {
        let text = self.parameters.get(name)?;
        fields::word(text, &mut self.errors, name, table)
    }

    /// `limit` and `offset`.
    pub fn paging(&mut self, default_limit: u32) -> Paging {
        let limit = self.parsed::<u32>("limit", Paging::LIMIT_EXPECTED);
        let offset = self.parsed::<u64>("offset", Paging::OFFSET_EXPECTED);
        let limit = limit.unwrap_or(default_limit);
        let offset = offset.unwrap_or(0);
        if !Paging::limit_allowed(limit) {
            self.errors.add("limit", format!("must be {}", Paging::LIMIT_EXPECTED));
        }
        if !Paging::offset_allowed(offset) {
            self.errors.add("offset", format!("must be {}", Paging::OFFSET_EXPECTED));
        }
        Paging { limit, offset }
    }

    /// Succeeds if nothing was wrong with any parameter.
    ///
    /// # Errors
    /// 400 `VALIDATION_ERROR` naming every bad one.
    pub fn finish(self) -> Result<(), ApiError> {
        self.errors.finish().map_err(ApiError::invalid)
    }
}
