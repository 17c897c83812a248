//! Calls a minute, per account and group of operations; in memory of this node.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use agentdrop_domain::ids::AccountId;
use agentdrop_domain::plan::{Limit, Plan, PlanCatalogue, PlanName, RatesPerMinute};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::ApiError;

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// Beyond this many remembered keys, those that have recovered are forgotten.
const REMEMBERED_KEYS: usize = 10_000;

/// Operations that share a limit (public rate-limit table, by plan).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// `POST /v1/transfers`, and preparing one.
    CreateTransfer,
    /// `GET /v1/transfers`.
    ListTransfers,
    /// `GET /v1/transfers/{id}`.
    GetTransfer,
    /// `GET /v1/transfers/{id}/download`.
    Download,
    /// `DELETE /v1/transfers/{id}`.
    DeleteTransfer,
    /// `POST /v1/api-keys`.
    CreateKey,
    /// `DELETE /v1/api-keys/{id}`.
    RevokeKey,
    /// Everything else together.
    Other,
}

impl Group {
    const ALL: [Self; 8] = [
        Self::CreateTransfer,
        Self::ListTransfers,
        Self::GetTransfer,
        Self::Download,
        Self::DeleteTransfer,
        Self::CreateKey,
        Self::RevokeKey,
        Self::Other,
    ];

    /// The group of an operation, by its method and path template.
    #[must_use]
    pub fn of(method: &Method, pattern: &str) -> Self {
        match (method.as_str(), pattern) {
            ("POST", "/v1/transfers" | "/v1/transfers/presigned" | "/v1/transfers/presigned/multipart") => {
                Self::CreateTransfer
            }
            ("GET", "/v1/transfers") => Self::ListTransfers,
            ("GET", "/v1/transfers/{id}") => Self::GetTransfer,
            ("GET", "/v1/transfers/{id}/download") => Self::Download,
            ("DELETE", "/v1/transfers/{id}") => Self::DeleteTransfer,
            ("POST", "/v1/api-keys") => Self::CreateKey,
            ("DELETE", "/v1/api-keys/{id}") => Self::RevokeKey,
            _ => Self::Other,
        }
    }

    const fn limit(self, rates: &RatesPerMinute) -> Limit {
        match self {
            Self::CreateTransfer => rates.create_transfer,
            Self::ListTransfers | Self::GetTransfer => rates.read_transfer,
            Self::Download => rates.download,
            Self::DeleteTransfer => rates.delete_transfer,
            Self::CreateKey | Self::RevokeKey => rates.api_keys,
            Self::Other => rates.other,
        }
    }
}

/// Where a caller stands, for the `RateLimit-*` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateStatus {
    /// Calls a minute.
    pub limit: u32,
    /// Calls left right now.
    pub remaining: u32,
    /// Seconds until all calls are there again.
    pub reset: u64,
}

impl RateStatus {
    /// Writes the headers.
    pub fn add_to(self, headers: &mut HeaderMap) {
        for (name, value) in [
            ("ratelimit-limit", u64::from(self.limit)),
            ("ratelimit-remaining", u64::from(self.remaining)),
            ("ratelimit-reset", self.reset),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

/// All limiters of this node.
pub struct RateLimiters {
    accounts: HashMap<(PlanName, Group), Limiter<AccountId>>,
    failures: Option<Limiter<IpAddr>>,
    clock: DefaultClock,
}

impl RateLimiters {
    /// Limiters for every plan, and for failed authentications per address (0 switches that off).
    #[must_use]
    pub fn new(plans: &PlanCatalogue, failures_per_minute: u32) -> Self {
        let limiter = |plan: &Plan, group: Group| {
            let limit = per_minute(group.limit(&plan.rates)?)?;
            Some(((plan.name.clone(), group), keyed(limit)))
        };
        let accounts = plans
            .iter()
            .flat_map(|plan| Group::ALL.iter().filter_map(move |group| limiter(plan, *group)))
            .collect();
        let failures = NonZeroU32::new(failures_per_minute).map(keyed);
        Self { accounts, failures, clock: DefaultClock::default() }
    }

    /// Counts one call. `None` where the plan sets no limit.
    ///
    /// # Errors
    /// The standing and the seconds to wait, when the limit is reached.
    pub fn count(
        &self,
        plan: &PlanName,
        group: Group,
        account: AccountId,
    ) -> Result<Option<RateStatus>, (RateStatus, u64)> {
        let Some(limiter) = self.accounts.get(&(plan.clone(), group)) else { return Ok(None) };
        count(limiter, &account, &self.clock).map(Some)
    }

    /// Counts one failed authentication from an address.
    ///
    /// # Errors
    /// 429 when the address has failed too often.
    pub fn count_failure(&self, address: IpAddr) -> Result<(), ApiError> {
        let Some(limiter) = &self.failures else { return Ok(()) };
        match count(limiter, &subnet(address), &self.clock) {
            Ok(_) => Ok(()),
            Err((_, seconds)) => Err(limited("too many failed authentications from this address", seconds)),
        }
    }
}

/// 429 `RATE_LIMITED`.
#[must_use]
pub fn limited(what: &str, seconds: u64) -> ApiError {
    let message = format!("{what}; try again in {seconds} seconds");
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message).retry_after(seconds)
}

fn per_minute(limit: u64) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(limit).unwrap_or(u32::MAX))
}

