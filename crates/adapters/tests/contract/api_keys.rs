use agentdrop_domain::api_key::{ApiKey, Identity};
use agentdrop_domain::ids::ApiKeyId;

use super::backend::{TestDb, commit};
use super::fixtures::{ALL, account, agent, api_key, at, digest, id, page};

/// Accounts 1 and 2, agents 11 and 12 of account 1, and these keys, each with the digest of its number.
async fn with_keys(db: &TestDb, keys: &[(u64, ApiKey)]) {
    commit!(db, |tx| {
        for n in 1..=2 {
            tx.insert_account(&account(n)).await.unwrap();
        }
        for n in 11..=12 {
            tx.insert_agent(&agent(n, 1)).await.unwrap();
        }
        for (n, key) in keys {
            tx.insert_api_key(key, &digest(*n)).await.unwrap();
        }
    });
}

pub async fn an_identity_names_key_account_and_agent(db: &TestDb) {
    let of_agent = api_key(2, 1, Some(11));
    let revoked = ApiKey {
        last_used_at: Some(at(7)),
        transfer_count: u64::from(u32::MAX) + 1,
        revoked_at: Some(at(8)),
        ..api_key(3, 2, None)
    };
    with_keys(db, &[(1, api_key(1, 1, None)), (2, of_agent.clone()), (3, revoked.clone())]).await;
    let mut view = db.read().await;
    for (n, key, account, agent_slug) in [
        (1, api_key(1, 1, None), account(1), None),
        (2, of_agent, account(1), Some(agent(11, 1).slug)),
        (3, revoked.clone(), account(2), None),
    ] {
        let identity = view.identity(&digest(n)).await.unwrap();
        assert_eq!(identity, Some(Identity { key, account, agent_slug }));
    }
    assert_eq!(view.identity(&digest(4)).await.unwrap(), None);
    assert_eq!(view.api_key(id(3)).await.unwrap(), Some(revoked));
    assert_eq!(view.api_key(id(4)).await.unwrap(), None);
}

pub async fn keys_are_listed_newest_first_by_kind(db: &TestDb) {
    let at_second = |n, agent, second| ApiKey { created_at: at(second), ..api_key(n, 1, agent) };
    with_keys(
        db,
        &[
            (1, at_second(1, None, 0)),
            (2, at_second(2, None, 5)),
            (4, at_second(4, None, 1)),
            (3, at_second(3, None, 1)),
            (5, at_second(5, Some(11), 9)),
            (6, at_second(6, Some(12), 9)),
            (7, api_key(7, 2, None)),
            (8, ApiKey { revoked_at: Some(at(9)), ..api_key(8, 1, None) }),
        ],
    )
    .await;
    let mut view = db.read().await;
    let mut listed = async |agent: Option<u64>, page| {
        let slice = view.api_keys(id(1), agent.map(id), page).await.unwrap();
        (slice.items.iter().map(|key| key.id).collect::<Vec<ApiKeyId>>(), slice.total)
    };
    assert_eq!(listed(None, ALL).await, (vec![id(2), id(3), id(4), id(1)], 4));
    assert_eq!(listed(None, page(2, 1)).await, (vec![id(3), id(4)], 4));
    assert_eq!(listed(Some(11), ALL).await, (vec![id(5)], 1));
}

pub async fn a_key_is_revoked_once(db: &TestDb) {
    with_keys(db, &[(1, api_key(1, 1, None))]).await;
    let mut tx = db.begin().await;
    assert!(tx.revoke_api_key(id(1), at(5)).await.unwrap());
    assert!(!tx.revoke_api_key(id(1), at(6)).await.unwrap());
    assert!(!tx.revoke_api_key(id(2), at(6)).await.unwrap(), "no such key");
    let stored = tx.api_key(id(1)).await.unwrap().unwrap();
    assert_eq!(stored.revoked_at, Some(at(5)));
}

pub async fn all_keys_of_an_agent_are_revoked(db: &TestDb) {
    let before = ApiKey { revoked_at: Some(at(1)), ..api_key(3, 1, Some(11)) };
    with_keys(
        db,
        &[(1, api_key(1, 1, None)), (2, api_key(2, 1, Some(11))), (3, before), (4, api_key(4, 1, Some(12)))],
    )
    .await;
    commit!(db, |tx| tx.revoke_keys_of_agent(id(11), at(5)).await.unwrap());
    let mut view = db.read().await;
    let mut revoked = async |n: u64| view.api_key(id(n)).await.unwrap().unwrap().revoked_at;
    let revoked = [revoked(1).await, revoked(2).await, revoked(3).await, revoked(4).await];
    assert_eq!(revoked, [None, Some(at(5)), Some(at(1)), None]);
}

pub async fn uses_of_a_key_are_noted(db: &TestDb) {
    with_keys(db, &[(1, api_key(1, 1, None)), (2, api_key(2, 1, None))]).await;
    commit!(db, |tx| {
        tx.touch_api_key(id(1), at(60)).await.unwrap();
        tx.count_transfer_of_key(id(1)).await.unwrap();
        tx.count_transfer_of_key(id(1)).await.unwrap();
    });
    let mut view = db.read().await;
    let used = ApiKey { last_used_at: Some(at(60)), transfer_count: 2, ..api_key(1, 1, None) };
    assert_eq!(view.api_key(id(1)).await.unwrap(), Some(used));
    assert_eq!(view.api_key(id(2)).await.unwrap(), Some(api_key(2, 1, None)));
}
