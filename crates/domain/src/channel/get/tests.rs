#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::ChannelStatus;
use super::super::testing::*;
use super::*;
use crate::mock::{Fixture, MockTx, id};

async fn get(caller: Caller, found: Option<ChannelView>) -> Result<ChannelView, GetError> {
    let mut tx = MockTx::new();
    tx.expect_channel().returning(move |_| Ok(found.clone()));
    Get { caller, id: id(90) }.answer(&Fixture::new().cx(), &mut tx).await
}

#[tokio::test]
async fn both_parties_read_it_by_account_or_agent_key_whatever_its_status() {
    for (status, _) in ChannelStatus::ALL {
        let found = view(&agent(11), &agent(22), status);
        for caller in [by(ME), by(THEM), by_agent(&agent(11)), by_agent(&agent(22))] {
            assert_eq!(get(caller, Some(found.clone())).await.unwrap(), found);
        }
    }
}

#[tokio::test]
async fn strangers_find_nothing() {
    let found = view(&agent(11), &agent(22), ChannelStatus::Active);
    for (caller, found) in [(by(STRANGER), Some(found)), (by(ME), None)] {
        let refused = get(caller, found).await;
        assert!(matches!(refused, Err(GetError::Denied(Denied::NotFound("Channel")))));
    }
}

#[tokio::test]
async fn an_agent_key_does_not_read_a_siblings_channel() {
    let found = view(&agent(11), &agent(22), ChannelStatus::Active);
    let refused = get(by_agent(&agent(12)), Some(found)).await;
    assert!(matches!(refused, Err(GetError::Denied(Denied::Forbidden(_)))));
}
