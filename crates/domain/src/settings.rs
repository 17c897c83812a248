//! What the operator decides, as far as rules depend on it.

use crate::plan::PlanCatalogue;

/// Operator settings that rules depend on.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The plans there are and which one a new account gets.
    pub plans: PlanCatalogue,
    /// Whether an API key may revoke a pairing; otherwise only a human session may
    /// (`pairings.allow_key_revocation`).
    pub allow_key_revocation: bool,
    /// Connection invites an account may send in an hour; `None` is unlimited.
    pub invites_per_hour: Option<u64>,
    /// How long an upload row protects its bytes without news, in seconds.
    pub upload_lease_seconds: u32,
    /// Whether clients exchange bytes with the store itself (`delivery = "direct"`).
    pub direct_delivery: bool,
    /// How long a prepared transfer waits for its bytes, in seconds.
    pub pending_seconds: u32,
    /// The least time a download grant lasts, in seconds.
    pub grant_seconds: u32,
    /// The pause between two sweeps, in seconds.
    pub sweep_seconds: u32,
    /// How long rows stay that nothing needs any more, in days; 0 is for ever.
    pub row_retention_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            plans: PlanCatalogue::default(),
            allow_key_revocation: true,
            invites_per_hour: Some(10),
            upload_lease_seconds: 120,
            direct_delivery: false,
            pending_seconds: 86_400,
            grant_seconds: 900,
            sweep_seconds: 30,
            row_retention_days: 90,
        }
    }
}
