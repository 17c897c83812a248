//! What the tests of keys share.

use crate::api_key::ApiKey;
use crate::ids::{AgentId, ApiKeyId};
use crate::mock::{Fixture, MockTx, id};

/// The key `id(n)` of account 1.
pub(super) fn key(fixture: &Fixture, n: u128, agent: Option<AgentId>) -> ApiKey {
    ApiKey {
        id: id::<ApiKeyId>(n),
        account_id: id(1),
        agent_id: agent,
        name: "default".to_owned(),
        prefix: "agd_live_0000".to_owned(),
        last_used_at: None,
        transfer_count: 0,
        created_at: fixture.ago(100),
        revoked_at: None,
    }
}

/// That key is there.
pub(super) fn knows_key(tx: &mut MockTx, key: ApiKey) {
    tx.expect_api_key().returning(move |id| Ok(Some(key.clone()).filter(|key| key.id == id)));
}
