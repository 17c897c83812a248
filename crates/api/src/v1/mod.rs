//! The operations under `/v1`, one file a subject.

pub mod agents;
pub mod api_keys;
pub mod channels;
pub mod connections;
pub mod inbox;
pub mod pairings;
pub mod transfers;

use crate::http::Services;

/// All operations.
pub fn configure(services: &mut Services<'_>) {
    services.configure(agents::configure).configure(api_keys::configure);
    services.configure(connections::configure).configure(pairings::configure).configure(channels::configure);
    // Before the transfers: /transfers/inbox must win over /transfers/{id}.
    services.configure(inbox::configure);
    services.configure(transfers::configure);
}
