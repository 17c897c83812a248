use std::slice::from_ref;

use agentdrop_domain::agent::{
    Agent, AgentCard, AgentKeys, AgentStatus, AgentType, ConnectionToken, SigningKey,
};
use agentdrop_domain::connection::{Connection, ConnectionStatus};
use agentdrop_domain::ids::AgentId;
use agentdrop_domain::pairing::{Pairing, PairingStatus};
use agentdrop_domain::store::{StoreError, UniqueRule};

use super::backend::{TestDb, commit};
use super::fixtures::{ALL, account, agent, at, connection, digest, id, page, pairing, public_key, slug};
use super::scene::{self, A11, A12, B21, B22, C31};

/// Account 1 with these agents.
async fn with_agents(db: &TestDb, agents: &[Agent]) {
    commit!(db, |tx| {
        tx.insert_account(&account(1)).await.unwrap();
        for agent in agents {
            tx.insert_agent(agent).await.unwrap();
        }
    });
}

fn elaborate(n: u64) -> Agent {
    Agent {
        slug: slug("Claude_3.5-x"),
        description: Some("sends \"figures\"; ✓".to_owned()),
        webhook_url: Some("https://example.com/hook".to_owned()),
        metadata: r#"{"z":1,"a":"\u0000","a":[1.0,1e3]}"#.to_owned(),
        available_for_connections: false,
        require_encryption: true,
        keys: Some(AgentKeys { public: public_key(7), signing: Some(SigningKey::from_stored([9; 32])) }),
        key_version: u32::MAX,
        last_seen_at: Some(at(5)),
        ..agent(n, 1)
    }
}

pub async fn an_agent_reads_back_as_it_was_written(db: &TestDb) {
    with_agents(db, &[elaborate(1)]).await;
    let mut tx = db.begin().await;
    for (n, (agent_type, _)) in (10..).zip(AgentType::ALL) {
        let written = Agent { agent_type, ..agent(n, 1) };
        tx.insert_agent(&written).await.unwrap();
        assert_eq!(tx.agent(id(n)).await.unwrap(), Some(written));
    }
    for (n, (status, _)) in (20..).zip(AgentStatus::ALL) {
        let written = Agent { status, keys: None, key_version: 0, ..agent(n, 1) };
        tx.insert_agent(&written).await.unwrap();
        assert_eq!(tx.agent(id(n)).await.unwrap(), Some(written));
    }
    assert_eq!(tx.agent(id(1)).await.unwrap(), Some(elaborate(1)), "the metadata to the letter");
    assert_eq!(tx.agent_by_slug(id(1), &slug("Claude_3.5-x")).await.unwrap(), Some(elaborate(1)));
    assert_eq!(tx.agent(id(99)).await.unwrap(), None);
    assert_eq!(tx.agent_by_slug(id(1), &slug("claude_3.5-x")).await.unwrap(), None, "case matters");
}

pub async fn a_slug_names_one_agent_of_an_account(db: &TestDb) {
    with_agents(db, &[Agent { slug: slug("a"), ..agent(1, 1) }]).await;
    let twin = Agent { slug: slug("a"), ..agent(2, 1) };
    let refused = db.begin().await.insert_agent(&twin).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(UniqueRule::AgentSlug)), "{refused:?}");

    commit!(db, |tx| {
        tx.insert_agent(&Agent { slug: slug("A"), ..agent(3, 1) }).await.unwrap();
        tx.insert_account(&account(2)).await.unwrap();
        tx.insert_agent(&Agent { slug: slug("a"), ..agent(4, 2) }).await.unwrap();
        tx.delete_agent(id(1), at(9)).await.unwrap();
        tx.insert_agent(&twin).await.unwrap();
    });
    assert_eq!(db.read().await.agent_by_slug(id(1), &slug("a")).await.unwrap(), Some(twin));
}

pub async fn slugs_are_ordered_by_bytes(db: &TestDb) {
    let slugs = ["Z", "a", "B", "_".repeat(0).as_str(), "a-b", "a.b", "a_b", "aB", "0"]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(slug)
        .collect::<Vec<_>>();
    let agents: Vec<Agent> =
        (1..).zip(&slugs).map(|(n, slug)| Agent { slug: slug.clone(), ..agent(n, 1) }).collect();
    with_agents(db, &agents).await;
    let listed = db.read().await.available_agents(id(1), id(2), id(1), ALL).await.unwrap();
    let listed: Vec<&str> = listed.items.iter().map(|found| found.agent.slug.as_str()).collect();
    assert_eq!(listed, ["0", "B", "Z", "a", "a-b", "a.b", "aB", "a_b"]);
}

