#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, MockTx, id};

const PAGE: Page = Page { limit: 7, offset: 2 };

#[tokio::test]
async fn the_callers_own_blocks_are_listed() {
    let mut tx = MockTx::new();
    tx.expect_blocks()
        .withf(|of, page| (*of, *page) == (id(INVITER), PAGE))
        .returning(|_, _| Ok(Slice { items: Vec::new(), total: 2 }));
    let ask = ListBlocked { caller: by(INVITER), page: PAGE };
    assert_eq!(ask.answer(&Fixture::new().cx(), &mut tx).await.unwrap().total, 2);
}

#[tokio::test]
async fn an_agent_key_can_not_list() {
    let ask = ListBlocked { caller: by_agent_of(INVITER), page: PAGE };
    let refused = ask.answer(&Fixture::new().cx(), &mut MockTx::new()).await;
    assert!(matches!(refused, Err(ListBlockedError::Denied(Denied::ScopeMismatch { .. }))));
}
