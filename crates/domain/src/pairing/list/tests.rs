#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::testing::*;
use super::*;
use crate::account::Email;
use crate::connection::{Connection, ConnectionStatus};
use crate::mock::{Fixture, MockTx, id};

const PAGE: Page = Page { limit: 7, offset: 2 };

async fn list(
    caller: Caller,
    status: Option<ConnectionStatus>,
    mut tx: MockTx,
) -> Result<Slice<PairingView>, ListError> {
    let found = status.map(|status| Connection {
        id: id(500),
        inviter: id(OTHER),
        invitee: Some(id(PROPOSER)),
        invited_email: Email::try_from("account-1@example.com").unwrap(),
        message: None,
        status,
        created_at: Fixture::new().now,
        accepted_at: None,
        revoked_at: None,
    });
    tx.expect_connection().returning(move |_| Ok(found.clone()));
    List { caller, connection: id(500), page: PAGE }.answer(&Fixture::new().cx(), &mut tx).await
}

#[tokio::test]
async fn a_party_sees_the_pairings_of_a_connection_of_any_status() {
    for (status, _) in ConnectionStatus::ALL {
        let mut tx = MockTx::new();
        tx.expect_pairings()
            .withf(|connection, page| (*connection, *page) == (id(500), PAGE))
            .returning(|_, _| Ok(Slice { items: Vec::new(), total: 3 }));
        assert_eq!(list(by(OTHER), Some(status), tx).await.unwrap().total, 3);
    }
}

#[tokio::test]
async fn strangers_find_nothing() {
    for (caller, status) in [(STRANGER, Some(ConnectionStatus::Active)), (OTHER, None)] {
        let refused = list(by(caller), status, MockTx::new()).await;
        assert!(matches!(refused, Err(ListError::Denied(Denied::NotFound("Connection")))));
    }
}

#[tokio::test]
async fn an_agent_key_can_not_list() {
    let refused = list(by_agent_of(OTHER), None, MockTx::new()).await;
    assert!(matches!(refused, Err(ListError::Denied(Denied::ScopeMismatch { .. }))));
}
