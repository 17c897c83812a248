use agentdrop_domain::account::AccountCard;
use agentdrop_domain::connection::{
    Block, BlockView, Connection, ConnectionFilter, ConnectionStatus, ConnectionView,
};
use agentdrop_domain::ids::ConnectionId;
use agentdrop_domain::pairing::{Pairing, PairingStatus};
use agentdrop_domain::store::{Database, StoreError, UniqueRule};

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{ALL, account, at, connection, email, id, invite, page, pairing};
use super::scene::{self, A11, A12, B21, B22};

async fn with_accounts(db: &TestDb, count: u64) {
    commit!(db, |tx| for n in 1..=count {
        tx.insert_account(&account(n)).await.unwrap();
    });
}

fn pending(connection: Connection) -> Connection {
    Connection { status: ConnectionStatus::Pending, accepted_at: None, ..connection }
}

fn card(n: u64) -> AccountCard {
    AccountCard::from(&account(n))
}

async fn refused(db: &TestDb, connection: &Connection) -> StoreError {
    db.begin().await.insert_connection(connection).await.unwrap_err()
}

pub async fn a_connection_reads_back_as_it_was_written(db: &TestDb) {
    with_accounts(db, 3).await;
    let open = Connection { message: Some("Hallo, Wörld".to_owned()), ..invite(1, 1, email(9)) };
    let active = connection(2, 2, 1);
    commit!(db, |tx| {
        tx.insert_connection(&open).await.unwrap();
        tx.insert_connection(&active).await.unwrap();
    });
    let mut tx = db.begin().await;
    assert_eq!(tx.connection(id(1)).await.unwrap(), Some(open.clone()));
    assert_eq!(tx.connection(id(2)).await.unwrap(), Some(active.clone()));
    assert_eq!(tx.connection(id(3)).await.unwrap(), None);
    assert_eq!(tx.waiting_invite(id(1), &email(9)).await.unwrap(), Some(open));
    assert_eq!(tx.waiting_invite(id(2), &email(9)).await.unwrap(), None);

    let revoked = Connection {
        status: ConnectionStatus::Revoked,
        accepted_at: Some(at(70)),
        revoked_at: Some(at(80)),
        ..active
    };
    tx.update_connection(&revoked).await.unwrap();
    assert_eq!(tx.connection(id(2)).await.unwrap(), Some(revoked));
    tx.delete_connection(id(1)).await.unwrap();
    assert_eq!(tx.connection(id(1)).await.unwrap(), None);
}

pub async fn two_accounts_have_one_living_connection_in_either_order(db: &TestDb) {
    with_accounts(db, 3).await;
    let first = pending(connection(1, 1, 2));
    commit!(db, |tx| tx.insert_connection(&first).await.unwrap());
    for twin in [connection(2, 1, 2), connection(2, 2, 1), pending(connection(2, 2, 1))] {
        let refused = refused(db, &twin).await;
        assert!(matches!(refused, StoreError::Conflict(UniqueRule::ConnectionPair)), "{refused:?}");
    }
    let mut tx = db.begin().await;
    assert_eq!(tx.living_connection(id(1), id(2)).await.unwrap(), Some(first.clone()));
    assert_eq!(tx.living_connection(id(2), id(1)).await.unwrap(), Some(first.clone()));
    assert_eq!(tx.living_connection(id(1), id(3)).await.unwrap(), None);

    let active = Connection { status: ConnectionStatus::Active, ..first.clone() };
    tx.update_connection(&active).await.unwrap();
    assert_eq!(tx.living_connection(id(1), id(2)).await.unwrap(), Some(active));
    tx.update_connection(&Connection { status: ConnectionStatus::Revoked, ..first }).await.unwrap();
    assert_eq!(tx.living_connection(id(1), id(2)).await.unwrap(), None);
    tx.insert_connection(&connection(3, 2, 1)).await.unwrap();
    assert_eq!(tx.living_connection(id(1), id(2)).await.unwrap(), Some(connection(3, 2, 1)));
}

pub async fn an_address_has_one_waiting_invite_from_an_account(db: &TestDb) {
    with_accounts(db, 2).await;
    commit!(db, |tx| {
        tx.insert_connection(&invite(1, 1, email(9))).await.unwrap();
        tx.insert_connection(&invite(2, 2, email(9))).await.unwrap();
        tx.insert_connection(&invite(3, 1, email(8))).await.unwrap();
    });
    let refused = refused(db, &invite(4, 1, email(9))).await;
    assert!(matches!(refused, StoreError::Conflict(UniqueRule::ConnectionInvite)), "{refused:?}");
    commit!(db, |tx| {
        tx.delete_connection(id(1)).await.unwrap();
        tx.insert_connection(&invite(4, 1, email(9))).await.unwrap();
    });
}

