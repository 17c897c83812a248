//! Plans: what an account may do how much of.

use std::collections::BTreeMap;

/// A cap; `None` is unlimited.
pub type Limit = Option<u64>;

/// Whether a count that is about to be reached stays within a limit.
#[must_use]
pub fn allows(limit: Limit, count: u64) -> bool {
    limit.is_none_or(|limit| count <= limit)
}

const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;
const TB: u64 = 1 << 40;

/// The name of a plan: lower-case letters, digits and `-`, 1 to 32 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlanName(String);

/// A text that can't name a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 32 lower-case letters, digits or '-'")]
pub struct BadPlanName;

impl PlanName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for PlanName {
    type Error = BadPlanName;

    fn try_from(text: &str) -> Result<Self, BadPlanName> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=32).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadPlanName)
        }
    }
}

/// Calls a minute per account, one number per group of operations; `None` is unlimited. In memory of one
/// node, so outside the rule that counted limits are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RatesPerMinute {
    /// Creating transfers.
    pub create_transfer: Limit,
    /// Reading transfers (each of list and get).
    pub read_transfer: Limit,
    /// Download calls.
    pub download: Limit,
    /// Deleting transfers.
    pub delete_transfer: Limit,
    /// Creating or revoking API keys (each).
    pub api_keys: Limit,
    /// Every other operation together.
    pub other: Limit,
}

/// What an account on this plan may do. Sizes are bytes, times seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The plan's name.
    pub name: PlanName,
    /// Transfers a month.
    pub transfers_per_month: Limit,
    /// Largest file, in bytes.
    pub max_file_bytes: Limit,
    /// Sum of active transfers, in bytes.
    pub storage_bytes: Limit,
    /// Longest time a transfer may stay, in seconds.
    pub max_retention_seconds: Limit,
    /// Account keys that are not revoked.
    pub max_api_keys: Limit,
    /// Agents.
    pub max_agents: Limit,
    /// Active connections and own outgoing invites.
    pub max_connections: Limit,
    /// Pending and active pairings in one connection.
    pub max_pairings_per_connection: Limit,
    /// Calls a minute.
    pub rates: RatesPerMinute,
}

/// Every plan there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanCatalogue {
    plans: BTreeMap<PlanName, Plan>,
    default_plan: PlanName,
}

impl PlanCatalogue {
    /// A catalogue of these plans; new accounts get `default_plan`. `None` if that is not among them.
    #[must_use]
    pub fn new(plans: impl IntoIterator<Item = Plan>, default_plan: PlanName) -> Option<Self> {
        let plans: BTreeMap<_, _> = plans.into_iter().map(|plan| (plan.name.clone(), plan)).collect();
        plans.contains_key(&default_plan).then_some(Self { plans, default_plan })
    }

    /// The plan of that name.
    #[must_use]
    pub fn get(&self, name: &PlanName) -> Option<&Plan> {
        self.plans.get(name)
    }

    /// The plan an account is on. An account whose plan has left the configuration is held to the default
    /// plan rather than locked out.
    #[must_use]
    pub fn of(&self, name: &PlanName) -> &Plan {
        self.plans.get(name).unwrap_or_else(|| self.default_plan())
    }

    /// What new accounts get.
    #[must_use]
    pub fn default_plan(&self) -> &Plan {
        &self.plans[&self.default_plan]
    }

    /// All plans, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Plan> {
        self.plans.values()
    }

    /// The five built-in plans (public limits page; connections and pairings are ours).
    #[must_use]
    pub fn default_plans() -> Vec<Plan> {
        let hosted = RatesPerMinute {
            create_transfer: Some(60),
            read_transfer: Some(120),
            download: Some(30),
            delete_transfer: Some(30),
            api_keys: Some(10),
            other: Some(600),
        };
        let plan =
            |name: &str, month, file, storage, days, keys, agents, connections, pairings, rates| Plan {
                name: PlanName(name.to_owned()),
                transfers_per_month: month,
                max_file_bytes: file,
                storage_bytes: storage,
                max_retention_seconds: days,
                max_api_keys: keys,
                max_agents: agents,
                max_connections: connections,
                max_pairings_per_connection: pairings,
                rates,
            };
        let days = |n: u64| Some(n * 86_400);
        let n = Some::<u64>;
        vec![
            plan("free", n(50), n(50 * MB), n(250 * MB), days(1), n(2), n(2), n(3), n(3), hosted),
            plan("builder", n(500), n(500 * MB), n(25 * GB), days(14), n(10), n(10), n(25), n(25), hosted),
            plan("team", n(5_000), n(2 * GB), n(100 * GB), days(30), n(50), n(50), n(100), n(100), hosted),
            plan("scale", n(50_000), n(10 * GB), n(TB), days(90), None, n(200), n(500), n(500), hosted),
            plan("enterprise", None, None, None, None, None, None, None, None, RatesPerMinute::default()),
        ]
    }
}

impl Default for PlanCatalogue {
    fn default() -> Self {
        let plans = Self::default_plans().into_iter().map(|plan| (plan.name.clone(), plan)).collect();
        Self { plans, default_plan: PlanName("enterprise".to_owned()) }
    }
}