fn keyed<K: std::hash::Hash + Eq + Clone>(per_minute: NonZeroU32) -> Limiter<K> {
    RateLimiter::hashmap(Quota::per_minute(per_minute)).with_middleware::<StateInformationMiddleware>()
}

fn count<K: std::hash::Hash + Eq + Clone>(
    limiter: &Limiter<K>,
    key: &K,
    clock: &DefaultClock,
) -> Result<RateStatus, (RateStatus, u64)> {
    if limiter.len() > REMEMBERED_KEYS {
        limiter.retain_recent();
    }
    match limiter.check_key(key) {
        Ok(snapshot) => Ok(standing(snapshot.quota(), snapshot.remaining_burst_capacity())),
        Err(not_until) => {
            let wait = not_until.wait_time_from(clock.now());
            Err((standing(not_until.quota(), 0), wait.as_secs() + 1))
        }
    }
}

fn standing(quota: Quota, remaining: u32) -> RateStatus {
    let limit = quota.burst_size().get();
    let missing = limit.saturating_sub(remaining);
    let reset = (quota.replenish_interval() * missing).as_secs_f64().ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 60 seconds")]
    let reset = reset as u64;
    RateStatus { limit, remaining, reset }
}

/// One IPv6 customer holds a whole /64, so that is what counts as an address.
fn subnet(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_after_the_last_allowed_one_is_refused_with_a_wait() {
        let plans = PlanCatalogue::default();
        let free = plans.iter().find(|plan| plan.name.as_str() == "free").unwrap().name.clone();
        let limiters = RateLimiters::new(&plans, 0);
        let account = AccountId::from(uuid::Uuid::from_u128(1));
        let first = limiters.count(&free, Group::Download, account).unwrap().unwrap();
        assert_eq!((first.limit, first.remaining), (30, 29));
        for _ in 0..29 {
            limiters.count(&free, Group::Download, account).unwrap();
        }
        let (standing, seconds) = limiters.count(&free, Group::Download, account).unwrap_err();
        assert_eq!(standing.remaining, 0);
        assert!((1..=3).contains(&seconds), "{seconds}");
        let other = AccountId::from(uuid::Uuid::from_u128(2));
        assert!(limiters.count(&free, Group::Download, other).is_ok());
        assert!(limiters.count(&free, Group::GetTransfer, account).is_ok());
    }

    #[test]
    fn an_unlimited_plan_is_never_counted() {
        let plans = PlanCatalogue::default();
        let limiters = RateLimiters::new(&plans, 0);
        let name = &plans.default_plan().name;
        let account = AccountId::from(uuid::Uuid::from_u128(1));
        assert_eq!(limiters.count(name, Group::Download, account), Ok(None));
    }

    #[test]
    fn failures_count_per_address_and_per_ipv6_network() {
        let limiters = RateLimiters::new(&PlanCatalogue::default(), 2);
        for address in ["2001:db8::1", "2001:db8::2"] {
            assert!(limiters.count_failure(address.parse().unwrap()).is_ok());
        }
        assert!(limiters.count_failure("2001:db8::3".parse().unwrap()).is_err());
        assert!(limiters.count_failure("2001:db8:0:1::3".parse().unwrap()).is_ok());
        assert!(limiters.count_failure("192.0.2.1".parse().unwrap()).is_ok());
    }
}