pub async fn parallel_invites_of_each_other_make_one_connection(db: &TestDb) {
    with_accounts(db, 2).await;
    let database = db.database.clone();
    let outcomes = in_parallel(50, move |n| {
        let database = database.clone();
        async move {
            let (inviter, invitee) = if n % 2 == 0 { (1, 2) } else { (2, 1) };
            let mut tx = database.begin().await.unwrap();
            tx.insert_connection(&pending(connection(n, inviter, invitee))).await?;
            tx.commit().await
        }
    });
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.await.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    let pair =
        |outcome: &Result<(), _>| matches!(outcome, Err(StoreError::Conflict(UniqueRule::ConnectionPair)));
    assert!(refused.iter().all(pair), "{refused:?}");
}

pub async fn waiting_invites_are_adopted(db: &TestDb) {
    with_accounts(db, 3).await;
    commit!(db, |tx| {
        tx.insert_connection(&invite(1, 1, email(4))).await.unwrap();
        tx.insert_connection(&invite(2, 2, email(4))).await.unwrap();
        tx.insert_connection(&invite(3, 3, email(5))).await.unwrap();
        tx.insert_account(&account(4)).await.unwrap();
        tx.adopt_invites(&email(4), id(4)).await.unwrap();
    });
    let mut tx = db.begin().await;
    let adopted = |n, inviter| Connection { invitee: Some(id(4)), ..invite(n, inviter, email(4)) };
    assert_eq!(tx.living_connection(id(4), id(1)).await.unwrap(), Some(adopted(1, 1)));
    assert_eq!(tx.living_connection(id(2), id(4)).await.unwrap(), Some(adopted(2, 2)));
    assert_eq!(tx.connection(id(3)).await.unwrap(), Some(invite(3, 3, email(5))));
    assert_eq!(tx.waiting_invite(id(1), &email(4)).await.unwrap(), None, "it waits for nobody now");
    let twin = tx.insert_connection(&connection(9, 4, 1)).await.unwrap_err();
    assert!(matches!(twin, StoreError::Conflict(UniqueRule::ConnectionPair)), "{twin:?}");
}

pub async fn a_connection_is_listed_for_both_parties(db: &TestDb) {
    with_accounts(db, 6).await;
    let from_us = pending(connection(1, 1, 2));
    let to_us = pending(connection(2, 3, 1));
    let open = invite(3, 1, email(9));
    let active = [connection(4, 1, 4), connection(5, 5, 1)];
    let over = Connection { status: ConnectionStatus::Revoked, ..connection(6, 1, 6) };
    commit!(db, |tx| for connection in
        [&from_us, &to_us, &open, &active[0], &active[1], &over, &connection(7, 2, 3)]
    {
        tx.insert_connection(connection).await.unwrap();
    });
    let mut view = db.read().await;
    let mut listed = async |status, incoming, page| {
        let filter = ConnectionFilter { status, incoming };
        let slice = view.connections(id(1), filter, page).await.unwrap();
        let rows = slice.items.iter().map(|view| (view.connection.id, view.other.clone()));
        (rows.collect::<Vec<(ConnectionId, _)>>(), slice.total)
    };
    use ConnectionStatus::{Active, Pending, Revoked};
    let row = |n: u64, other: u64| (id(n), Some(card(other)));
    assert_eq!(listed(Pending, None, ALL).await, (vec![(id(3), None), row(2, 3), row(1, 2)], 3));
    assert_eq!(listed(Pending, Some(true), ALL).await, (vec![row(2, 3)], 1));
    assert_eq!(listed(Pending, Some(false), ALL).await, (vec![(id(3), None), row(1, 2)], 2));
    assert_eq!(listed(Active, None, ALL).await, (vec![row(5, 5), row(4, 4)], 2));
    assert_eq!(listed(Active, None, page(1, 0)).await, (vec![row(5, 5)], 2));
    assert_eq!(listed(Active, None, page(1, 1)).await, (vec![row(4, 4)], 2));
    assert_eq!(listed(Revoked, None, ALL).await, (vec![], 0));
}

