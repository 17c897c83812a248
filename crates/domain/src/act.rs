//! How a use case runs: one attempt inside one transaction, repeated only when another was in the way.

use std::sync::Arc;

use async_trait::async_trait;

use crate::agent::KeyInspector;
use crate::blob::BlobStore;
use crate::clock::{Clock, Timer, Timestamp};
use crate::error::ActError;
use crate::fault::{self, Side};
use crate::idempotency::Sealer;
use crate::ids::IdGenerator;
use crate::secret::SecretGenerator;
use crate::settings::Settings;
use crate::store::{Database, ReadView, UnitOfWork};
use crate::transfer::{DirectStore, UrlSigner};

/// How often a use case is attempted while other transactions are in its way.
pub const MAX_ATTEMPTS: u32 = 3;

/// The ports that use cases stand on.
#[derive(Clone)]
pub struct Ports {
    /// Rows.
    pub database: Arc<dyn Database>,
    /// Bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// The store as clients reach it, with direct delivery.
    pub direct: Option<Arc<dyn DirectStore>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Waiting.
    pub timer: Arc<dyn Timer>,
    /// Ids.
    pub ids: Arc<dyn IdGenerator>,
    /// Tokens.
    pub secrets: Arc<dyn SecretGenerator>,
    /// The curve of public keys.
    pub keys: Arc<dyn KeyInspector>,
    /// Signatures of URLs.
    pub signer: Arc<dyn UrlSigner>,
    /// Seals of stored answers.
    pub sealer: Arc<dyn Sealer>,
    /// What the operator decided.
    pub settings: Arc<Settings>,
}

/// What an attempt is given from outside.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// The time of the attempt.
    pub now: Timestamp,
    /// Fresh ids.
    pub ids: &'a dyn IdGenerator,
    /// Fresh tokens.
    pub secrets: &'a dyn SecretGenerator,
    /// The curve of public keys.
    pub keys: &'a dyn KeyInspector,
    /// What the operator decided.
    pub settings: &'a Settings,
}

impl Ports {
    fn cx(&self) -> Cx<'_> {
        Cx {
            now: self.clock.now(),
            ids: &*self.ids,
            secrets: &*self.secrets,
            keys: &*self.keys,
            settings: &self.settings,
        }
    }
}

/// A use case that changes something.
#[async_trait]
pub trait Act: Send + Sync {
    /// What it yields.
    type Output: Send;
    /// Why it may refuse.
    type Error: ActError + Send;

    /// One attempt. It talks to nothing but the transaction; an error undoes all of it.
    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Self::Output, Self::Error>;
}

/// A use case that only reads.
#[async_trait]
pub trait Ask: Send + Sync {
    /// What it yields.
    type Output: Send;
    /// Why it may refuse.
    type Error: ActError + Send;

    /// Reads the answer.
    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Self::Output, Self::Error>;
}

/// Performs an act in a transaction of its own and commits it.
///
/// # Errors
/// What the act refused, or the database's error after [`MAX_ATTEMPTS`] attempts under contention.
pub async fn perform<A: Act>(ports: &Ports, act: &A) -> Result<A::Output, A::Error> {
    let mut attempt = 1;
    loop {
        match attempt_once(ports, act).await {
            Err(error) if attempt < MAX_ATTEMPTS && in_the_way(&error) => attempt += 1,
            outcome => return outcome,
        }
    }
}

async fn attempt_once<A: Act>(ports: &Ports, act: &A) -> Result<A::Output, A::Error> {
    let mut tx = ports.database.begin().await?;
    match act.perform(&ports.cx(), &mut *tx).await {
        Ok(output) => {
            fault::at_commit::<A>(Side::Before);
            tx.commit().await?;
            fault::at_commit::<A>(Side::After);
            Ok(output)
        }
        Err(error) => {
            // The refusal is the answer; a transaction that can't be rolled back is closed by the adapter.
            let _closed_by_adapter = tx.rollback().await;
            Err(error)
        }
    }
}

fn in_the_way<E: ActError>(error: &E) -> bool {
    error.store_error().is_some_and(crate::store::StoreError::is_contention)
}

/// Answers a question from a view of its own.
///
/// # Errors
/// What the question refused, or the database's error.
pub async fn ask<A: Ask>(ports: &Ports, question: &A) -> Result<A::Output, A::Error> {
    let mut view = ports.database.read().await?;
    question.answer(&ports.cx(), &mut *view).await
}
