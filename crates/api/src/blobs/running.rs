use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use agentdrop_domain::blob::ByteSource;
use agentdrop_domain::ids::GrantId;
use agentdrop_domain::transfer::{FetchError, Grant, KeepFetching, MayGoOn, STREAM_LEASE_SECONDS};
use futures_util::stream::{self, Stream};

use crate::http::ApiError;
use crate::http::error::chain;
use crate::state::Api;

const LEASE: Duration = Duration::from_secs(STREAM_LEASE_SECONDS);
/// How often a running fetch looks whether its right was taken back.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A fetch on its way: its bytes are protected while it runs, and it ends when its right is taken back.
pub struct Running {
    api: Api,
    grant: GrantId,
    look_at: Instant,
    renew_at: Instant,
    protected_until: Instant,
}

impl Running {
    /// Begins under a grant, which protects the bytes until it ends.
    ///
    /// # Errors
    /// 410 if the grant was taken back; an outage.
    pub async fn begin(api: Api, grant: &Grant) -> Result<Self, ApiError> {
        let now = Instant::now();
        let granted = (grant.expires_at - api.ports.clock.now()).to_std().unwrap_or_default();
        let mut running = Self {
            api,
            grant: grant.id,
            look_at: now + LOOK_EVERY,
            renew_at: now + LEASE / 3,
            protected_until: now + granted,
        };
        if granted < LEASE {
            running.renew(now).await?;
        }
        Ok(running)
    }

    /// The bytes of `body`, as long as they may flow.
    pub fn stream(self, body: Box<dyn ByteSource>) -> impl Stream<Item = Result<Bytes, ApiError>> {
        stream::unfold((body, self), |(mut body, mut running)| async move {
            if let Err(error) = running.watch().await {
                return Some((Err(error), (body, running)));
            }
            match body.next().await {
                Ok(Some(block)) => Some((Ok(block), (body, running))),
                Ok(None) => None,
                Err(error) => {
                    tracing::warn!(cause = chain(&error), "a download broke off");
                    Some((Err(ApiError::unavailable()), (body, running)))
                }
            }
        })
    }

    async fn watch(&mut self) -> Result<(), ApiError> {
        let now = Instant::now();
        if now < self.look_at {
            return Ok(());
        }
        self.look_at = now + LOOK_EVERY;
        let outcome = if now < self.renew_at { self.look().await } else { self.renew(now).await };
        // A database that is away for a moment costs nobody a download while its bytes are protected.
        let outage = outcome.as_ref().is_err_and(ApiError::is_unavailable);
        if outage && self.look_at < self.protected_until { Ok(()) } else { outcome }
    }

    async fn look(&self) -> Result<(), ApiError> {
        let goes_on = self.api.ask(MayGoOn { grant: self.grant }).await?;
        if goes_on { Ok(()) } else { Err(FetchError::Gone.into()) }
    }

    async fn renew(&mut self, now: Instant) -> Result<(), ApiError> {
        self.look().await?;
        if !self.api.perform(KeepFetching { grant: self.grant }).await? {
            return Err(FetchError::Gone.into());
        }
        self.renew_at = now + LEASE / 3;
        self.protected_until = self.protected_until.max(now + LEASE);
        Ok(())
    }
}
