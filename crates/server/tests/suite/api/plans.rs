//! Servers whose plans are changed.

use agentdrop_domain::plan::{Plan, PlanCatalogue, RatesPerMinute};
use agentdrop_server::config::Config;
use agentdrop_test_support::app::{App, Backend};

/// A server whose plan `free` limits nothing but what `change` sets, so that one limit is looked at at a time.
pub async fn start_with_free_plan(backend: Backend, change: impl FnOnce(&mut Plan)) -> App {
    App::start_configured(backend, &[], |config| change_free_plan(config, change)).await
}

/// Replaces the plan `free` by one without limits, and then changes it.
pub fn change_free_plan(config: &mut Config, change: impl FnOnce(&mut Plan)) {
    let mut plans = PlanCatalogue::default_plans();
    let default = plans.last().unwrap().name.clone();
    let free = plans.iter_mut().find(|plan| plan.name.as_str() == "free").unwrap();
    *free = Plan {
        name: free.name.clone(),
        transfers_per_month: None,
        max_file_bytes: None,
        storage_bytes: None,
        max_retention_seconds: None,
        max_api_keys: None,
        max_agents: None,
        max_connections: None,
        max_pairings_per_connection: None,
        rates: RatesPerMinute::default(),
    };
    change(free);
    config.settings.plans = PlanCatalogue::new(plans, default).unwrap();
}
