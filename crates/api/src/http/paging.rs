//! Offset paging: `limit` and `offset` in, `total`, `limit`, `offset`, `has_more` out.

use agentdrop_domain::page::{Page, Slice};
use serde::Serialize;
use utoipa::ToSchema;

/// A wanted page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// Rows at most.
    pub limit: u32,
    /// Rows to pass over.
    pub offset: u64,
}

/// Where an answered page stands in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PageInfo {
    /// Rows in the whole list.
    pub total: u64,
    /// Rows asked for at most.
    pub limit: u32,
    /// Rows passed over.
    pub offset: u64,
    /// Whether rows follow.
    pub has_more: bool,
}

impl Paging {
    /// What `limit` may be; completes "must be …".
    pub const LIMIT_EXPECTED: &'static str = "a whole number from 1 to 100";
    /// What `offset` may be; completes "must be …".
    pub const OFFSET_EXPECTED: &'static str = "a whole number from 0 to 1000000000";
    /// The page size of lists for which the public API names none.
    pub const DEFAULT_LIMIT: u32 = Page::MAX_LIMIT;

    pub(super) fn limit_allowed(limit: u32) -> bool {
        (1..=Page::MAX_LIMIT).contains(&limit)
    }

    pub(super) const fn offset_allowed(offset: u64) -> bool {
        offset <= 1_000_000_000
    }

    /// The page as the domain knows it.
    #[must_use]
    pub const fn page(self) -> Page {
        Page { limit: self.limit, offset: self.offset }
    }

    /// Where the answered slice stands.
    #[must_use]
    pub fn info<T>(self, slice: &Slice<T>) -> PageInfo {
        let seen = self.offset + slice.items.len() as u64;
        PageInfo {
            total: slice.total,
            limit: self.limit,
            offset: self.offset,
            has_more: !slice.items.is_empty() && seen < slice.total,
        }
    }
}
