//! Between column values and the domain's types. What the domain would refuse is an error, never a panic:
//! the row was written by something else.

use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::page::Page;
use agentdrop_domain::store::StoreError;
use agentdrop_domain::words::value_of;

/// A row that this program can't have written.
#[derive(Debug, thiserror::Error)]
#[error("a row of the database holds no valid {0}")]
pub(super) struct Corrupt(&'static str);

impl From<Corrupt> for StoreError {
    fn from(corrupt: Corrupt) -> Self {
        Self::Internal(Box::new(corrupt))
    }
}

impl Corrupt {
    /// No value of that type.
    pub(super) fn of<T>() -> Self {
        Self(std::any::type_name::<T>())
    }
}

/// The value of a stored word.
pub(super) fn word<T: Copy>(table: &[(T, &'static str)], word: &str) -> Result<T, Corrupt> {
    value_of(table, word).ok_or(Corrupt::of::<T>())
}

/// A text that the domain checks.
pub(super) fn text<T: for<'a> TryFrom<&'a str>>(text: &str) -> Result<T, Corrupt> {
    T::try_from(text).map_err(|_| Corrupt::of::<T>())
}

/// Bytes of a fixed length.
pub(super) fn bytes<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Corrupt> {
    bytes.try_into().map_err(|_| Corrupt("bytes of that length"))
}

/// The name of an object in the store.
pub(super) fn object_key(text: String) -> Result<ObjectKey, Corrupt> {
    ObjectKey::try_from(text).map_err(|_| Corrupt::of::<ObjectKey>())
}

/// A stored number in the domain's width.
pub(super) fn number<N: TryFrom<i64>>(stored: i64) -> Result<N, Corrupt> {
    stored.try_into().map_err(|_| Corrupt::of::<N>())
}

/// A number as it is stored. A number beyond the databases' largest is nothing this program deals in.
pub(super) fn stored(number: u64) -> Result<i64, Corrupt> {
    number.try_into().map_err(|_| Corrupt("number below 2^63"))
}

/// A limit as it is stored; one beyond the databases' largest number is never reached.
pub(super) fn stored_limit(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// One row as the domain's entity.
pub(super) fn one<R, T: TryFrom<R, Error = Corrupt>>(row: R) -> Result<T, StoreError> {
    Ok(T::try_from(row)?)
}

/// A row that may be missing as the domain's entity.
pub(super) fn maybe<R, T: TryFrom<R, Error = Corrupt>>(row: Option<R>) -> Result<Option<T>, StoreError> {
    row.map(one).transpose()
}

/// Rows as the domain's entities.
pub(super) fn all<R, T: TryFrom<R, Error = Corrupt>>(rows: Vec<R>) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(one).collect()
}

/// LIMIT and OFFSET of a page.
pub(super) fn window(page: Page) -> (i64, i64) {
    (i64::from(page.limit), stored_limit(page.offset))
}

/// The length of the whole list, where the rows of this page already tell it, so that most lists need no
/// count.
pub(super) fn known_total(page: Page, rows: usize) -> Option<u64> {
    let rows = rows as u64;
    let is_last_page = rows < u64::from(page.limit) && (rows > 0 || page.offset == 0);
    is_last_page.then(|| page.offset + rows)
}

#[cfg(test)]
mod tests {
    use agentdrop_domain::agent::AgentSlug;
    use agentdrop_domain::pairing::PairingStatus;

    use super::*;

    #[test]
    fn what_the_domain_refuses_is_internal_and_no_panic() {
        assert!(word(&PairingStatus::ALL, "dormant").is_err());
        assert!(text::<AgentSlug>("..").is_err());
        assert!(bytes::<32>(&[0; 31]).is_err());
        assert!(number::<u32>(-1).is_err());
        assert!(stored(u64::MAX).is_err());
        assert!(matches!(StoreError::from(Corrupt("thing")), StoreError::Internal(_)));
    }

    #[test]
    fn only_a_last_page_tells_the_total() {
        let page = |limit, offset| Page { limit, offset };
        assert_eq!(known_total(page(10, 0), 0), Some(0));
        assert_eq!(known_total(page(10, 20), 3), Some(23));
        assert_eq!(known_total(page(10, 0), 10), None, "there may be more");
        assert_eq!(known_total(page(10, 20), 0), None, "the list may be shorter than the offset");
    }
}
