//! Offset paging, the same for every list.

/// Which slice of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many rows at most, 1 to [`Page::MAX_LIMIT`].
    pub limit: u32,
    /// How many rows to pass over.
    pub offset: u64,
}

impl Page {
    /// The largest `limit` a caller may ask for.
    pub const MAX_LIMIT: u32 = 100;
}

/// A slice of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows the whole list has.
    pub total: u64,
}