pub async fn an_update_writes_what_it_says(db: &TestDb) {
    with_agents(db, &[agent(1, 1), agent(2, 1)]).await;
    let changed = Agent { agent_type: AgentType::Mastra, status: AgentStatus::Disconnected, ..elaborate(1) };
    commit!(db, |tx| tx.update_agent(&changed).await.unwrap());
    let mut tx = db.begin().await;
    let before = agent(1, 1);
    let expected = Agent { slug: before.slug, last_seen_at: None, ..changed };
    assert_eq!(tx.agent(id(1)).await.unwrap(), Some(expected.clone()));
    assert_eq!(tx.agent(id(2)).await.unwrap(), Some(agent(2, 1)), "nobody else is touched");

    tx.touch_agent(id(1), at(60)).await.unwrap();
    tx.update_agent(&Agent { description: None, keys: None, ..expected.clone() }).await.unwrap();
    let stored = tx.agent(id(1)).await.unwrap().unwrap();
    assert_eq!((stored.description, stored.keys, stored.last_seen_at), (None, None, Some(at(60))));
}

pub async fn a_deleted_agent_is_found_no_more(db: &TestDb) {
    with_agents(db, &[elaborate(1), agent(2, 1)]).await;
    commit!(db, |tx| {
        tx.replace_connection_token(&token(5, 1)).await.unwrap();
        tx.delete_agent(id(1), at(9)).await.unwrap();
    });
    let mut view = db.read().await;
    assert_eq!(view.agent(id(1)).await.unwrap(), None);
    assert_eq!(view.agent_by_slug(id(1), &elaborate(1).slug).await.unwrap(), None);
    assert_eq!(view.agents(id(1), ALL).await.unwrap().items, [agent(2, 1)]);
    assert_eq!(view.first_connected_agent(id(1)).await.unwrap(), Some(agent(2, 1)));
    assert_eq!(view.connection_token(&digest(5)).await.unwrap(), None);

    let mut cards = view.agent_cards(&[id(1), id(2), id(9)]).await.unwrap();
    cards.sort_by_key(|card| card.id);
    let wiped =
        AgentCard { name: elaborate(1).slug.to_string(), public_key: None, ..AgentCard::from(&elaborate(1)) };
    assert_eq!(cards, [wiped, AgentCard::from(&agent(2, 1))], "the bare row stays");
    assert_eq!(view.agent_cards(&[]).await.unwrap(), []);
}

pub async fn agents_are_listed_oldest_first(db: &TestDb) {
    let at_second = |n, second| Agent { created_at: at(second), ..agent(n, 1) };
    with_agents(db, &[at_second(3, 1), at_second(1, 2), at_second(4, 1), at_second(2, 0)]).await;
    commit!(db, |tx| {
        tx.insert_account(&account(2)).await.unwrap();
        tx.insert_agent(&agent(9, 2)).await.unwrap();
    });
    let mut view = db.read().await;
    let slice = view.agents(id(1), page(3, 1)).await.unwrap();
    let ids: Vec<AgentId> = slice.items.iter().map(|agent| agent.id).collect();
    assert_eq!((ids, slice.total), (vec![id(3), id(4), id(1)], 4));
    assert_eq!(view.agents(id(1), page(2, 0)).await.unwrap().total, 4);
    assert_eq!(view.agents(id(8), ALL).await.unwrap().total, 0);
}

pub async fn the_first_connected_agent_is_the_oldest(db: &TestDb) {
    with_agents(db, &[]).await;
    assert_eq!(db.read().await.first_connected_agent(id(1)).await.unwrap(), None);
    let pending = Agent { status: AgentStatus::Pending, keys: None, ..agent(1, 1) };
    commit!(db, |tx| for agent in [pending, agent(3, 1), agent(2, 1)] {
        tx.insert_agent(&agent).await.unwrap();
    });
    assert_eq!(db.read().await.first_connected_agent(id(1)).await.unwrap(), Some(agent(2, 1)));
}

