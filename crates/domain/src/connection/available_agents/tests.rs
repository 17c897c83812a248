#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, MockTx, id};

const PAGE: Page = Page { limit: 7, offset: 2 };

async fn ask(
    caller: Caller,
    found: Option<Connection>,
    mut tx: MockTx,
) -> Result<Slice<AvailableAgent>, ListAvailableAgentsError> {
    finds(&mut tx, found);
    let ask = ListAvailableAgents { caller, connection: id(500), page: PAGE };
    ask.answer(&Fixture::new().cx(), &mut tx).await
}

#[tokio::test]
async fn each_side_sees_the_others_agents() {
    for (caller, other) in [(INVITER, INVITEE), (INVITEE, INVITER)] {
        let mut tx = MockTx::new();
        tx.expect_available_agents()
            .withf(move |of, seen_by, connection, page| {
                (*of, *seen_by, *connection, *page) == (id(other), id(caller), id(500), PAGE)
            })
            .times(1)
            .returning(|_, _, _, _| Ok(Slice { items: Vec::new(), total: 9 }));
        let seen = ask(by(caller), Some(connection(ConnectionStatus::Active)), tx).await.unwrap();
        assert_eq!(seen.total, 9);
    }
}

#[tokio::test]
async fn an_agent_key_sees_none() {
    let refused = ask(by_agent_of(INVITER), None, MockTx::new()).await;
    assert!(matches!(refused, Err(ListAvailableAgentsError::Denied(Denied::ScopeMismatch { .. }))));
}

#[tokio::test]
async fn strangers_find_nothing() {
    for found in [None, Some(connection(ConnectionStatus::Active))] {
        let refused = ask(by(STRANGER), found, MockTx::new()).await;
        assert!(matches!(refused, Err(ListAvailableAgentsError::Denied(Denied::NotFound("Connection")))));
    }
}

#[tokio::test]
async fn nothing_is_seen_before_or_after_the_connection_is_active() {
    let pending = connection(ConnectionStatus::Pending);
    for found in [pending, connection(ConnectionStatus::Revoked), lonely_invite()] {
        let refused = ask(by(INVITER), Some(found), MockTx::new()).await;
        assert!(matches!(refused, Err(ListAvailableAgentsError::NotActive)));
    }
}
