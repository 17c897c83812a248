use agentdrop_domain::agent::AgentCard;
use agentdrop_domain::ids::PairingId;
use agentdrop_domain::pairing::{Pairing, PairingSide, PairingStatus, PairingView, Permission};
use agentdrop_domain::store::{Database, StoreError, UniqueRule};

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{ALL, agent, at, id, page, pairing};
use super::scene::{self, A11, A12, B21, B22, C31};

fn with_status(status: PairingStatus, pairing: Pairing) -> Pairing {
    Pairing { status, ..pairing }
}

pub async fn a_pairing_reads_back_as_it_was_written(db: &TestDb) {
    scene::set(db).await;
    let mut tx = db.begin().await;
    let sides = [(A11, B21), (B22, A11), (A12, B21)];
    for ((n, (permission, _)), (proposer, other)) in (1..).zip(Permission::ALL).zip(sides) {
        let written = Pairing {
            permission,
            version: u32::MAX,
            confirmed_at: Some(at(7)),
            revoked_at: Some(at(8)),
            ..pairing(n, 101, proposer, other)
        };
        tx.insert_pairing(&written).await.unwrap();
        assert_eq!(tx.pairing(id(n)).await.unwrap(), Some(written));
    }
    for (n, (status, _)) in (11..).zip(PairingStatus::ALL) {
        let written = Pairing { status, ..pairing(n, 102, C31, A12) };
        tx.insert_pairing(&written).await.unwrap();
        assert_eq!(tx.pairing(id(n)).await.unwrap(), Some(written.clone()));
        tx.update_pairing(&with_status(PairingStatus::Revoked, written)).await.unwrap();
    }
    assert_eq!(tx.pairing(id(99)).await.unwrap(), None);
}

pub async fn two_agents_have_one_living_pairing_in_either_order(db: &TestDb) {
    scene::set(db).await;
    // Once proposed by the agent with the smaller id, once by the other.
    for (n, proposer, other) in [(1, A11, B21), (11, B22, A12)] {
        commit!(db, |tx| tx.insert_pairing(&pairing(n, 101, proposer, other)).await.unwrap());
        for living in [PairingStatus::Pending, PairingStatus::Active] {
            let now = with_status(living, pairing(n, 101, proposer, other));
            commit!(db, |tx| tx.update_pairing(&now).await.unwrap());
            for twin in [pairing(n + 1, 101, proposer, other), pairing(n + 1, 101, other, proposer)] {
                for twin in [with_status(PairingStatus::Active, twin.clone()), twin] {
                    let refused = db.begin().await.insert_pairing(&twin).await.unwrap_err();
                    assert!(matches!(refused, StoreError::Conflict(UniqueRule::PairingPair)), "{refused:?}");
                }
            }
        }
        for over in [PairingStatus::Rejected, PairingStatus::Revoked] {
            let mut tx = db.begin().await;
            tx.update_pairing(&with_status(over, pairing(n, 101, proposer, other))).await.unwrap();
            tx.insert_pairing(&pairing(n + 1, 101, other, proposer)).await.unwrap();
            tx.rollback().await.unwrap();
        }
    }
}

pub async fn of_parallel_proposals_in_both_orders_one_is_made(db: &TestDb) {
    scene::set(db).await;
    let database = db.database.clone();
    let outcomes = in_parallel(50, move |n| {
        let database = database.clone();
        async move {
            let (proposer, other) = if n % 2 == 0 { (A11, B21) } else { (B21, A11) };
            let mut tx = database.begin().await.unwrap();
            tx.insert_pairing(&pairing(n, 101, proposer, other)).await?;
            tx.commit().await
        }
    });
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.await.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    let pair =
        |outcome: &Result<(), _>| matches!(outcome, Err(StoreError::Conflict(UniqueRule::PairingPair)));
    assert!(refused.iter().all(pair), "{refused:?}");
    assert!(db.read().await.living_pairing(id(21), id(11)).await.unwrap().is_some());
}

