use std::time::Duration;

use async_trait::async_trait;

use super::record::Verdict;
use super::{Answer, LEASE_SECONDS, Record, ReplayError, RequestDigest, Running, Usage};
use crate::act::{self, Act, Ask, Cx, Ports};
use crate::store::{ReadView, StoreError, UnitOfWork};

/// Why a key can't be used for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyInUse {
    /// A twin is at work.
    #[error("a request with this Idempotency-Key is still running; repeat it when that one has ended")]
    InProgress,
    /// The key stands for another request.
    #[error("this Idempotency-Key was used for another request; take a new key for each request")]
    Mismatch,
}

/// What to do with a request under a key.
#[derive(Debug)]
pub enum Begun {
    /// Act: the mark is put.
    Run(Running),
    /// It was answered before, provided it is the same request.
    Answered(StoredAnswer),
    /// Refuse it.
    Refused(KeyInUse),
}

/// An answer that was given before.
#[derive(Debug)]
pub struct StoredAnswer {
    pub(super) usage: Usage,
    pub(super) request: RequestDigest,
    pub(super) sealed: Vec<u8>,
}

/// Begins a use of a key. `request` is `None` while the body is still to come; then the digest is compared when
/// it is known, by [`StoredAnswer::replay`].
///
/// # Errors
/// The database's.
pub async fn begin(ports: &Ports, usage: Usage, request: Option<RequestDigest>) -> Result<Begun, StoreError> {
    act::perform(ports, &Begin { usage, request }).await
}

/// The answer that a request was given before under a key. Nothing is marked: a twin may be at work.
///
/// # Errors
/// That the key stands for another request, or the database's.
pub async fn answered_before(
    ports: &Ports,
    usage: Usage,
    request: RequestDigest,
) -> Result<Option<Answer>, ReplayError> {
    match act::ask(ports, &Stored { usage }).await? {
        Some(stored) => stored.replay(&*ports.sealer, request).map(Some),
        None => Ok(None),
    }
}

struct Stored {
    usage: Usage,
}

#[async_trait]
impl Ask for Stored {
    type Output = Option<StoredAnswer>;
    type Error = StoreError;

    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Option<StoredAnswer>, StoreError> {
        let record = view.idempotency_record(self.usage.credential, &self.usage.name).await?;
        Ok(match record.as_ref().map(|record| record.verdict(None, cx.now)) {
            Some(Verdict::Answered(request, sealed)) => Some(self.usage.stored(request, sealed)),
            _ => None,
        })
    }
}

impl Usage {
    fn stored(&self, request: RequestDigest, sealed: &[u8]) -> StoredAnswer {
        StoredAnswer { usage: self.clone(), request, sealed: sealed.to_vec() }
    }
}

struct Begin {
    usage: Usage,
    request: Option<RequestDigest>,
}

#[async_trait]
impl Act for Begin {
    type Output = Begun;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Begun, StoreError> {
        let mark = Record {
            name: self.usage.name,
            credential: self.usage.credential,
            attempt: cx.ids.next(),
            request: self.request,
            answer: None,
            expires_at: cx.now + Duration::from_secs(LEASE_SECONDS),
        };
        if tx.mark_running(&mark, cx.now).await? {
            return Ok(Begun::Run(Running { usage: self.usage.clone(), attempt: mark.attempt }));
        }
        let record = tx.idempotency_record(self.usage.credential, &self.usage.name).await?;
        match record.as_ref().map_or(Verdict::Run, |record| record.verdict(self.request, cx.now)) {
            Verdict::InProgress => Ok(Begun::Refused(KeyInUse::InProgress)),
            Verdict::Mismatch => Ok(Begun::Refused(KeyInUse::Mismatch)),
            Verdict::Answered(request, sealed) => Ok(Begun::Answered(self.usage.stored(request, sealed))),
            // What stood in the way went away in between.
            Verdict::Run => Err(StoreError::Unavailable {
                contention: true,
                source: "the record of the idempotency key has just gone".into(),
            }),
        }
    }
}
