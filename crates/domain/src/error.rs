//! The refusals that every use case shares. What is peculiar to a use case is an enum of its own.

use crate::store::StoreError;

/// The caller has no right to the act, or must not learn that its object exists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No such object, or one of somebody else: both look the same from outside.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A known party without the right.
    #[error("{0}")]
    Forbidden(&'static str),
    /// An agent key outside its scope.
    #[error("this agent key acts as agent \"{agent}\" only; {wanted}")]
    ScopeMismatch {
        /// The slug the key belongs to.
        agent: String,
        /// What was asked that lies outside, and what to use instead.
        wanted: &'static str,
    },
}

/// One thing wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name on the wire.
    pub field: String,
    /// What is allowed there.
    pub message: String,
}

/// One or more fields hold something that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", summary(.0))]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    /// One bad field.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![FieldError { field: field.into(), message: message.into() }])
    }
}

fn summary(errors: &[FieldError]) -> String {
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    format!("invalid value in: {}", fields.join(", "))
}

/// Collects what is wrong with several fields, so that a caller learns all of it at once.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Notes one more bad field.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), message: message.into() });
    }

    /// Whether something was noted about a field.
    #[must_use]
    pub fn names(&self, field: &str) -> bool {
        self.0.iter().any(|error| error.field == field)
    }

    /// The value, or `None` after noting what is wrong with it.
    pub fn check<T, E: std::fmt::Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// All that was noted.
    #[must_use]
    pub fn into_invalid(self) -> Invalid {
        Invalid(self.0)
    }

    /// Succeeds if nothing was noted.
    ///
    /// # Errors
    /// All that was noted.
    pub fn finish(self) -> Result<(), Invalid> {
        if self.0.is_empty() { Ok(()) } else { Err(Invalid(self.0)) }
    }
}

/// Implemented by every use case's error, so that a transaction that met contention can be repeated.
pub trait ActError: From<StoreError> {
    /// The database's own error, where that is what went wrong.
    fn store_error(&self) -> Option<&StoreError>;
}

/// For use cases that nothing but the database can refuse.
impl ActError for StoreError {
    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

/// Declares that an error enum has a variant `Store(StoreError)`.
#[macro_export]
macro_rules! impl_act_error {
    ($($error:ty),+ $(,)?) => {$(
        impl $crate::error::ActError for $error {
            fn store_error(&self) -> Option<&$crate::store::StoreError> {
                match self {
                    Self::Store(error) => Some(error),
                    _ => None,
                }
            }
        }
    )+};
}
