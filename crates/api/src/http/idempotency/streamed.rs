use std::future::Future;
use std::time::Duration;

use agentdrop_domain::idempotency::{
    self, Answer, Answered, Begun, LEASE_SECONDS, RequestDigest, RequestHasher, Running, StoredAnswer, Usage,
};

use crate::http::ApiError;
use crate::http::error::chain;
use crate::state::Api;

/// A use of a key by a request whose body is streamed: what it asks for is known only at its end.
pub struct Streamed {
    usage: Usage,
    request: RequestHasher,
}

/// What is to be done with the body. `request` has taken up the rest of the request.
pub enum Turn {
    /// Act on it: perform the act under the mark, and all of the work within [`hold`].
    Act {
        /// The mark.
        running: Running,
        /// The request without its body.
        request: RequestHasher,
    },
    /// Read it for the comparison with an earlier request only, then answer by [`replay`].
    Compare {
        /// The earlier request's answer.
        stored: StoredAnswer,
        /// The request without its body.
        request: RequestHasher,
    },
}

impl Streamed {
    /// The use that a request makes of a key; `request` has taken up the request without its body.
    pub(crate) const fn new(usage: Usage, request: RequestHasher) -> Self {
        Self { usage, request }
    }

    /// Tells what is to be done with the body.
    ///
    /// # Errors
    /// 409 while a twin is at work, or 503.
    pub async fn begin(self, api: &Api) -> Result<Turn, ApiError> {
        let request = self.request;
        match idempotency::begin(&api.ports, self.usage, None).await? {
            Begun::Run(running) => Ok(Turn::Act { running, request }),
            Begun::Answered(stored) => Ok(Turn::Compare { stored, request }),
            Begun::Refused(why) => Err(why.into()),
        }
    }
}

/// Does the work of a request under its mark, whose lease is renewed for as long as it takes. After a refusal the
/// key is free again.
///
/// # Errors
/// What the work refused.
pub async fn hold(
    api: &Api,
    running: Running,
    work: impl Future<Output = Result<Answer, ApiError>>,
) -> Result<Answered, ApiError> {
    let renew = || {
        let (api, running) = (api.clone(), running.clone());
        async move {
            if let Err(error) = running.renew(&api.ports).await {
                tracing::warn!(cause = chain(&error), "the lease of an idempotency key was not renewed");
            }
        }
    };
    let answer = meanwhile(Duration::from_secs(LEASE_SECONDS / 3), renew, work).await;
    if answer.is_err() {
        running.give_up(&api.ports).await;
    }
    answer.map(Answered::Now)
}

/// Does the work, and meanwhile something else again and again.
async fn meanwhile<T, F: Future<Output = ()>>(
    period: Duration,
    mut again: impl FnMut() -> F,
    work: impl Future<Output = T>,
) -> T {
    let repeating = async {
        loop {
            tokio::time::sleep(period).await;
            again().await;
        }
    };
    tokio::select! {
        biased;
        done = work => done,
        never = repeating => never,
    }
}

/// The earlier answer, if the request is the same.
///
/// # Errors
/// 409 if it is another.
pub fn replay(api: &Api, stored: StoredAnswer, request: RequestDigest) -> Result<Answered, ApiError> {
    Ok(Answered::Before(stored.replay(&*api.ports.sealer, request)?))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn something_else_is_done_until_the_work_is() {
        let (calls, third) = (AtomicU32::new(0), Notify::new());
        let again = || {
            if calls.fetch_add(1, Ordering::Relaxed) == 2 {
                third.notify_one();
            }
            std::future::ready(())
        };
        let work = async {
            third.notified().await;
            "done"
        };
        assert_eq!(meanwhile(Duration::from_millis(1), again, work).await, "done");
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}
