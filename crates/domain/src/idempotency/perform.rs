use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::begin::{Begun, KeyInUse, StoredAnswer, begin};
use super::sealer::Sealer;
use super::{Answer, KEPT_SECONDS, LEASE_SECONDS, Record, RequestDigest, Usage};
use crate::act::{self, Act, Cx, Ports};
use crate::ids::AttemptId;
use crate::store::{Source, StoreError, UnitOfWork};

/// A request that is being worked on under a key.
#[derive(Debug, Clone)]
pub struct Running {
    pub(super) usage: Usage,
    pub(super) attempt: AttemptId,
}

/// How a request came to its answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Answered {
    /// By acting now.
    Now(Answer),
    /// It had acted before.
    Before(Answer),
}

/// Why a request under a key has no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum PerformError<E> {
    /// The act refused; the key is free again.
    Refused(E),
    /// The key is in use.
    KeyInUse(KeyInUse),
}

/// Why a stored answer is not given.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It answers another request.
    #[error(transparent)]
    KeyInUse(#[from] KeyInUse),
    /// It can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the answer that is stored and given of what an act yields.
pub trait Render<O>: Send + Sync {
    /// The answer.
    ///
    /// # Errors
    /// Why there can't be one; then nothing is changed.
    fn render(&self, output: O) -> Result<Answer, Source>;
}

/// Performs an act once for all requests of this digest under a key.
///
/// # Errors
/// What the act refused, or that the key is in use.
pub async fn perform_once<A, R>(
    ports: &Ports,
    usage: Usage,
    request: RequestDigest,
    act: A,
    render: R,
) -> Result<Answered, PerformError<A::Error>>
where
    A: Act,
    R: Render<A::Output>,
{
    let refused = |error: StoreError| PerformError::Refused(error.into());
    match begin(ports, usage, Some(request)).await.map_err(refused)? {
        Begun::Run(running) => {
            let answer = running.perform(ports, request, act, render).await;
            if answer.is_err() {
                running.give_up(ports).await;
            }
            answer.map(Answered::Now).map_err(PerformError::Refused)
        }
        Begun::Answered(stored) => match stored.replay(&*ports.sealer, request) {
            Ok(answer) => Ok(Answered::Before(answer)),
            Err(ReplayError::KeyInUse(why)) => Err(PerformError::KeyInUse(why)),
            Err(ReplayError::Store(error)) => Err(refused(error)),
        },
        Begun::Refused(why) => Err(PerformError::KeyInUse(why)),
    }
}

impl Running {
    /// Performs the act and stores its answer in the same transaction.
    ///
    /// # Errors
    /// What the act refused; then the mark is still there, to [give up](Self::give_up).
    pub async fn perform<A, R>(
        &self,
        ports: &Ports,
        request: RequestDigest,
        act: A,
        render: R,
    ) -> Result<Answer, A::Error>
    where
        A: Act,
        R: Render<A::Output>,
    {
        let (running, sealer) = (self.clone(), ports.sealer.clone());
        act::perform(ports, &Idempotent { act, render, running, request, sealer }).await
    }

    /// Takes the mark away, so that the key is free again. What was answered stays.
    pub async fn give_up(&self, ports: &Ports) {
        // What can't be taken away now ends with its lease.
        let _ends_with_its_lease = act::perform(ports, &GiveUp(self.clone())).await;
    }

    /// Renews the lease, for work that may outlast it. `false` if the mark is lost; then the act will fail.
    ///
    /// # Errors
    /// The database's.
    pub async fn renew(&self, ports: &Ports) -> Result<bool, StoreError> {
        act::perform(ports, &Renew(self.clone())).await
    }
}

impl StoredAnswer {
    /// The answer, if it is the answer to this request.
    ///
    /// # Errors
    /// [`KeyInUse::Mismatch`] for another request, [`StoreError::Internal`] if the row was changed by another hand.
    pub fn replay(self, sealer: &dyn Sealer, request: RequestDigest) -> Result<Answer, ReplayError> {
        if self.request != request {
            return Err(KeyInUse::Mismatch.into());
        }
        let opened = self.usage.opened(sealer, request, &self.sealed);
        opened.ok_or_else(|| StoreError::Internal("a stored answer does not open".into()).into())
    }
}

/// An act whose answer is kept in its own transaction.
struct Idempotent<A, R> {
    act: A,
    render: R,
    running: Running,
    request: RequestDigest,
    sealer: Arc<dyn Sealer>,
}

#[async_trait]
impl<A, R> Act for Idempotent<A, R>
where
    A: Act,
    R: Render<A::Output>,
{
    type Output = Answer;
    type Error = A::Error;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Answer, A::Error> {
        let output = self.act.perform(cx, tx).await?;
        let answer = self.render.render(output).map_err(StoreError::Internal)?;
        let Running { usage, attempt } = &self.running;
        let answered = Record {
            name: usage.name,
            credential: usage.credential,
            attempt: *attempt,
            request: Some(self.request),
            answer: Some(usage.sealed(&*self.sealer, self.request, &answer)),
            expires_at: cx.now + Duration::from_secs(KEPT_SECONDS),
        };
        if !tx.answer_mark(&answered).await? {
            let source = "another attempt has taken over the idempotency key".into();
            return Err(StoreError::Unavailable { contention: false, source }.into());
        }
        Ok(answer)
    }
}

struct GiveUp(Running);

#[async_trait]
impl Act for GiveUp {
    type Output = bool;
    type Error = StoreError;

    async fn perform(&self, _: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<bool, StoreError> {
        tx.remove_mark(&self.0.usage.name, self.0.attempt).await
    }
}

struct Renew(Running);

#[async_trait]
impl Act for Renew {
    type Output = bool;
    type Error = StoreError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<bool, StoreError> {
        let until = cx.now + Duration::from_secs(LEASE_SECONDS);
        tx.renew_mark(&self.0.usage.name, self.0.attempt, until).await
    }
}