pub async fn a_listed_connection_counts_its_pairings(db: &TestDb) {
    scene::set(db).await;
    commit!(db, |tx| for (n, proposer, other, status) in [
        (1, A11, B21, PairingStatus::Active),
        (2, B22, A11, PairingStatus::Active),
        (3, A12, B21, PairingStatus::Pending),
        (4, A12, B22, PairingStatus::Revoked),
    ] {
        let pairing = Pairing { status, ..pairing(n, 101, proposer, other) };
        tx.insert_pairing(&pairing).await.unwrap();
    });
    let filter = ConnectionFilter { status: ConnectionStatus::Active, incoming: None };
    let listed = db.read().await.connections(id(1), filter, ALL).await.unwrap();
    let with_them = ConnectionView {
        connection: connection(101, 1, 2),
        other: Some(card(2)),
        active_pairings: 2,
        pending_pairings: 1,
    };
    let without = ConnectionView {
        connection: connection(102, 3, 1),
        other: Some(card(3)),
        active_pairings: 0,
        pending_pairings: 0,
    };
    assert_eq!(listed.items, [without, with_them]);
}

pub async fn pairings_are_counted_within_the_limit(db: &TestDb) {
    scene::set(db).await;
    let mut tx = db.begin().await;
    assert!(!tx.count_pairing_up(id(101), Some(0)).await.unwrap());
    for _ in 0..3 {
        assert!(tx.count_pairing_up(id(101), Some(3)).await.unwrap());
    }
    assert!(!tx.count_pairing_up(id(101), Some(3)).await.unwrap());
    assert!(tx.count_pairing_up(id(101), None).await.unwrap());
    assert!(!tx.count_pairing_up(id(199), None).await.unwrap(), "no such connection");
    tx.count_pairings_down(id(101), 2).await.unwrap();
    assert!(tx.count_pairing_up(id(101), Some(3)).await.unwrap());
    assert!(!tx.count_pairing_up(id(101), Some(3)).await.unwrap());
    tx.count_pairings_down(id(101), 99).await.unwrap();
    assert!(tx.count_pairing_up(id(101), Some(1)).await.unwrap(), "zero, not below");
    assert!(!tx.count_pairing_up(id(101), Some(1)).await.unwrap());
    tx.commit().await.unwrap();

    let database = db.database.clone();
    let counted = in_parallel(64, move |_| {
        let database = database.clone();
        async move {
            let mut tx = database.begin().await.unwrap();
            let counted = tx.count_pairing_up(id(102), Some(7)).await.unwrap();
            tx.commit().await.unwrap();
            counted
        }
    });
    assert_eq!(counted.await.into_iter().filter(|counted| *counted).count(), 7);
}

pub async fn a_block_counts_in_both_directions(db: &TestDb) {
    with_accounts(db, 4).await;
    let block = |n: u64, blocker: u64, blocked: u64| Block {
        id: id(n),
        blocker: id(blocker),
        blocked: id(blocked),
        created_at: at(n as i64),
    };
    commit!(db, |tx| for block in [block(1, 1, 2), block(2, 1, 3), block(3, 3, 1)] {
        tx.insert_block(&block).await.unwrap();
    });
    let mut tx = db.begin().await;
    assert!(tx.blocked_between(id(1), id(2)).await.unwrap());
    assert!(tx.blocked_between(id(2), id(1)).await.unwrap());
    assert!(!tx.blocked_between(id(2), id(3)).await.unwrap());
    assert_eq!(tx.block(id(3)).await.unwrap(), Some(block(3, 3, 1)));
    let view = |block, n| BlockView { block, account: card(n) };
    let listed = tx.blocks(id(1), ALL).await.unwrap();
    assert_eq!(listed.items, [view(block(2, 1, 3), 3), view(block(1, 1, 2), 2)]);
    let second = tx.blocks(id(1), page(1, 1)).await.unwrap();
    assert_eq!((second.items, second.total), (vec![view(block(1, 1, 2), 2)], 2));
    tx.delete_block(id(1)).await.unwrap();
    assert!(!tx.blocked_between(id(1), id(2)).await.unwrap());
    assert_eq!(tx.block(id(1)).await.unwrap(), None);
    let twin = tx.insert_block(&block(9, 1, 3)).await.unwrap_err();
    assert!(matches!(twin, StoreError::Conflict(UniqueRule::Block)), "{twin:?}");
}