pub async fn an_update_writes_sides_and_state(db: &TestDb) {
    scene::set(db).await;
    let before = pairing(1, 101, A11, B21);
    commit!(db, |tx| tx.insert_pairing(&before).await.unwrap());
    let turned = Pairing {
        proposer: before.other,
        other: before.proposer,
        permission: Permission::ReceiveOnly,
        status: PairingStatus::Active,
        version: 2,
        confirmed_at: Some(at(50)),
        revoked_at: Some(at(60)),
        ..before
    };
    commit!(db, |tx| tx.update_pairing(&turned).await.unwrap());
    let mut view = db.read().await;
    assert_eq!(view.pairing(id(1)).await.unwrap(), Some(turned.clone()));
    assert_eq!(view.living_pairing(id(11), id(21)).await.unwrap(), Some(turned.clone()));
    assert_eq!(turned.proposer, PairingSide { account: id(2), agent: id(21) });
}

pub async fn pairings_are_listed_newest_first_with_cards(db: &TestDb) {
    scene::set(db).await;
    let same_age = |pairing: Pairing| Pairing { created_at: at(3), ..pairing };
    commit!(db, |tx| {
        for pairing in [
            same_age(pairing(2, 101, A11, B21)),
            same_age(pairing(1, 101, B22, A11)),
            with_status(PairingStatus::Rejected, pairing(9, 101, A12, B21)),
            pairing(4, 102, C31, A11),
        ] {
            tx.insert_pairing(&pairing).await.unwrap();
        }
        tx.delete_agent(id(12), at(70)).await.unwrap();
    });
    let mut view = db.read().await;
    let mut listed = async |page| {
        let slice = view.pairings(id(101), page).await.unwrap();
        (slice.items.iter().map(|view| view.pairing.id).collect::<Vec<PairingId>>(), slice.total)
    };
    assert_eq!(listed(ALL).await, (vec![id(9), id(1), id(2)], 3), "of every status");
    assert_eq!(listed(page(1, 1)).await, (vec![id(1)], 3));

    let slice = view.pairings(id(101), ALL).await.unwrap();
    let expected = PairingView {
        pairing: same_age(pairing(1, 101, B22, A11)),
        proposer_agent: AgentCard::from(&agent(22, 2)),
        other_agent: AgentCard::from(&agent(11, 1)),
    };
    assert_eq!(slice.items[1], expected);
    assert_eq!(slice.items[0].proposer_agent.id, id(12), "deleted agents included");
    assert_eq!(view.pairings(id(103), ALL).await.unwrap().total, 0);
}

pub async fn living_pairings_are_found(db: &TestDb) {
    scene::set(db).await;
    let pending = pairing(1, 101, A11, B21);
    let active = with_status(PairingStatus::Active, pairing(2, 101, B22, A11));
    let elsewhere = pairing(3, 102, C31, A11);
    commit!(db, |tx| for pairing in [
        &pending,
        &active,
        &elsewhere,
        &with_status(PairingStatus::Revoked, pairing(4, 101, A12, B21)),
        &with_status(PairingStatus::Rejected, pairing(5, 101, A12, B22)),
    ] {
        tx.insert_pairing(pairing).await.unwrap();
    });
    let mut view = db.read().await;
    assert_eq!(view.living_pairing(id(11), id(21)).await.unwrap(), Some(pending.clone()));
    assert_eq!(view.living_pairing(id(21), id(11)).await.unwrap(), Some(pending.clone()));
    assert_eq!(view.living_pairing(id(11), id(22)).await.unwrap(), Some(active.clone()));
    assert_eq!(view.living_pairing(id(12), id(21)).await.unwrap(), None);
    assert_eq!(view.living_pairings_of_connection(id(101)).await.unwrap(), [pending.clone(), active.clone()]);
    assert_eq!(view.living_pairings_of_agent(id(11)).await.unwrap(), [pending.clone(), active, elsewhere]);
    assert_eq!(view.living_pairings_of_agent(id(21)).await.unwrap(), [pending]);
    assert_eq!(view.living_pairings_of_agent(id(12)).await.unwrap(), []);
}

pub async fn pending_pairings_are_counted_for_whom_they_wait(db: &TestDb) {
    scene::set(db).await;
    commit!(db, |tx| for pairing in [
        pairing(1, 101, A11, B21),
        pairing(2, 101, A12, B21),
        pairing(3, 101, B22, A11),
        with_status(PairingStatus::Active, pairing(4, 101, A12, B22)),
        pairing(5, 102, C31, A11),
    ] {
        tx.insert_pairing(&pairing).await.unwrap();
    });
    let mut view = db.read().await;
    let counts = [1, 2, 3].map(id);
    let mut found = Vec::new();
    for account in counts {
        found.push(view.count_pending_pairings(account).await.unwrap());
    }
    assert_eq!(found, [2, 2, 0]);
}