pub async fn available_agents_tell_their_pairing(db: &TestDb) {
    scene::set(db).await;
    commit!(db, |tx| {
        for (n, available, status) in [
            (23, false, AgentStatus::Connected),
            (24, true, AgentStatus::Pending),
            (25, true, AgentStatus::Connected),
            (26, true, AgentStatus::Connected),
        ] {
            let agent = Agent { available_for_connections: available, status, ..agent(n, 2) };
            tx.insert_agent(&agent).await.unwrap();
        }
        tx.delete_agent(id(26), at(9)).await.unwrap();
        let active = |pairing: Pairing| Pairing { status: PairingStatus::Active, ..pairing };
        let over = |pairing: Pairing| Pairing { status: PairingStatus::Rejected, ..pairing };
        for pairing in [
            // Of several pairings the most advanced counts, whichever comes first.
            active(pairing(1, 101, A11, B21)),
            pairing(2, 101, B21, A12),
            pairing(3, 101, A11, B22),
            over(pairing(4, 101, A12, B22)),
        ] {
            tx.insert_pairing(&pairing).await.unwrap();
        }
    });
    let mut view = db.read().await;
    let slice = view.available_agents(id(2), id(1), id(101), ALL).await.unwrap();
    let found: Vec<_> = slice.items.iter().map(|found| (found.agent.id, found.pairing_status)).collect();
    let expected =
        vec![(id(21), Some(PairingStatus::Active)), (id(22), Some(PairingStatus::Pending)), (id(25), None)];
    assert_eq!((found, slice.total), (expected, 3));
    let slice = view.available_agents(id(2), id(1), id(101), page(1, 1)).await.unwrap();
    assert_eq!((slice.items[0].agent.clone(), slice.items.len(), slice.total), (agent(22, 2), 1, 3));
}

pub async fn paired_agents_are_found_from_both_sides(db: &TestDb) {
    scene::set(db).await;
    let active = |pairing: Pairing| Pairing { status: PairingStatus::Active, ..pairing };
    let proposed_by_us = active(pairing(2, 101, A11, B21));
    let proposed_by_them = active(pairing(1, 101, B21, A12));
    let elsewhere = active(pairing(3, 102, C31, A11));
    commit!(db, |tx| {
        // Agent 31 sorts before the others.
        tx.insert_agent(&Agent { slug: slug("Agent"), ..agent(32, 3) }).await.unwrap();
        for pairing in [&proposed_by_us, &proposed_by_them, &elsewhere, &pairing(4, 101, A11, B22)] {
            tx.insert_pairing(pairing).await.unwrap();
        }
    });
    let other = active(pairing(5, 102, A12, super::fixtures::side(3, 32)));
    commit!(db, |tx| tx.insert_pairing(&other).await.unwrap());

    let mut view = db.read().await;
    let mut found = async |account: u64, slug: Option<&str>, limit| {
        let slug = slug.map(super::fixtures::slug);
        let found = view.paired_agents(id(account), slug.as_ref(), limit).await.unwrap();
        found.into_iter().map(|found| (found.agent.id, found.account.id, found.pairing)).collect::<Vec<_>>()
    };
    let all = vec![
        (id(32), id(3), other.clone()),
        (id(21), id(2), proposed_by_them.clone()),
        (id(21), id(2), proposed_by_us.clone()),
        (id(31), id(3), elsewhere.clone()),
    ];
    assert_eq!(found(1, None, 10).await, all, "by slug, then by pairing");
    assert_eq!(found(1, None, 2).await, all[..2]);
    assert_eq!(found(1, Some("agent-21"), 10).await, all[1..3]);
    assert_eq!(found(1, Some("agent-22"), 10).await, [], "pending");
    assert_eq!(
        found(2, None, 10).await,
        [(id(11), id(1), proposed_by_us), (id(12), id(1), proposed_by_them)],
    );

    commit!(db, |tx| {
        let revoked = Connection { status: ConnectionStatus::Revoked, ..connection(102, 3, 1) };
        tx.update_connection(&revoked).await.unwrap();
        tx.delete_agent(id(21), at(9)).await.unwrap();
    });
    assert_eq!(found(1, None, 10).await, [], "neither deleted agents nor revoked connections");
}

fn token(n: u64, agent: u64) -> ConnectionToken {
    ConnectionToken {
        digest: digest(n),
        agent_id: id(agent),
        account_id: id(1),
        claim_code: format!("CODE{n:02}"),
        expires_at: at(n as i64),
    }
}

pub async fn only_the_last_connection_token_works(db: &TestDb) {
    with_agents(db, &[agent(1, 1), agent(2, 1)]).await;
    commit!(db, |tx| for token in [token(1, 1), token(2, 1), token(3, 2)] {
        tx.replace_connection_token(&token).await.unwrap();
    });
    let mut tx = db.begin().await;
    assert_eq!(tx.connection_token(&digest(1)).await.unwrap(), None);
    assert_eq!(tx.connection_token(&digest(2)).await.unwrap(), Some(token(2, 1)));
    tx.burn_connection_tokens(id(1)).await.unwrap();
    assert_eq!(tx.connection_token(&digest(2)).await.unwrap(), None);
    let left = tx.connection_token(&digest(3)).await.unwrap();
    assert_eq!(left.as_ref().map(from_ref), Some(&[token(3, 2)][..]));
}
